"""The learner `head`: calibrated logistic regression on the frozen embeddings; a round takes about a second."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.learning import FOLDS, Fitted, TrainingSet, class_weights, deal_folds
from tools.engine.ports import Probabilities, Vectors

STRENGTH = 10.0
"""Inverse regularisation C on unit vectors."""
ABSENT = -30.0
"""Logit of a class that has no label: never predicted, never a division by zero."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits of unit vectors: `weights` (C, d) and `bias` (C,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, vectors: Vectors) -> NDArray[np.float32]:
        """(n, C) logits."""
        return np.asarray(vectors.astype(np.float32) @ self.weights.T + self.bias)


def fit_linear(vectors: Vectors, labels: NDArray[np.int64], classes: int, *, seed: int) -> Linear:
    """Logistic regression in which all classes that have a label weigh the same."""
    weights = np.zeros((classes, vectors.shape[1]), dtype=np.float32)
    bias = np.full(classes, ABSENT, dtype=np.float32)
    present = np.unique(labels)
    if len(present) == 1:
        bias[present[0]] = 0.0
        return Linear(weights, bias)
    model = LogisticRegression(C=STRENGTH, max_iter=1_000, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a thousand steps are enough for a ranking
        model.fit(vectors.astype(np.float32), labels, sample_weight=class_weights(labels, classes)[labels])
    if len(present) == 2:
        weights[present] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
        bias[present] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weights[present], bias[present] = model.coef_, model.intercept_
    return Linear(weights, bias)


class HeadLearner:
    """Learner port: fits in a second, needs no torch where the vectors are known."""

    def __init__(self, *, encoder: str) -> None:
        self._encoder = encoder

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Fit on all examples; temperature and held-out probabilities come from folds."""
        started = perf_counter()
        classes = len(examples.classes)
        folds = deal_folds(examples.labels, folds=FOLDS, rng=np.random.default_rng(seed))
        logits = np.empty((len(examples.labels), classes), dtype=np.float32)
        for fold in np.unique(folds):
            kept = folds != fold
            model = fit_linear(examples.vectors[kept], examples.labels[kept], classes, seed=seed)
            logits[~kept] = model.logits(examples.vectors[~kept])
        temperature = fit_temperature(logits, examples.labels)
        model = fit_linear(examples.vectors, examples.labels, classes, seed=seed)
        save_file({"weights": model.weights, "bias": model.bias}, folder / "head.safetensors")
        return Fitted(
            learner="head",
            held_out=apply_temperature(logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )


class HeadClassifier:
    """Classifier port: the encoder, where vectors are not given, and a linear layer."""

    def __init__(
        self, model: Linear, *, classes: tuple[str, ...], temperature: float, encoder: str, precision: str
    ) -> None:
        self._model = model
        self._classes = classes
        self._temperature = temperature
        self._encoder = encoder
        self._precision = precision

    @classmethod
    def load(cls, folder: Path, manifest: dict[str, Any], *, precision: str) -> "HeadClassifier":
        """The model in `folder`."""
        arrays = load_file(folder / "head.safetensors")
        return cls(
            Linear(arrays["weights"], arrays["bias"]),
            classes=tuple(manifest["classes"]),
            temperature=manifest["temperature"],
            encoder=manifest["encoder"],
            precision=precision,
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        return self._classes

    def probabilities(self, texts: Sequence[str], vectors: Vectors | None = None) -> Probabilities:
        """Calibrated class probabilities."""
        if vectors is None:
            from tools.adapters.encoder import encode  # noqa: PLC0415 - torch only where texts must be encoded

            vectors = encode(texts, self._encoder, self._precision)
        return apply_temperature(self._model.logits(vectors), self._temperature)
