"""Learners behind the Learner port, and the classifiers they leave in a folder."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from tools.adapters.learners.folder import read_manifest
from tools.engine.errors import CannotDo, UnknownName, UnreadableInput
from tools.engine.ports import Classifier, Learner

if TYPE_CHECKING:
    from tools.adapters.learners.in_context import Ask

# ruff: noqa: PLC0415 - a learner's libraries are imported when that learner is used

LEARNERS = ("head", "kernel", "finetune", "lora", "in-context")
"""Those that can be asked for. `validated` is what `auto` ends with: it fits one of these.

`in-context` computes nothing itself: `LanguageModels` opens it, where the endpoint is.
"""


def check_learner(name: str) -> None:
    """Raise UnknownName where there is no learner of that name, CannotDo where its packages are not installed."""
    if name not in {"auto", *LEARNERS}:
        raise UnknownName(f"There is no learner {name!r}. There are: auto, {', '.join(LEARNERS)}.")
    if name == "lora" and find_spec("peft") is None:
        raise CannotDo(
            "The learner lora needs a package that is not installed: pip install 'laud[lora]', or take another learner."
        )


def open_learner(name: str, *, encoder: str, precision: str, base: str | None = None) -> Learner:
    """The learner of that name; `base` is the model that `lora` adapts, the encoder where none is named.

    Raises as `check_learner` does.
    """
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
        case "lora":
            check_learner(name)
            from tools.adapters.learners.lora import LoraLearner

            return LoraLearner(base=base or encoder, precision=precision)
        case _:
            check_learner(name)
            raise CannotDo(f"The learner {name} is asked where its endpoint is; here there is none.")


def open_classifier(folder: Path, *, precision: str, ask: "Ask | None" = None) -> Classifier:
    """The model in `folder`; `ask` has a language model answer, where it takes one.

    Raises UnreadableInput when it is no model of LAUD's, or a damaged one.
    """
    manifest = read_manifest(folder)
    try:
        if manifest["learner"] == "head":
            from tools.adapters.learners.head import HeadClassifier

            return HeadClassifier.load(folder, manifest, precision=precision)
        if manifest["learner"] == "kernel":
            from tools.adapters.learners.kernel import KernelClassifier

            return KernelClassifier.load(folder, manifest, precision=precision)
        if manifest["learner"] == "in-context":
            if ask is None:
                raise CannotDo(f"The model in {folder} is a language model with examples; here there is no endpoint.")
            from tools.adapters.learners.in_context import InContextClassifier

            return InContextClassifier.load(folder, manifest, ask, precision=precision)
        if manifest["learner"] == "lora":
            check_learner("lora")
            from tools.adapters.learners.lora import LoraClassifier

            return LoraClassifier.load(folder, manifest, precision=precision)
        from tools.adapters.learners.finetune import FinetunedClassifier

        return FinetunedClassifier.load(folder, precision=precision)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise UnreadableInput(f"The model in {folder} is damaged: {str(error).splitlines()[0]}") from error
