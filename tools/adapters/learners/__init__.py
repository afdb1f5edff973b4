"""Learners behind the Learner port, and the classifiers they leave in a folder."""

from pathlib import Path

from safetensors import SafetensorError

from tools.adapters.learners.folder import read_manifest
from tools.engine.errors import UnknownName, UnreadableInput
from tools.engine.ports import Classifier, Learner

# ruff: noqa: PLC0415 - a learner's libraries are imported when that learner is used

LEARNERS = ("head", "kernel", "finetune")
"""Those that can be asked for. `validated` is what `auto` ends with: it fits one of these."""


def open_learner(name: str, *, encoder: str, precision: str) -> Learner:
    """The learner of that name; raises UnknownName naming those there are."""
    match name:
        case "head":
            from tools.adapters.learners.head import HeadLearner

            return HeadLearner()
        case "kernel":
            from tools.adapters.learners.kernel import KernelLearner

            return KernelLearner()
        case "finetune":
            from tools.adapters.learners.finetune import FinetuneLearner

            return FinetuneLearner(encoder=encoder, precision=precision)
        case "validated":
            from tools.adapters.learners.validated import ValidatedLearner

            return ValidatedLearner(encoder=encoder, precision=precision)
        case _:
            raise UnknownName(f"There is no learner {name!r}. There are: auto, {', '.join(LEARNERS)}.")


def open_classifier(folder: Path, *, precision: str) -> Classifier:
    """The model in `folder`; raises UnreadableInput when it is no model of LAUD's, or a damaged one."""
    manifest = read_manifest(folder)
    try:
        if manifest["learner"] == "head":
            from tools.adapters.learners.head import HeadClassifier

            return HeadClassifier.load(folder, manifest, precision=precision)
        if manifest["learner"] == "kernel":
            from tools.adapters.learners.kernel import KernelClassifier

            return KernelClassifier.load(folder, manifest, precision=precision)
        from tools.adapters.learners.finetune import FinetunedClassifier

        return FinetunedClassifier.load(folder, precision=precision)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise UnreadableInput(f"The model in {folder} is damaged: {str(error).splitlines()[0]}") from error
