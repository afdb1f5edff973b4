"""A model as a Hugging Face folder: weights, tokenizer, configuration and the code of its architecture."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from tools.adapters.encoder import layers_of, load, number_format
from tools.adapters.learners.finetune import FinetunedClassifier, new_model
from tools.adapters.learners.folder import read_manifest, write_manifest
from tools.adapters.learners.head import WEIGHTS
from tools.adapters.learners.modeling_laud import LaudConfig, LaudForSequenceClassification


def write_folder(folder: Path, out: Path, *, precision: str) -> None:
    """Fill `out` with the model in `folder`; the softmax of its logits is the calibrated probability.

    Saving with the code of the architecture beside the weights is what `trust_remote_code=True` needs.
    """
    manifest = read_manifest(folder)
    if manifest["learner"] == "head":
        tokenizer, base = load(manifest["encoder"], precision)
        head = load_file(folder / WEIGHTS)
        layers = layers_of(base.config.num_hidden_layers)
        model = new_model(base, manifest["classes"], seed=0, layers=layers)
        with torch.no_grad():
            model.centre.copy_(head["centre"])
            model.classifier.weight.copy_(head["weights"] / manifest["temperature"])
            model.classifier.bias.copy_(head["bias"] / manifest["temperature"])
        torch.nn.Module.to(model, "cpu", number_format(precision))
    else:
        loaded = FinetunedClassifier.load(folder, precision=precision)
        model, tokenizer = loaded.model, loaded.tokenizer
    LaudConfig.register_for_auto_class()  # type: ignore[no-untyped-call]
    LaudForSequenceClassification.register_for_auto_class("AutoModelForSequenceClassification")  # type: ignore[no-untyped-call]
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    exported = {key: value for key, value in manifest.items() if key != "held_out"}
    write_manifest(out, exported | {"learner": "finetune"})
