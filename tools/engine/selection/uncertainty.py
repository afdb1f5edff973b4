"""Strategies that pick what the latest model is least sure of.

Each falls back on `typical` before the first model; its picks then carry that name.
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities
from tools.engine.records import Pick
from tools.engine.selection.batch import best
from tools.engine.selection.diversity import typical
from tools.engine.selection.view import PoolView, Scores, Strategy, chunks, draw_lots

Informed = Callable[[PoolView, Probabilities, int, np.random.Generator], list[Pick]]
"""A strategy that needs a model's probabilities, (n, C)."""
DEFAULT_THRESHOLD = 0.5


def after_first_model(informed: Informed) -> Strategy:
    """The strategy, with `typical` in its stead while there are no probabilities."""

    @wraps(informed)
    def strategy(view: PoolView, size: int, rng: np.random.Generator) -> list[Pick]:
        if view.probabilities is None:
            return typical(view, size, rng)
        return informed(view, view.probabilities, size, rng)

    return strategy


@after_first_model
def least_confidence(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """The texts whose likeliest class is least likely (Lewis & Gale, SIGIR 1994, arXiv cmp-lg/9407020).

    The score is one minus the highest probability.
    """
    scores = _by_row(probabilities, lambda p: 1.0 - p.max(axis=1))
    return best(view, draw_lots(view.ids, rng), scores, size, strategy="least-confidence")


@after_first_model
def margin(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """The texts between two classes: margin sampling, or breaking ties (Scheffer 2001, IDA; Luo 2005, JMLR 6).

    The score is `closeness`.
    """
    return best(view, draw_lots(view.ids, rng), closeness(view, probabilities), size, strategy="margin")


@after_first_model
def entropy(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """The texts whose classes are most evenly likely (Shannon 1948; Settles 2009, survey TR 1648).

    The score is the entropy as a share of the highest possible, in [0, 1].
    """
    scores = _by_row(probabilities, lambda p: -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)) / np.log(
        probabilities.shape[1]
    )
    return best(view, draw_lots(view.ids, rng), scores, size, strategy="entropy")


def closeness(view: PoolView, probabilities: Probabilities) -> Scores:
    """How close each text is to a decision boundary, (n,) in [0, 1]: 1 on it, 0 where the model is sure.

    One minus the lead of the likeliest class over the second. With a positive class it is the boundary of that class:
    the odds are scaled so that its threshold comes to 0.5, and the lead is that between positive and not.
    """
    if view.positive is None:
        return _by_row(probabilities, _tie)
    threshold = np.clip(DEFAULT_THRESHOLD if view.threshold is None else view.threshold, 1e-6, 1.0 - 1e-6)
    yes = probabilities[:, view.positive].astype(np.float64) * (1.0 - threshold)
    no = (1.0 - probabilities[:, view.positive].astype(np.float64)) * threshold
    closeness_: Scores = 1.0 - np.abs(yes - no) / (yes + no)
    return closeness_


def _tie(probabilities: NDArray[np.float64]) -> Scores:
    top = np.partition(probabilities, -2, axis=1)
    tie: Scores = 1.0 - (top[:, -1] - top[:, -2])
    return tie


def _by_row(probabilities: Probabilities, score: Callable[[NDArray[np.float64]], Scores]) -> Scores:
    scores = np.empty(len(probabilities))
    for part in chunks(len(probabilities)):
        scores[part] = score(probabilities[part].astype(np.float64))
    return scores
