"""The learner `finetune`: the whole encoder learns the task, from a few dozen labels on.

Cross-entropy together with a supervised contrastive loss in the same batch (Khosla et al. 2020, arXiv:2004.11362;
for few labels Gunel et al. 2021, arXiv:2011.01403), over batches in which every class weighs the same. The word
embeddings and the lower half of the layers stay as they are: they carry form and words, which few labels can only
spoil (Lee et al. 2019, arXiv:1911.03090), and half of the work is saved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging

from tools.adapters.encoder import batches, device, fast_bfloat16, load, number_format, pad, tokenise
from tools.adapters.learners.modeling_laud import LaudConfig, LaudForSequenceClassification
from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.features import Features
from tools.engine.learning import Fitted, TrainingSet, balanced, deal_folds
from tools.engine.ports import Probabilities

STEPS = 48
"""Steps for a hundred labels; others take them in proportion, within SPAN times."""
SPAN = (0.5, 4.0)
BATCH = 24
ENCODER_RATE = 1e-4
HEAD_RATE = 1e-2
WARM_UP = 0.1
DECAY = 0.01
CLIP = 1.0
DROPOUT = 0.1
CONTRAST = 1.0
"""Weight of the contrastive loss."""
CONTRAST_TEMPERATURE = 0.1
SCALE = 10.0
"""Factor from unit vectors to what the linear layer sees: lets it be sure with small weights."""
MAX_TOKENS = 128
FOLDS = 2
"""Folds for held-out probabilities: each costs a training."""
CHECKS = (0.75, 0.875, 1.0)
"""Parts of a training after which its held-out loss is looked at, for the early stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenised:
    """Texts as token ids, their codes, and how far each label is to be believed."""

    rows: list[list[int]]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    pad_id: int

    def part(self, kept: NDArray[np.bool_]) -> "Tokenised":
        """The texts of which (n,) `kept` is true."""
        places = np.flatnonzero(kept)
        return Tokenised(
            rows=[self.rows[i] for i in places],
            labels=self.labels[places],
            weights=self.weights[places],
            pad_id=self.pad_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """(n, C) logits of each text by a training that had not seen it, and the share of the steps that was best."""

    logits: NDArray[np.float32]
    share: float


class FinetuneLearner:
    """Learner port over a transformers encoder."""

    def __init__(self, *, encoder: str, precision: str) -> None:
        self._encoder = encoder
        self._precision = precision

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Train on folds for held-out probabilities, temperature and the number of steps, then on all examples."""
        started = perf_counter()
        fitted = self.finish(examples, self.validate(examples, seed=seed), folder, seed=seed)
        return replace(fitted, seconds=perf_counter() - started)

    def validate(self, examples: TrainingSet, *, seed: int) -> Validated:
        """What trainings on parts of the examples make of the rest; the folds are those that `seed` deals."""
        _, base, data = self._prepared(examples)
        folds = deal_folds(data.labels, folds=FOLDS, rng=np.random.default_rng(seed))
        logits = np.zeros((len(data.labels), len(examples.classes)), dtype=np.float32)
        stops = []
        for fold in np.unique(folds):
            judged = folds == fold
            model = new_model(base, examples.classes, seed=seed)
            stop, logits[judged] = train(model, data.part(~judged), held_out=data.part(judged), seed=seed)
            stops.append(stop)
        return Validated(logits=logits, share=float(np.mean(stops)))

    def finish(self, examples: TrainingSet, validated: Validated, folder: Path, *, seed: int) -> Fitted:
        """Train on all examples, as long and as sure as the folds say."""
        started = perf_counter()
        tokenizer, base, data = self._prepared(examples)
        temperature = fit_temperature(validated.logits, examples.labels)
        model = new_model(base, examples.classes, seed=seed)
        train(model, data, share=validated.share, seed=seed)
        with torch.no_grad():
            model.classifier.weight.mul_(SCALE / temperature)
            model.classifier.bias.div_(temperature)
        torch.nn.Module.to(model, "cpu", number_format(self._precision))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return Fitted(
            learner="finetune",
            held_out=apply_temperature(validated.logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )

    def _prepared(self, examples: TrainingSet) -> tuple[PreTrainedTokenizerBase, Any, Tokenised]:
        tokenizer, base = load(self._encoder, "float32")
        data = Tokenised(
            rows=tokenise(tokenizer, examples.texts, MAX_TOKENS),
            labels=examples.labels,
            weights=examples.believed,
            pad_id=int(tokenizer.pad_token_id or 0),
        )
        return tokenizer, base, data


def new_model(base: Any, classes: Sequence[str], *, seed: int) -> LaudForSequenceClassification:
    """A classifier over a copy of the encoder `base`, its head untrained."""
    torch.manual_seed(seed)
    names = dict(enumerate(classes))
    config = LaudConfig(
        encoder=base.config.to_dict(),
        id2label=names,
        label2id={name: code for code, name in names.items()},
    )
    model = LaudForSequenceClassification(config)
    model.encoder.load_state_dict(base.state_dict(), strict=False)
    torch.nn.Module.to(model, device())
    return model


def train(
    model: LaudForSequenceClassification,
    data: Tokenised,
    *,
    held_out: Tokenised | None = None,
    share: float = 1.0,
    seed: int,
) -> tuple[float, NDArray[np.float32]]:
    """Train in place; early stop: of the looks at the held-out loss the best one counts.

    Returns the share of the steps after which the loss was lowest, and the held-out logits (n, C) then.
    """
    steps = round(STEPS * min(SPAN[1], max(SPAN[0], len(data.labels) / 100)) * share)
    rng = np.random.default_rng(seed)
    # A label that is believed half is drawn half as often.
    chances = balanced(data.labels, data.weights) / data.weights.sum()
    optimizer, schedule = _optimizer(model, steps)
    best = (float("inf"), share, np.empty((0, 0), dtype=np.float32))
    checks = {round(steps * part) for part in CHECKS}
    model.train()
    for step in range(1, steps + 1):
        batch = rng.choice(len(data.labels), min(BATCH, len(data.labels)), p=chances)
        loss = _loss(model, data, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        if held_out is not None and step in checks:
            logits = predict_logits(model, held_out.rows, held_out.pad_id, scale=SCALE)
            wrong = _cross_entropy(logits, held_out.labels)
            if wrong < best[0]:
                best = (wrong, step / steps, logits)
            model.train()
    model.eval()  # type: ignore[no-untyped-call]
    return best[1], best[2]


def predict_logits(
    model: LaudForSequenceClassification, rows: Sequence[list[int]], pad_id: int, *, scale: float = 1.0
) -> NDArray[np.float32]:
    """Logits (n, C) of tokenised texts, in length-sorted batches."""
    logits = np.empty((len(rows), model.classifier.out_features), dtype=np.float32)
    model.eval()  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        for batch in batches([len(row) for row in rows]):
            ids, mask = pad([rows[i] for i in batch], pad_id, model.device)
            vectors = model.embed(ids, mask) * scale
            logits[batch] = model.classifier(vectors.to(model.classifier.weight.dtype)).float().cpu().numpy()
    return logits


def _cross_entropy(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)))


def _optimizer(
    model: LaudForSequenceClassification, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    kept = frozen([name for name, _ in model.encoder.named_parameters()])
    for name, weight in model.encoder.named_parameters():
        weight.requires_grad = name not in kept
    encoder = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder, "lr": ENCODER_RATE},
            {"params": model.classifier.parameters(), "lr": HEAD_RATE},
        ],
        weight_decay=DECAY,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.0, 1 - step / steps)
    )
    return optimizer, schedule


def frozen(names: Sequence[str]) -> set[str]:
    """Of an encoder's weights those that are not trained: the embeddings and the lower half of numbered layers.

    An encoder that shares one layer's weights among all has no lower half.
    """
    layers = {name: int(found[1]) for name in names if (found := re.search(r"\.(\d+)\.", f".{name}"))} | {
        name: -1 for name in names if name.startswith("embeddings")
    }
    half = (max(layers.values(), default=0) + 1) // 2
    return {name for name, layer in layers.items() if layer < half}


def _loss(model: LaudForSequenceClassification, data: Tokenised, batch: NDArray[np.int64]) -> torch.Tensor:
    ids, mask = pad([data.rows[i] for i in batch], data.pad_id, model.device)
    codes = torch.from_numpy(data.labels[batch]).to(model.device)
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=fast_bfloat16()):
        vectors = model.embed(ids, mask)
    vectors = vectors.float()
    logits = model.classifier(torch.nn.functional.dropout(vectors * SCALE, DROPOUT))
    return torch.nn.functional.cross_entropy(logits, codes) + CONTRAST * contrast(vectors, codes)


def contrast(vectors: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Supervised contrastive loss of unit vectors (n, d): texts of a class attract, others repel; 0 without pairs."""
    others = ~torch.eye(len(codes), dtype=torch.bool, device=codes.device)
    similar = (vectors @ vectors.T / CONTRAST_TEMPERATURE).masked_fill(~others, -torch.inf)
    shares = similar - torch.logsumexp(similar, 1, keepdim=True)
    alike = (codes[:, None] == codes[None]) & others
    counts = alike.sum(1)
    paired = counts > 0
    if not bool(paired.any()):
        return vectors.sum() * 0.0
    return -(shares.masked_fill(~alike, 0.0).sum(1)[paired] / counts[paired]).mean()


class FinetunedClassifier:
    """Classifier port over a fine-tuned model's folder."""

    def __init__(self, model: LaudForSequenceClassification, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path, *, precision: str) -> "FinetunedClassifier":
        """The model in `folder`."""
        logging.disable_progress_bar()
        model = LaudForSequenceClassification.from_pretrained(folder, dtype=number_format(precision))
        # The dtype asked for reaches only what is not built from the encoder's own configuration.
        torch.nn.Module.to(model, device(), number_format(precision))
        # Without the encoder's own configuration transformers would look for a tokenizer of this architecture.
        inner = AutoConfig.for_model(**model.config.encoder)
        return cls(model, AutoTokenizer.from_pretrained(folder, config=inner))

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        names = {int(code): str(name) for code, name in (self.model.config.id2label or {}).items()}
        return tuple(names[code] for code in range(len(names)))

    def probabilities(
        self,
        texts: Sequence[str],
        features: Features | None = None,  # noqa: ARG002 - it makes its own
    ) -> Probabilities:
        """Calibrated class probabilities."""
        rows = tokenise(self.tokenizer, texts, MAX_TOKENS)
        return apply_temperature(predict_logits(self.model, rows, int(self.tokenizer.pad_token_id or 0)), 1.0)
