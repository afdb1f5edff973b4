"""Probabilities that mean what they say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.engine.records import Estimate
from tools.engine.scoring import proportion

Floats = NDArray[np.floating]

_MOST = 10.0
"""Temperatures lie between 1/10 and 10."""
_TRUST = 0.5
"""Standard deviation of log T around 0 that is assumed before any label is seen: T is likely in [0.4, 2.7]."""
_FLOOR = -50.0
"""Log-probability, against the row's best class, below which a class counts as impossible: exp(-50) is 2e-22."""


def fit_temperature(logits: Floats, labels: ArrayLike, weights: Floats | None = None) -> float:
    """The temperature T for which softmax(logits / T) fits held-out labels best (Guo et al. 2017, arXiv:1706.04599).

    A normal prior on log T around 0 holds T near 1 while labels are few, and bounds it where every label is right;
    T is never one that fits worse than T = 1.

    Args:
        logits: (n, C) logits or log-probabilities of texts that the model was not trained on.
        labels: (n,) codes of the true classes.
        weights: (n,) how many labels each one counts for; 1 where None.

    Returns:
        T in [0.1, 10], above 1 for a model that is too sure of itself; 1 where there are no labels.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - slow to load, and only a training needs it

    truth = np.asarray(labels, dtype=np.intp)
    if truth.size == 0:
        return 1.0
    mass = np.ones(truth.size) if weights is None else np.asarray(weights, dtype=np.float64)
    centred = _centred(logits)
    of_truth = np.take_along_axis(centred, truth[:, None], axis=1)[:, 0]

    def loss(log_t: float) -> float:
        scale = np.exp(-log_t)
        misfit = np.log(np.exp(centred * scale).sum(axis=1)) - of_truth * scale
        return float(mass @ misfit) + (log_t / _TRUST) ** 2 / 2

    found = minimize_scalar(loss, bounds=(-np.log(_MOST), np.log(_MOST)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def apply_temperature(logits: Floats, temperature: float) -> NDArray[np.float32]:
    """Class probabilities softmax(logits / temperature): (n, C), each row sums to one."""
    odds = np.exp(_centred(logits) / temperature)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


def quadratic_loss(logits: Floats, labels: NDArray[np.int64]) -> float:
    """Mean squared distance of the calibrated probabilities from the truth (Brier 1950): 0 at best, 2 at worst.

    Args:
        logits: (n, C) logits of texts that the model was not trained on, n > 0.
        labels: (n,) codes of the true classes.
    """
    probabilities = apply_temperature(logits, fit_temperature(logits, labels))
    truth = np.eye(logits.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def expected_calibration_error(
    probabilities: Floats, labels: ArrayLike, *, weights: Floats | None = None, bins: int = 10
) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence (Naeini et al. 2015, AAAI).

    Args:
        probabilities: (n, C) class probabilities, n > 0.
        labels: (n,) codes of the true classes.
        weights: (n,) what each text counts for; all alike where None.
        bins: number of bins between 0 and 1.

    Returns:
        0 for perfect calibration, 1 at worst. With few labels it is above 0 by chance alone.
    """
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    return calibration_gap(probabilities.max(axis=1), right, weights=weights, bins=bins)


def calibration_gap(
    confidence: Floats, holds: NDArray[np.bool_], *, weights: Floats | None = None, bins: int = 10
) -> float:
    """The same for something that holds or not: (n,) probabilities that it does, and (n,) whether it does; n > 0."""
    mass = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=np.float64)
    place = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    gaps = np.bincount(place, weights=mass * (holds - confidence), minlength=bins)
    return float(np.abs(gaps).sum() / mass.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Texts that a model is about equally sure of: their mean `confidence`, and the share of them that it `holds` for.

    `texts` counts those that were judged.
    """

    confidence: float
    holds: Estimate
    texts: int


def reliability(
    confidence: Floats, holds: NDArray[np.bool_], *, weights: Floats | None = None, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """What a reliability diagram shows (DeGroot & Fienberg 1983, The Statistician 32), by bins of equal width.

    Args:
        confidence: (n,) probabilities that something holds of each text.
        holds: (n,) whether it does.
        weights: (n,) what each text counts for; all alike where None.
        bins: number of bins between 0 and 1; those without a text are left out.
    """
    mass = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=np.float64)
    place = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    heaviest = float(mass.max(initial=0.0))
    found = []
    for number in np.unique(place):
        here = place == number
        whole = float(mass[here].sum())
        found.append(
            ReliabilityBin(
                confidence=float(mass[here] @ confidence[here]) / whole,
                holds=proportion(float(mass[here] @ holds[here]), whole, float((mass[here] ** 2).sum()), heaviest),
                texts=int(here.sum()),
            )
        )
    return tuple(found)


def _centred(logits: Floats) -> NDArray[np.float64]:
    exact = np.asarray(logits, dtype=np.float64)
    floored: NDArray[np.float64] = np.maximum(exact - exact.max(axis=1, keepdims=True), _FLOOR)
    return floored
