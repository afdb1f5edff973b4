"""What every learner is given and gives back, and the folds that its probabilities are calibrated on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities

Features = NDArray[np.float16]
"""What a head learns from: unit vectors (n, layers * d) of several layers of the encoder."""
FOLDS = 5
FINETUNE_FROM = 60
"""Labels from which on a fine-tuned encoder beats a head on frozen vectors."""
RARE = 0.1
"""Share of a pool below which a positive class is rare. There a head that sees the whole pool holds its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Labeled texts: n texts with their (n, f) features and (n,) class codes; `positive` is the rare class's code.

    `unlabeled` are the (u, f) features of texts drawn at random from the rest of the pool; `centre` (layers, d) is
    what features are made around.
    """

    texts: tuple[str, ...]
    features: Features
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    unlabeled: Features
    centre: NDArray[np.float32]
    positive: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What came of a training: calibrated (n, C) probabilities of each text by a model that had not seen it."""

    learner: str
    held_out: Probabilities
    temperature: float
    seconds: float


def layer_features(means: NDArray[np.float32], centre: NDArray[np.float32]) -> Features:
    """Unit features (n, layers * d) of mean-pooled layers (n, layers, d).

    Each layer is centred on the pool and scaled to length one, so that none outweighs the others; what all texts of a
    pool share tells nothing (Mu & Viswanath 2018, arXiv:1702.01417).
    """
    centred = means - centre
    units = centred / np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), 1e-6)
    features: Features = (units / np.sqrt(means.shape[1])).reshape(len(means), -1).astype(np.float16)
    return features


def final_learner(*, labels: int, predicted: NDArray[np.int64], positive: int | None) -> str:
    """The learner that `auto` ends with, by the number of labels and the (n,) codes predicted for the pool."""
    rare = positive is not None and float((predicted == positive).mean()) < RARE
    return "finetune" if labels >= FINETUNE_FROM and not rare else "head"


def deal_folds(labels: NDArray[np.int64], *, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each text, from 0: every class is dealt out evenly, in random order.

    There are at most as many folds as texts. A class with a single text is unknown to the model that judges it.
    """
    dealt = np.empty(len(labels), dtype=np.int64)
    order = np.concatenate([rng.permutation(np.flatnonzero(labels == code)) for code in np.unique(labels)])
    dealt[order] = np.arange(len(labels)) % min(folds, len(labels))
    return dealt


def balanced(labels: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (n,) weights of texts, scaled so that every class weighs the same in all and the mean stays what it was."""
    sums = np.bincount(labels, weights=weights)
    present = np.count_nonzero(sums)
    return np.asarray(weights * weights.sum() / (present * sums[labels]), dtype=np.float64)
