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

from tools.adapters.learners.featuriser import Featuriser, bring_along
from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.features import Features
from tools.engine.learning import FOLDS, Fitted, TrainingSet, balanced, deal_folds
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


def weak_negatives(examples: TrainingSet, *, seed: int) -> Features:
    """Texts that pass as negatives: those drawn at random from the pool where two classes have a rare positive one.

    Nearly all of them are negative, and they show a model the whole pool, not only what was picked (learning from
    positive and unlabeled examples; Elkan & Noto 2008, KDD; Lee & Liu 2003, ICML). None where the class is common.
    """
    unlabeled = examples.unlabeled
    if examples.positive is None or len(examples.classes) != 2 or len(unlabeled) == 0:
        return unlabeled[:0]
    plain = fit_linear(examples.features, examples.labels, examples.believed, 2, seed=seed)
    common = float((plain.logits(unlabeled).argmax(axis=1) == examples.positive).mean()) > COMMON
    return unlabeled[:0] if common else unlabeled


def fit_beside(examples: TrainingSet, weak: Features, kept: NDArray[np.bool_], *, seed: int) -> Linear:
    """Logistic regression on the `kept` examples, and on `weak` negatives with little weight each."""
    features, labels, weights = examples.features[kept], examples.labels[kept], examples.believed[kept]
    negative = 1 - (examples.positive or 0)
    return fit_linear(
        np.concatenate([features, weak]),
        np.concatenate([labels, np.full(len(weak), negative, dtype=np.int64)]),
        np.concatenate([weights, np.full(len(weak), WEAK_WEIGHT * weights.sum() / max(1, len(weak)))]),
        len(examples.classes),
        seed=seed,
    )


class HeadLearner:
    """Learner port: fits in a second, needs no torch where the features are known."""

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Fit on all examples; temperature and held-out probabilities come from folds."""
        started = perf_counter()
        folds = deal_folds(examples.labels, folds=FOLDS, rng=np.random.default_rng(seed))
        logits = np.empty((len(examples.labels), len(examples.classes)), dtype=np.float32)
        weak = weak_negatives(examples, seed=seed)
        for fold in np.unique(folds):
            model = fit_beside(examples, weak, folds != fold, seed=seed)
            logits[folds == fold] = model.logits(examples.features[folds == fold])
        temperature = fit_temperature(logits, examples.labels)
        model = fit_beside(examples, weak, np.ones(len(folds), dtype=np.bool_), seed=seed)
        save_file({"weights": model.weights, "bias": model.bias}, folder / WEIGHTS)
        bring_along(examples.space, folder)
        return Fitted(
            learner="head",
            held_out=apply_temperature(logits, temperature),
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
