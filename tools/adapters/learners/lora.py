"""The learner `lora`: low-rank adapters on the attention of any transformers model that can classify sequences.

The weights of the base model stay as they are; beside the query and value projections of each layer a product of two
thin matrices is learnt (LoRA; Hu et al. 2021, arXiv:2106.09685), and on top a layer that names the classes. So a model
of billions of weights learns a task on one GPU, and what is kept of it are some megabytes.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig, PeftModelForSequenceClassification, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from tools.adapters.encoder import batches, device, number_format, pad, tokenise
from tools.adapters.encoder_card import resolve
from tools.adapters.learners.tuning import CLIP, Tokenised, paced, steps_for
from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.errors import UnreadableInput
from tools.engine.features import Features
from tools.engine.learning import Fitted, TrainingSet, deal_folds
from tools.engine.ports import Probabilities

PROJECTIONS = r".*\.(q_proj|v_proj|query|value|query_proj|value_proj|q_lin|v_lin|qkv_proj|query_key_value|Wqkv|c_attn)"
"""Names that architectures give their query and value projections, or the one matrix that holds them."""
RANK = 16
ALPHA = 32
DROPOUT = 0.1
RATE = 5e-4
HEAD_RATE = 5e-3
DECAY = 0.01
STEPS = 120
"""Steps for a hundred labels; others take them in proportion, within SPAN times."""
SPAN = (0.25, 4.0)
BATCH = 16
MAX_TOKENS = 256
FOLDS = 2
"""Folds for held-out probabilities: each costs a training."""
WEIGHTS = "adapter_model.safetensors"


class LoraLearner:
    """Learner port over a base model by Hugging Face id or folder."""

    def __init__(self, *, base: str, precision: str) -> None:
        self._base = base
        self._precision = precision

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Train on folds for held-out probabilities and temperature, then on all examples; write the adapters."""
        started = perf_counter()
        network = Adapted.untrained(self._base, examples.classes, self._precision, seed=seed)
        data = Tokenised(
            rows=network.tokenise(examples.texts),
            labels=examples.labels,
            weights=examples.believed,
            pad_id=network.pad_id,
        )
        begun = {name: weight.detach().clone() for name, weight in network.trained()}
        logits = np.zeros((len(data.labels), len(examples.classes)), dtype=np.float32)
        folds = deal_folds(data.labels, folds=FOLDS, rng=np.random.default_rng(seed))
        for fold in np.unique(folds):
            judged = folds == fold
            network.restore(begun)
            train(network, data.part(~judged), seed=seed)
            logits[judged] = network.logits(data.part(judged).rows)
        temperature = fit_temperature(logits, examples.labels)
        network.restore(begun)
        train(network, data, seed=seed)
        network.scale(1 / temperature)
        network.save(folder)
        return Fitted(
            learner="lora",
            held_out=apply_temperature(logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )


class Adapted:
    """A base model with adapters, and its tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, config: LoraConfig) -> None:
        self.tokenizer = tokenizer
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self._classes = int(model.config.num_labels or 0)
        self._low = next(model.parameters()).dtype == torch.bfloat16
        with warnings.catch_warnings():
            # How peft asks is for its makers to change.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            self.peft: Any = PeftModelForSequenceClassification(model, config)
        for _, weight in self.trained():
            weight.data = weight.data.float()  # steps are too small for bfloat16
        torch.nn.Module.to(self.peft, device())

    @classmethod
    def untrained(cls, base: str, classes: Sequence[str], precision: str, *, seed: int) -> "Adapted":
        """Adapters that change nothing yet, and a layer of classes as `seed` draws it; raises UnreadableInput."""
        torch.manual_seed(seed)
        tokenizer, model, new = load_base(base, classes, precision)
        config = LoraConfig(
            task_type="SEQ_CLS",
            base_model_name_or_path=base,
            target_modules=PROJECTIONS,
            r=RANK,
            lora_alpha=ALPHA,
            lora_dropout=DROPOUT,
            modules_to_save=new,
        )
        try:
            return cls(tokenizer, model, config)
        except ValueError as error:
            raise UnreadableInput(
                f"The base model {base!r} has no attention that adapters are known for: {_reason(error)}. Name another "
                "in LAUD_LORA_MODEL, such as one of the Llama, Qwen, Mistral or BERT families."
            ) from error

    @classmethod
    def load(cls, folder: Path, classes: Sequence[str], *, precision: str) -> "Adapted":
        """The adapters in `folder` on their base model; raises UnreadableInput when that cannot be loaded."""
        weights = load_file(folder / WEIGHTS)
        config = LoraConfig.from_pretrained(str(folder))
        tokenizer, model, _ = load_base(config.base_model_name_or_path, classes, precision)
        adapted = cls(tokenizer, model, config)
        set_peft_model_state_dict(adapted.peft, weights)
        return adapted

    def save(self, folder: Path) -> None:
        """Write the adapters, what was trained on top, and the name of the base model."""
        state = get_peft_model_state_dict(self.peft, save_embedding_layers=False)
        save_file({name: weight.cpu().contiguous() for name, weight in state.items()}, folder / WEIGHTS)
        self.peft.peft_config["default"].save_pretrained(str(folder))

    def trained(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """The weights that learn, by name."""
        return ((name, weight) for name, weight in self.peft.named_parameters() if weight.requires_grad)

    def restore(self, weights: dict[str, torch.Tensor]) -> None:
        """Set the weights that learn to these values."""
        with torch.no_grad():
            for name, weight in self.trained():
                weight.copy_(weights[name])

    def scale(self, factor: float) -> None:
        """Multiply all logits by a factor."""
        with torch.no_grad():
            for weight in self._of_classes():
                weight.mul_(factor)

    def leave_out(self, absent: NDArray[np.int64]) -> None:
        """Give classes that no label is of the mean logit of the others, which is never the highest."""
        present = np.setdiff1d(np.arange(self._classes), absent)
        with torch.no_grad():
            for weight in self._of_classes():
                weight[absent] = weight[present].mean(0)

    def _of_classes(self) -> list[torch.nn.Parameter]:
        """The weights of the layer that gives the logits; the first dimension is that of the classes."""
        inner = self.peft.get_base_model()
        below = inner.base_model_prefix
        on_top = [module for name, module in inner.named_modules() if not name.startswith(f"{below}.")]
        last = [m for m in on_top if isinstance(m, torch.nn.Linear) and m.out_features == self._classes]
        return [weight for layer in last for weight in layer.parameters() if weight.requires_grad]

    def merged(self) -> PreTrainedModel:
        """The base model with the adapters worked into its weights; this object is of no use afterwards."""
        model: PreTrainedModel = self.peft.merge_and_unload()
        return model

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, one at least."""
        return [row or [self.pad_id] for row in tokenise(self.tokenizer, texts, MAX_TOKENS)]

    def forward(self, rows: Sequence[list[int]]) -> torch.Tensor:
        """Logits (n, C) in float32 of some tokenised texts at once."""
        ids, mask = pad(rows, self.pad_id, self.peft.device)
        with torch.autocast(self.peft.device.type, dtype=torch.bfloat16, enabled=self._low):
            logits: torch.Tensor = self.peft(input_ids=ids, attention_mask=mask).logits
        return logits.float()

    def logits(self, rows: Sequence[list[int]]) -> NDArray[np.float32]:
        """Logits (n, C) of tokenised texts, in length-sorted batches."""
        found = np.empty((len(rows), self._classes), dtype=np.float32)
        self.peft.eval()
        with torch.inference_mode():
            for batch in batches([len(row) for row in rows]):
                found[batch] = self.forward([rows[i] for i in batch]).cpu().numpy()
        return found


def load_base(
    base: str, classes: Sequence[str], precision: str
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel, list[str]]:
    """Tokenizer and model with a layer for these classes, and the modules beside it that the base has no weights for.

    Raises UnreadableInput when they cannot be loaded.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    names = dict(enumerate(classes))
    try:
        tokenizer = AutoTokenizer.from_pretrained(resolve(base))
        model, found = AutoModelForSequenceClassification.from_pretrained(
            resolve(base),
            id2label=names,
            label2id={name: code for code, name in names.items()},
            dtype=number_format(precision),
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (OSError, ValueError) as error:
        raise UnreadableInput(
            f"The base model {base!r} cannot be loaded: {_reason(error)}. Give a Hugging Face id or a folder in "
            "LAUD_LORA_MODEL, or leave it unset for the encoder."
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    model.config.pad_token_id = tokenizer.pad_token_id
    missing = {key.rpartition(".")[0] for key in found["missing_keys"]}
    # Those on top are trained in any case.
    return tokenizer, model, sorted(name for name in missing if not {"classifier", "score"} & set(name.split(".")))


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")


def train(network: Adapted, data: Tokenised, *, seed: int) -> None:
    """Train in place by cross-entropy, over batches in which every class weighs the same."""
    torch.manual_seed(seed)
    steps = steps_for(len(data.labels), of_hundred=STEPS, span=SPAN)
    rng, chances = np.random.default_rng(seed), data.chances
    adapters = [weight for name, weight in network.trained() if "lora_" in name]
    on_top = [weight for name, weight in network.trained() if "lora_" not in name]
    optimizer = torch.optim.AdamW(
        [{"params": adapters, "lr": RATE}, {"params": on_top, "lr": HEAD_RATE}], weight_decay=DECAY, fused=True
    )
    schedule = paced(optimizer, steps)
    network.peft.train()
    for _ in range(steps):
        batch = rng.choice(len(data.labels), min(BATCH, len(data.labels)), p=chances)
        logits = network.forward([data.rows[i] for i in batch])
        codes = torch.from_numpy(data.labels[batch]).to(logits.device)
        loss = torch.nn.functional.cross_entropy(logits, codes)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*adapters, *on_top], CLIP)
        optimizer.step()
        schedule.step()
    network.leave_out(np.setdiff1d(np.arange(logits.shape[1]), data.labels))
    network.peft.eval()


class LoraClassifier:
    """Classifier port over adapters and their base model."""

    def __init__(self, network: Adapted, classes: Sequence[str]) -> None:
        self._network = network
        self._classes = tuple(classes)

    @classmethod
    def load(cls, folder: Path, manifest: dict[str, Any], *, precision: str) -> "LoraClassifier":
        """The model in `folder`."""
        return cls(Adapted.load(folder, manifest["classes"], precision=precision), manifest["classes"])

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        return self._classes

    def probabilities(
        self,
        texts: Sequence[str],
        features: Features | None = None,  # noqa: ARG002 - it makes its own
    ) -> Probabilities:
        """Calibrated class probabilities."""
        return apply_temperature(self._network.logits(self._network.tokenise(texts)), 1.0)
