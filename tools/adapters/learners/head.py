"""The learner `head`: calibrated logistic regression on the layers of the frozen encoder; a round takes a second."""

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
from tools.engine.learning import FOLDS, Features, Fitted, TrainingSet, balanced, deal_folds, layer_features
from tools.engine.ports import Probabilities

STRENGTH = 10.0
"""Inverse regularisation C on unit vectors."""
WEAK_WEIGHT = 1.0
"""What all weak negatives together weigh, in times of the labels."""
COMMON = 0.3
"""Share of the pool from which on a positive class is too common for other texts to pass as negatives."""
WEIGHTS = "head.safetensors"
ABSENT = -30.0
"""Logit of a class that has no label: never predicted, never a division by zero."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits of features: `weights` (C, f) and `bias` (C,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: Features) -> NDArray[np.float32]:
        """(n, C) logits."""
        return np.asarray(features.astype(np.float32) @ self.weights.T + self.bias)


def fit_linear(
    features: Features, labels: NDArray[np.int64], weights: NDArray[np.float64], classes: int, *, seed: int
) -> Linear:
    """Logistic regression in which all classes that have a label weigh the same."""
    matrix = np.zeros((classes, features.shape[1]), dtype=np.float32)
    bias = np.full(classes, ABSENT, dtype=np.float32)
    present = np.unique(labels)
    if len(present) == 1:
        bias[present[0]] = 0.0
        return Linear(matrix, bias)
    model = LogisticRegression(C=STRENGTH, max_iter=1_000, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a thousand steps are enough for a ranking
        model.fit(features.astype(np.float32), labels, sample_weight=balanced(labels, weights))
    if len(present) == 2:
        matrix[present] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
        bias[present] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        matrix[present], bias[present] = model.coef_, model.intercept_
    return Linear(matrix, bias)


class HeadLearner:
    """Learner port: fits in a second, needs no torch where the vectors are known.

    For two classes with a rare positive one, texts drawn at random from the pool are taken for negatives with little
    weight each: nearly all of them are, and they show the model the whole pool, not only what was picked (learning
    from positive and unlabeled examples; Elkan & Noto 2008, KDD; Lee & Liu 2003, ICML).
    """

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Fit on all examples; temperature and held-out probabilities come from folds."""
        started = perf_counter()
        classes = len(examples.classes)
        folds = deal_folds(examples.labels, folds=FOLDS, rng=np.random.default_rng(seed))
        logits = np.empty((len(examples.labels), classes), dtype=np.float32)
        for fold in np.unique(folds):
            model = self._fit(examples, folds != fold, seed=seed)
            logits[folds == fold] = model.logits(examples.features[folds == fold])
        temperature = fit_temperature(logits, examples.labels)
        model = self._fit(examples, np.ones(len(folds), dtype=np.bool_), seed=seed)
        save_file({"weights": model.weights, "bias": model.bias, "centre": examples.centre}, folder / WEIGHTS)
        return Fitted(
            learner="head",
            held_out=apply_temperature(logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )

    @staticmethod
    def _fit(examples: TrainingSet, kept: NDArray[np.bool_], *, seed: int) -> Linear:
        features, labels = examples.features[kept], examples.labels[kept]
        classes, positive = len(examples.classes), examples.positive
        plain = fit_linear(features, labels, np.ones(len(labels)), classes, seed=seed)
        if positive is None or classes != 2 or len(examples.unlabeled) == 0:
            return plain
        if float((plain.logits(examples.unlabeled).argmax(axis=1) == positive).mean()) > COMMON:
            return plain
        weak = np.full(len(examples.unlabeled), 1 - positive, dtype=np.int64)
        each = np.full(len(weak), WEAK_WEIGHT * len(labels) / len(weak))
        return fit_linear(
            np.concatenate([features, examples.unlabeled]),
            np.concatenate([labels, weak]),
            np.concatenate([np.ones(len(labels)), each]),
            classes,
            seed=seed,
        )


class HeadClassifier:
    """Classifier port: the encoder, where features are not given, and a linear layer."""

    def __init__(self, model: Linear, centre: NDArray[np.float32], manifest: dict[str, Any], *, precision: str) -> None:
        self._model = model
        self._centre = centre
        self._manifest = manifest
        self._precision = precision

    @classmethod
    def load(cls, folder: Path, manifest: dict[str, Any], *, precision: str) -> "HeadClassifier":
        """The model in `folder`."""
        arrays = load_file(folder / WEIGHTS)
        return cls(Linear(arrays["weights"], arrays["bias"]), arrays["centre"], manifest, precision=precision)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        return tuple(self._manifest["classes"])

    def probabilities(self, texts: Sequence[str], features: Features | None = None) -> Probabilities:
        """Calibrated class probabilities."""
        if features is None:
            from tools.adapters.encoder import layer_means  # noqa: PLC0415 - torch only where texts must be encoded

            features = layer_features(layer_means(texts, self._manifest["encoder"], self._precision), self._centre)
        return apply_temperature(self._model.logits(features), self._manifest["temperature"])
