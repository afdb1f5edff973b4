"""How likely an oracle's answer is right, learnt from the few of its answers that a person has checked.

What an oracle states of itself, the probability of its tokens and the agreement of its repeats are on different scales,
and each is far off for some oracle. Here only their order counts: an answer's confidence becomes its place among all
confidences of that oracle, and a logistic regression with priors turns the place and the class said into a probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LEVEL = (1.5, 1.5)
"""Mean and deviation of the log-odds that an answer is right, before any is checked: 82 of 100, likely 50 to 95."""
_SLOPE = (1.0, 1.0)
"""Those of its growth for each standard deviation that an answer's place is higher: surer answers are right more."""
_CLASS = 1.5
"""Deviation of a class's own log-odds from the level of all. A smaller one hides an oracle that fails on one class."""
_STEPS = 50
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnswer:
    """An oracle's answer and whether a person agreed; `confidence` as the oracle gave it, None where it gave none."""

    label: str
    confidence: float | None
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Turns an oracle's class and raw confidence into the probability that the answer is right.

    `scale` holds the raw confidences that the oracle gives, in order: what a confidence is worth is its place there.
    `checks` is the number of answers it was learnt from.
    """

    classes: tuple[str, ...]
    scale: Floats
    level: float
    slope: float
    of_class: Floats
    checks: int

    def probability(self, label: str, confidence: float | None) -> float:
        """The chance that the answer is right; without a confidence, that of an ordinary answer of its class.

        A class outside `classes` counts as an ordinary one.
        """
        own = self.of_class[self.classes.index(label)] if label in self.classes else 0.0
        return float(_logistic(self.level + self.slope * _places([confidence], self.scale)[0] + own))


def fit_calibration(
    checked: Sequence[CheckedAnswer], classes: Sequence[str], confidences: Sequence[float | None]
) -> Calibration:
    """Learn from checked answers how far to believe the others.

    Logistic calibration (Platt 1999, Advances in Large Margin Classifiers) of the normal score of a confidence's rank,
    with an offset for each class; normal priors on all of it, so that a hundred checks are enough and none give a
    plausible guess. The checks may favor classes, since a class is part of the model, but within a class must be drawn
    alike from all confidences.

    Args:
        checked: the answers that were checked; none are allowed.
        classes: the C classes that answers may name.
        confidences: the raw confidences of all answers of the oracle that are known, checked or not.
    """
    names = tuple(classes)
    known = sorted({label for label in (one.label for one in checked) if label not in names})
    if known:
        raise ValueError(f"checked answers name what is no class: {known}")
    scale = np.sort([one for one in confidences if one is not None])
    design = np.zeros((len(checked), 2 + len(names)))
    design[:, 0] = 1.0
    design[:, 1] = _places([one.confidence for one in checked], scale)
    for row, one in enumerate(checked):
        design[row, 2 + names.index(one.label)] = 1.0
    mean = np.array([_LEVEL[0], _SLOPE[0], *np.zeros(len(names))])
    spread = np.array([_LEVEL[1], _SLOPE[1], *np.full(len(names), _CLASS)])
    found = _most_likely(design, np.array([one.right for one in checked], dtype=np.float64), mean, spread)
    return Calibration(
        classes=names,
        scale=scale,
        level=float(found[0]),
        # An oracle that is right less often where it is surer is not to be believed more, nor less: it is noise.
        slope=max(0.0, float(found[1])),
        of_class=found[2:],
        checks=len(checked),
    )


def confidence_error(confidence: ArrayLike, right: ArrayLike, *, bins: int = 10, even: bool = False) -> float:
    """Expected calibration error: the mean gap between confidence and share right over bins (Naeini et al. 2015, AAAI).

    Args:
        confidence: (n,) probabilities that the answers are right, n > 0.
        right: (n,) whether they are.
        bins: number of bins.
        even: bins that hold equally many answers, equal confidences together; else bins of equal width in [0, 1].

    Returns:
        0 for perfect calibration, 1 at worst. By chance alone it is above 0: about 0.02 for 2,000 answers in 10 bins.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    if even:
        place = np.searchsorted(np.sort(sure), sure, side="left") * bins // len(sure)
    else:
        place = np.minimum((sure * bins).astype(np.intp), bins - 1)
    gaps = np.bincount(place, weights=np.asarray(right, dtype=np.float64) - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))


def _places(confidences: Sequence[float | None], scale: Floats) -> Floats:
    """Normal scores of the ranks that confidences have in `scale`; 0, the middle, for one that is not known."""
    from scipy.special import ndtri  # noqa: PLC0415 - slow to load

    values = np.array([np.nan if one is None else one for one in confidences], dtype=np.float64)
    if scale.size == 0:
        return np.zeros(values.size)
    rank = (np.searchsorted(scale, values, "left") + np.searchsorted(scale, values, "right") + 1) / 2
    scores = ndtri(np.clip(rank, 0.5, scale.size + 0.5) / (scale.size + 1))
    return np.where(np.isnan(values), 0.0, scores)


def _most_likely(design: Floats, right: Floats, mean: Floats, spread: Floats) -> Floats:
    """The coefficients of greatest posterior probability, by Newton's method; the posterior is concave."""
    found = mean.copy()
    precision = 1 / spread**2
    for _ in range(_STEPS):
        chance = _logistic(design @ found)
        slope = design.T @ (right - chance) - (found - mean) * precision
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        found = found + step
        if float(np.abs(step).max()) < _CLOSE:
            break
    return found


def _logistic(log_odds: ArrayLike) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.asarray(log_odds, dtype=np.float64))))
