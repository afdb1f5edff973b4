"""Shares of things that were counted, with 95 % intervals."""

import math
from statistics import NormalDist

from tools.engine.records import Estimate

Z = NormalDist().inv_cdf(0.975)
"""Standard deviations of a 95 % interval."""


def wilson(value: float, n: float) -> tuple[float, float]:
    """The ends of Wilson's interval of a share seen in `n` things (Wilson 1927); `n` need not be whole."""
    spread = Z**2 / n
    centre = (value + spread / 2) / (1 + spread)
    half = math.sqrt(spread * value * (1 - value) + spread**2 / 4) / (1 + spread)
    return centre - half, centre + half


def share(part: int, of: int) -> Estimate | None:
    """`part` of `of` as a share with its interval; None of nothing."""
    if of == 0:
        return None
    value = part / of
    low, high = wilson(value, of)
    return Estimate(value=value, low=max(0.0, min(low, value)), high=min(1.0, max(high, value)))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """The first share less the second, of things drawn apart (Newcombe 1998, Statistics in Medicine 17, method 10)."""
    value = first.value - second.value
    low = value - math.hypot(first.value - first.low, second.high - second.value)
    high = value + math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value=value, low=low, high=high)
