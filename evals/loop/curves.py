"""Learning curves: what a run scores at a number of labels, over a range of them, and when it gets to a level.

Between checkpoints a curve is the straight line. Intervals are percentile bootstraps over seeds (Efron & Tibshirani
1993): they say how far another draw of seeds could lie, and with few seeds they are too narrow rather than too wide.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evals.loop.results import Run

RESAMPLES = 4_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Scores of one run at rising numbers of labels."""

    labels: tuple[int, ...]
    scores: tuple[float, ...]

    @classmethod
    def of(cls, run: Run) -> "Curve":
        """The main score of a run."""
        return cls(labels=tuple(line.labels for line in run), scores=tuple(line.scores.main for line in run))

    def at(self, labels: float) -> float | None:
        """The score there; None before the first checkpoint and after the last."""
        if not self.labels[0] <= labels <= self.labels[-1]:
            return None
        return float(np.interp(labels, self.labels, self.scores))

    def area(self, low: int, high: int) -> float | None:
        """The mean height from `low` to `high` labels, which is the area under the curve by its width."""
        ends = [self.at(low), self.at(high)]
        if None in ends or low >= high:
            return None
        inner = [n for n in self.labels if low < n < high]
        places = [low, *inner, high]
        return float(np.trapezoid([self.at(n) or 0.0 for n in places], places) / (high - low))

    def reaches(self, level: float) -> float:
        """The fewest labels at which the curve stands at `level`; infinite where it never does."""
        if self.scores[0] >= level:
            return float(self.labels[0])
        for (here, low), (there, high) in pairwise(zip(self.labels, self.scores, strict=True)):
            if high >= level:
                return here + (there - here) * (level - low) / (high - low)
        return math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure over seeds with its interval; both ends are the figure itself where there is one seed."""

    value: float
    low: float
    high: float
    seeds: int


def spread(values: Sequence[float], statistic: Callable[..., NDArray[np.float64]] = np.median) -> Spread:
    """The statistic of one value a seed, with its bootstrap interval; the same values give the same.

    Values may be infinite.
    """
    given = np.asarray(values, dtype=np.float64)
    drawn = given[np.random.default_rng(0).integers(len(given), size=(RESAMPLES, len(given)))]
    # A median of a finite and an infinite value is infinite; no interpolation between the two is tried.
    low, high = np.quantile(statistic(drawn, axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return Spread(value=float(statistic(given, axis=0)), low=float(low), high=float(high), seeds=len(given))


def common_range(curves: Sequence[Curve]) -> tuple[int, int] | None:
    """The labels between which all of the curves run; None where there are none."""
    low, high = max(curve.labels[0] for curve in curves), min(curve.labels[-1] for curve in curves)
    return (low, high) if low < high else None
