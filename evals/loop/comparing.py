"""Two methods compared on the same data with the same seeds.

Differences are taken seed by seed: seeds share their gold labels and their cold start, so most of what makes one seed
better than another falls out. The interval is a bootstrap of the mean difference. The p-value is that of the
sign-flip test: if neither method were better, each difference could as well have the other sign. It is exact, and it
cannot be smaller than 2 / 2^n with n seeds: five seeds alone prove nothing at the 5 % level, however clear they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from evals.loop.curves import Spread, spread

EXACT = 12
"""Differences up to which all signs are tried; beyond it, so many are drawn."""
DRAWN = 20_000
ALPHA = 0.05
FEWEST = 3
"""Seeds without which nothing leans anywhere."""

Verdict = Literal["better", "worse", "leans better", "leans worse", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean difference over pairs, above 0 where the first is better, and its two-sided sign-flip p-value."""

    mean: Spread
    p: float

    @property
    def verdict(self) -> Verdict:
        """Better or worse where p says so; `leans` where only the interval leaves out 0 (all seeds agree)."""
        if self.mean.seeds >= FEWEST and (self.mean.low > 0 or self.mean.high < 0):
            better = self.mean.value > 0
            if self.p <= ALPHA:
                return "better" if better else "worse"
            return "leans better" if better else "leans worse"
        return "open"


def difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """The difference of paired values, which come in the same order."""
    found = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    return Difference(mean=spread(found.tolist(), np.mean), p=sign_flip_p(found.tolist()))


def sign_flip_p(differences: Sequence[float]) -> float:
    """How often chance signs give a mean as far from 0 as the one seen; 1 at most."""
    found = np.asarray(differences, dtype=np.float64)
    if len(found) <= EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=len(found))))
    else:
        drawn = np.random.default_rng(0).choice((1.0, -1.0), size=(DRAWN, len(found)))
        signs = np.vstack([np.ones(len(found)), drawn])  # what was seen is one of the draws
    sums = np.abs(signs @ found)
    return float(np.mean(sums >= sums[0] - 1e-12))
