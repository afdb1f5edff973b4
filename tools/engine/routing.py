"""Which of a model's answers a person should give instead, to reach a wanted quality with the least of her time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Rows of the answers that a person gives instead, least sure first, and the share expected right after that."""

    rows: NDArray[np.intp]
    quality: float


def route(right: Floats, *, wanted: float, most: int | None = None, person: float = 1.0) -> Route:
    """The fewest answers to hand to a person so that the expected share of right labels reaches `wanted`.

    Each answer that is handed over adds `person` minus its probability of being right. All cost the person alike and
    the model has answered all of them, so handing over the least sure first is the cheapest way to any quality. What
    the person would do no better is never handed over.

    Args:
        right: (n,) probability that each answer is right, calibrated.
        wanted: share of labels that should be right.
        most: answers that may be handed over; None for any number.
        person: how often the person is right.
    """
    order = np.argsort(right, kind="stable")
    gains = np.maximum(person - right[order], 0.0)
    useful = int(np.count_nonzero(gains))
    if not len(right):
        return Route(rows=order, quality=1.0)
    reached = (float(right.sum()) + np.concatenate([[0.0], np.cumsum(gains)])) / len(right)
    # A rounding error must not hand over one more.
    enough = np.flatnonzero(reached >= wanted - 1e-9)
    count = min(int(enough[0]) if len(enough) else useful, useful, len(right) if most is None else max(0, most))
    return Route(rows=order[:count], quality=float(reached[count]))


def affordable_share(minutes: float, *, seconds: float, labels: int) -> float:
    """The share of `labels` that a person can give in `minutes` at `seconds` each, at most 1."""
    return 1.0 if labels < 1 else min(1.0, max(0.0, minutes) * 60 / (seconds * labels))


def spread(share: float, texts: int) -> int:
    """How many of so many texts that share is; rounded up, so that a small batch has one while any time is left."""
    return math.ceil(share * texts - 1e-9)
