"""A model as a Hugging Face folder: weights, tokenizer, configuration and the code of its architecture."""

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file

from tools.adapters.encoder import load, number_format
from tools.adapters.learners.finetune import new_model
from tools.adapters.learners.folder import read_manifest, write_manifest
from tools.adapters.learners.head import WEIGHTS

NOT_EXPORTED = ("pool.npy", "held_out.npy")


def write_folder(folder: Path, out: Path, *, precision: str) -> None:
    """Fill `out` with the model in `folder`; the softmax of its logits is the calibrated probability."""
    manifest = read_manifest(folder)
    if manifest["learner"] == "head":
        tokenizer, base = load(manifest["encoder"], precision)
        head = load_file(folder / WEIGHTS)
        model = new_model(base, manifest["classes"], seed=0)
        with torch.no_grad():
            model.classifier.weight.copy_(head["weights"] / manifest["temperature"])
            model.classifier.bias.copy_(head["bias"] / manifest["temperature"])
        torch.nn.Module.to(model, "cpu", number_format(precision))
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
    else:
        for file in folder.iterdir():
            if file.name not in NOT_EXPORTED:
                shutil.copyfile(file, out / file.name)
    shutil.copyfile(Path(__file__).with_name("modeling_laud.py"), out / "modeling_laud.py")
    exported = {key: value for key, value in manifest.items() if key != "held_out"}
    write_manifest(out, exported | {"learner": "finetune"})
