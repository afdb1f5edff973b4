"""What every learner is given and gives back, and the folds that its probabilities are calibrated on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.engine.features import Features
from tools.engine.ports import Probabilities

FOLDS = 3
FINETUNE_FROM = 60
"""Labels from which on a fine-tuned encoder may beat a head on frozen vectors."""
IN_CONTEXT = "in-context"
"""The learner that asks a language model about each text."""
HEAD_FIRST = ("auto", IN_CONTEXT)
"""What a run may be asked for that has a head in its rounds, and another learner at the end."""
RARE = 0.1
"""Share of a pool below which a positive class is rare. There a model that sees the whole pool beats fine-tuning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Zero-shot probabilities of the `labeled` texts (n, C) and the `unlabeled` ones (u, C) of a training set."""

    labeled: Probabilities
    unlabeled: Probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Labeled texts: n texts with their (n, f) features and (n,) class codes; `positive` is the rare class's code.

    `weights` (n,) say how far each label is to be believed, None where all are alike: 1 in full, towards 0 not at all.
    `unlabeled` are the (u, f) features of texts drawn at random from the rest of the pool, in its order, and
    `unlabeled_texts` these texts, none where only features are to be read. `prior` is what the zero-shot pass says of
    all these, None where there was none. `space` is the file of what features are made with, None where texts are never
    to be predicted without features. `pool` is the file of the (p, f) features of the whole pool and `others` (q,) its
    rows that have no label, None where there is no pool.
    """

    texts: tuple[str, ...]
    features: Features
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    unlabeled: Features
    unlabeled_texts: tuple[str, ...] = ()
    prior: Prior | None = None
    space: Path | None = None
    pool: Path | None = None
    others: NDArray[np.int64] | None = None
    positive: int | None = None
    weights: NDArray[np.float64] | None = None

    @property
    def believed(self) -> NDArray[np.float64]:
        """The (n,) weights of the labels, 1 for all where none were given."""
        return np.ones(len(self.labels)) if self.weights is None else self.weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What came of a training: calibrated (n, C) probabilities of each text by a model that had not seen it."""

    learner: str
    held_out: Probabilities
    temperature: float
    seconds: float
    compared: Mapping[str, float] = field(default_factory=dict)
    """The cross-validated loss of each learner that it was chosen among; empty where there was no choice."""

    def of_comparison(self, compared: Mapping[str, float], *, seconds: float) -> "Fitted":
        """The same, chosen among others in so many seconds all told."""
        return replace(self, compared=compared, seconds=seconds)


def final_learner(*, labels: int, predicted: NDArray[np.int64], positive: int | None) -> str:
    """The learner that `auto` ends with, by the number of labels and the (n,) codes predicted for the pool.

    `validated` is fine-tuning or the head, whichever does better on held-out labels.
    """
    if labels < FINETUNE_FROM:
        return "head"
    rare = positive is not None and float((predicted == positive).mean()) < RARE
    return "kernel" if rare else "validated"


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
