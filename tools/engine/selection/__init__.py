"""Query strategies: which texts to have labeled next.

All keep the same promises. They return exactly as many picks as asked for, the same for the same seed whatever the
order of the candidates (chance hangs on a text's id, not its place), each with a finite score, higher = wanted more. No
two picks are near-duplicates (cosine of 0.95 or more), nor is one of a labeled text, unless no other texts are left:
then the batch is filled up with those, and their scores lie below all others. No strategy holds more of the pool's
matrix in memory than a chunk or a fixed sample. A strategy that needs a model picks as `typical` before the first one,
and its picks say so.
"""

import numpy as np

from tools.engine.errors import PoolExhausted, UnknownName
from tools.engine.records import Pick
from tools.engine.selection.auto import automatic
from tools.engine.selection.balance import class_balanced
from tools.engine.selection.diversity import k_centre, random, typical
from tools.engine.selection.hybrid import density_margin, diverse_margin
from tools.engine.selection.rare import positive_cover, positive_hunt
from tools.engine.selection.uncertainty import entropy, least_confidence, margin
from tools.engine.selection.view import PoolView, Strategy

__all__ = ["NEED_POSITIVE", "STRATEGIES", "PoolView", "Strategy", "select"]

STRATEGIES: dict[str, Strategy] = {
    "auto": automatic,
    "random": random,
    "least-confidence": least_confidence,
    "margin": margin,
    "entropy": entropy,
    "typical": typical,
    "k-centre": k_centre,
    "density-margin": density_margin,
    "diverse-margin": diverse_margin,
    "class-balanced": class_balanced,
    "positive-hunt": positive_hunt,
    "positive-cover": positive_cover,
}
NEED_POSITIVE = frozenset({"positive-hunt", "positive-cover"})
"""Strategies for tasks with a positive class only."""


def select(name: str, view: PoolView, size: int, rng: np.random.Generator) -> list[Pick]:
    """`size` picks by the strategy of that name, the most wanted first.

    Raises:
        UnknownName: No strategy has that name; the message names those there are.
        PoolExhausted: Fewer than `size` candidates are left; the message has both numbers.
        InvalidTask: The strategy does not suit the task (one of NEED_POSITIVE without a positive class).
    """
    if name not in STRATEGIES:
        raise UnknownName(f"There is no strategy {name!r}. Choose one of: {', '.join(STRATEGIES)}.")
    if size > len(view.ids):
        raise PoolExhausted.of(available=len(view.ids), requested=size)
    return STRATEGIES[name](view, size, rng) if size else []
