"""A model of LAUD's as an ONNX file, which programs without Python or torch can run."""

import logging
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from tools.adapters.encoder import MAX_TOKENS
from tools.adapters.learners.folder import read_manifest, write_manifest
from tools.adapters.learners.hugging_face import assemble
from tools.engine.errors import CannotDo

OPSET = 18
MODEL = "model.onnx"
TOLERANCE = 1e-3
"""Probabilities that differ by more are not those of the same model."""


class _Probabilities(torch.nn.Module):
    """Token ids and mask to class probabilities."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        probabilities: torch.Tensor = self.model(input_ids, attention_mask).logits.softmax(-1)
        return probabilities


def write_onnx(folder: Path, out: Path, texts: Sequence[str]) -> float:
    """Fill `out` with the model in `folder` as ONNX, in float32, and its tokenizer.

    The network goes from `input_ids` and `attention_mask` (n, t) to calibrated `probabilities` (n, C). It is run on
    `texts` beside the original: returns the largest difference of a probability, and raises CannotDo where that is
    above the tolerance, or where the packages for ONNX are missing.
    """
    if find_spec("onnxscript") is None or find_spec("onnxruntime") is None:
        raise CannotDo("Writing ONNX needs packages that are not installed: pip install 'laud[onnx]'.")
    import onnxruntime  # noqa: PLC0415 - an extra

    manifest = read_manifest(folder)
    if manifest["learner"] == "lora":
        raise CannotDo(
            "A model of the learner lora is not written as ONNX: such a file holds 2 GB, and most base models are "
            "bigger. The format hf holds it whole; Hugging Face's optimum makes ONNX of that."
        )
    model, tokenizer = assemble(folder, manifest, precision="float32")
    asked = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
    network = _Probabilities(torch.nn.Module.to(model, "cpu")).train(mode=False)
    inputs = (asked["input_ids"], asked["attention_mask"])
    free = {0: torch.export.Dim("texts", min=1), 1: torch.export.Dim("tokens", min=2, max=MAX_TOKENS)}
    # What the exporter says is for its makers: packages it could use, names it does not need.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = network(*inputs).numpy()
        torch.onnx.export(
            network,
            inputs,
            str(out / MODEL),
            input_names=["input_ids", "attention_mask"],
            output_names=["probabilities"],
            dynamic_shapes={"input_ids": free, "attention_mask": free},
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
    session = onnxruntime.InferenceSession(out / MODEL, providers=["CPUExecutionProvider"])
    told = session.run(None, {"input_ids": inputs[0].numpy(), "attention_mask": inputs[1].numpy()})[0]
    difference = float(np.abs(told - own).max())
    if difference > TOLERANCE:
        raise CannotDo(
            f"The ONNX file gives probabilities that differ by up to {difference:.4f} from the model's on {len(texts)} "
            "texts; it was not kept. The format hf holds the model as it is."
        )
    tokenizer.save_pretrained(out)
    write_manifest(out, {key: value for key, value in manifest.items() if key != "held_out"})
    return difference
