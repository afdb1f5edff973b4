"""The learner `head`: calibrated logistic regression on the layers of the frozen encoder; a round takes a second."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tools.adapters.learners.featuriser import Featuriser, bring_along
from tools.adapters.learners.linear import Linear
from tools.adapters.learners.pseudo_labels import fit_with_pool, validate
from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.features import Features
from tools.engine.learning import FOLDS, Fitted, TrainingSet
from tools.engine.ports import Probabilities

WEIGHTS = "head.safetensors"


class HeadLearner:
    """Learner port: fits in a second, needs no torch where the features are known."""

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Fit on all examples; how the pool is used, temperature and held-out probabilities come from folds."""
        started = perf_counter()
        found = validate(examples, folds=FOLDS, seed=seed)
        temperature = fit_temperature(found.logits, examples.labels)
        everything = np.ones(len(examples.labels), dtype=np.bool_)
        model = fit_with_pool(examples, found.weak, found.opinions, everything, seed=seed)
        save_file({"weights": model.weights, "bias": model.bias}, folder / WEIGHTS)
        bring_along(examples.space, folder)
        return Fitted(
            learner="head",
            held_out=apply_temperature(found.logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )


class HeadClassifier:
    """Classifier port: the encoder, where features are not given, and a linear layer."""

    def __init__(self, model: Linear, featuriser: Featuriser, manifest: dict[str, Any]) -> None:
        self._model = model
        self._featuriser = featuriser
        self._manifest = manifest

    @classmethod
    def load(cls, folder: Path, manifest: dict[str, Any], *, precision: str) -> "HeadClassifier":
        """The model in `folder`."""
        arrays = load_file(folder / WEIGHTS)
        return cls(
            Linear(arrays["weights"], arrays["bias"]), Featuriser(folder, manifest["encoder"], precision), manifest
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        return tuple(self._manifest["classes"])

    def probabilities(self, texts: Sequence[str], features: Features | None = None) -> Probabilities:
        """Calibrated class probabilities."""
        rows = self._featuriser.features(texts) if features is None else features
        return apply_temperature(self._model.logits(rows), self._manifest["temperature"])
