"""A model of LAUD's as a folder that transformers loads alone: weights, tokenizer, configuration, architecture."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from transformers import PreTrainedTokenizerBase

from tools.adapters.encoder import edges, layers_of, load, number_format
from tools.adapters.feature_space import load_space
from tools.adapters.learners import check_learner, head, kernel
from tools.adapters.learners.featuriser import SPACE
from tools.adapters.learners.finetune import FinetunedClassifier
from tools.adapters.learners.folder import read_manifest, write_manifest
from tools.adapters.learners.modeling_laud import PAIR_CODES, LaudConfig, LaudForSequenceClassification
from tools.engine.features import FIRST_PAIR, FeatureSpace

FROZEN = ("head", "kernel")
"""Learners that stand on a frozen encoder."""


def write_folder(folder: Path, out: Path, *, precision: str) -> None:
    """Fill `out` with the model in `folder`; the softmax of its logits is the calibrated probability.

    Saving with the code of the architecture beside the weights is what `trust_remote_code=True` needs.
    """
    manifest = read_manifest(folder)
    exported = {key: value for key, value in manifest.items() if key != "held_out"}
    if manifest["learner"] == "lora":
        _write_merged(folder, manifest, out, precision=precision)
        write_manifest(out, exported)
        return
    model, tokenizer = assemble(folder, manifest, precision=precision)
    LaudConfig.register_for_auto_class()  # type: ignore[no-untyped-call]
    LaudForSequenceClassification.register_for_auto_class("AutoModelForSequenceClassification")  # type: ignore[no-untyped-call]
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    write_manifest(out, exported | {"learner": "finetune"})


def _write_merged(folder: Path, manifest: dict[str, Any], out: Path, *, precision: str) -> None:
    """Adapters worked into their base model: an architecture of transformers' own, which needs no code beside it."""
    check_learner("lora")
    from tools.adapters.learners.lora import Adapted  # noqa: PLC0415 - its package is an extra

    adapted = Adapted.load(folder, manifest["classes"], precision="float32")
    model = adapted.merged()
    torch.nn.Module.to(model, number_format(precision))
    model.save_pretrained(out)
    adapted.tokenizer.save_pretrained(out)


def assemble(
    folder: Path, manifest: dict[str, Any], *, precision: str
) -> tuple[LaudForSequenceClassification, PreTrainedTokenizerBase]:
    """The model in `folder` as one network, from token ids to logits, and its tokenizer."""
    if manifest["learner"] in FROZEN:
        return _on_frozen_encoder(folder, manifest, precision=precision)
    loaded = FinetunedClassifier.load(folder, precision=precision)
    return loaded.model, loaded.tokenizer


def _on_frozen_encoder(
    folder: Path, manifest: dict[str, Any], *, precision: str
) -> tuple[LaudForSequenceClassification, PreTrainedTokenizerBase]:
    tokenizer, base = load(manifest["encoder"], precision)
    space = load_space(folder / SPACE)
    names = dict(enumerate(manifest["classes"]))
    judged = load_file(folder / (kernel.WEIGHTS if manifest["learner"] == "kernel" else head.WEIGHTS))
    config = LaudConfig(
        encoder=base.config.to_dict(),
        layers=layers_of(base.config.num_hidden_layers),
        words=list(space.table.shape),
        edges=sorted(edges(tokenizer)),
        points=len(judged.get("points", ())),
        width=kernel.WIDTH,
        positive=0 if manifest.get("positive") is None else manifest["classes"].index(manifest["positive"]),
        id2label=names,
        label2id={name: code for code, name in names.items()},
    )
    model = LaudForSequenceClassification(config)
    model.encoder.load_state_dict(base.state_dict(), strict=False)
    torch.nn.Module.to(model.encoder, number_format(precision))
    values = {"centre": space.centre, "words.table": space.table, **_rows(space, int(base.config.vocab_size))}
    temperature = float(manifest["temperature"])
    if manifest["learner"] == "kernel":
        values |= {f"kernel.{name}": judged[name] for name in ("points", "weights", "edge")}
        values["kernel.scale"] = np.array([kernel.SHARPNESS / temperature], dtype=np.float32)
    else:
        values |= {
            "classifier.weight": judged["weights"] / temperature,
            "classifier.bias": judged["bias"] / temperature,
        }
    own = model.state_dict()
    for name, value in values.items():
        if name in own:
            own[name].copy_(torch.from_numpy(value))
    return model, tokenizer


def _rows(space: FeatureSpace, vocabulary: int) -> dict[str, NDArray[np.int64]]:
    """The row of the table of words that each word piece has, and each code of a pair; -1 for none."""
    rows = np.full(FIRST_PAIR + PAIR_CODES, -1, dtype=np.int64)
    rows[space.codes] = np.arange(len(space.codes))
    return {"words.pieces": rows[:vocabulary], "words.pairs": rows[FIRST_PAIR:]}
