"""What every learner is given and gives back, and the folds that its probabilities are calibrated on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities, Vectors

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Labeled texts: n texts with their (n, d) vectors and (n,) class codes; `positive` is the rare class's code."""

    texts: tuple[str, ...]
    vectors: Vectors
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    positive: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What came of a training: calibrated (n, C) probabilities of each text by a model that had not seen it."""

    learner: str
    held_out: Probabilities
    temperature: float
    seconds: float


def deal_folds(labels: NDArray[np.int64], *, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each text, from 0: every class is dealt out evenly, in random order.

    There are at most as many folds as texts. A class with a single text is unknown to the model that judges it.
    """
    dealt = np.empty(len(labels), dtype=np.int64)
    order = np.concatenate([rng.permutation(np.flatnonzero(labels == code)) for code in np.unique(labels)])
    dealt[order] = np.arange(len(labels)) % min(folds, len(labels))
    return dealt


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """The weight of each class for which all classes that have labels weigh the same, 1 on average over the texts."""
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    weights = np.zeros(classes)
    weights[present] = len(labels) / (present.sum() * counts[present])
    return weights
