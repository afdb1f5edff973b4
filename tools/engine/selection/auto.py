"""The strategy that chooses a strategy."""

import numpy as np

from tools.engine.records import Pick
from tools.engine.selection.diversity import typical
from tools.engine.selection.hybrid import diverse_margin
from tools.engine.selection.rare import positive_cover, positive_hunt
from tools.engine.selection.view import PoolView, Strategy

ENOUGH_POSITIVES = 8
"""Labeled positives from which on the boundary teaches more than further likely positives do."""
ENOUGH_PER_CLASS = 10
"""Mean labels a class from which on a model's doubts are worth more than coverage."""


def automatic(view: PoolView, size: int, rng: np.random.Generator) -> list[Pick]:
    """Picks by the strategy that fits how much is known; they carry its name.

    Coverage comes before doubt (Hacohen et al., ICML 2022, arXiv 2202.02794: with few labels typical texts win, with
    many uncertain ones), and with a rare positive class positives come before all, then what else may belong to it.
    """
    return suited(view)(view, size, rng)


def suited(view: PoolView) -> Strategy:
    """The strategy that `auto` uses for this view."""
    if view.probabilities is None:
        return typical
    if view.positive is not None:
        return positive_hunt if view.class_counts[view.positive] < ENOUGH_POSITIVES else positive_cover
    return typical if len(view.labeled) < ENOUGH_PER_CLASS * len(view.classes) else diverse_margin
