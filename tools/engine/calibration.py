"""Probabilities that mean what they say, and the thresholds that follow from them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from tools.engine.errors import EmptyPool

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
    confidence = probabilities.max(axis=1)
    mass = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=np.float64)
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    place = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    gaps = np.bincount(place, weights=mass * (right - confidence), minlength=bins)
    return float(np.abs(gaps).sum() / mass.sum())


def choose_threshold(probabilities: Floats) -> float:
    """The threshold t for which calling every text with p >= t positive has the highest expected F1, with no labels.

    Maximises 2 Σ_{p >= t} p / (Σ p + |{p >= t}|) exactly over the pool's probabilities (Ye et al. 2012, ICML; Lipton
    et al. 2014, arXiv:1402.1892), in O(n log n). It is as good as the calibration. Of equal maxima the highest
    threshold is taken. A model that cannot tell texts apart gets a threshold that calls all of them positive: that
    does maximise F1.

    Args:
        probabilities: (N,) calibrated probabilities of the positive class over the pool.

    Returns:
        One of the probabilities, or 0.5 where all of them are 0.

    Raises:
        EmptyPool: there are no probabilities.
    """
    values, counts, hits = _expected_counts(probabilities)
    if hits[-1] == 0:
        return 0.5
    return float(values[np.argmax(2 * hits / (hits[-1] + counts))])


def threshold_for_precision(probabilities: Floats, target: float) -> float | None:
    """The lowest threshold whose texts have an expected precision of at least `target`, with no labels.

    Args:
        probabilities: (N,) calibrated probabilities of the positive class over the pool.
        target: the precision wanted, in [0, 1].

    Returns:
        One of the probabilities, or None where not even the highest one reaches the target.

    Raises:
        EmptyPool: there are no probabilities.
    """
    values, counts, hits = _expected_counts(probabilities)
    # The mean of sorted values only falls, so the thresholds that reach the target come first.
    reached = int(np.count_nonzero(hits / counts >= target))
    return float(values[reached - 1]) if reached else None


def _centred(logits: Floats) -> NDArray[np.float64]:
    exact = np.asarray(logits, dtype=np.float64)
    floored: NDArray[np.float64] = np.maximum(exact - exact.max(axis=1, keepdims=True), _FLOOR)
    return floored


def _expected_counts(probabilities: Floats) -> tuple[Floats, NDArray[np.intp], NDArray[np.float64]]:
    """For each distinct probability, highest first: itself, the texts at or above it, and the positives among them."""
    if probabilities.size == 0:
        raise EmptyPool("There are no texts to choose a threshold on. Add texts with `laud pool add`.")
    ranked = np.sort(probabilities)[::-1]
    ends = np.append(np.flatnonzero(np.diff(ranked)), ranked.size - 1)
    return ranked[ends], ends + 1, np.cumsum(ranked, dtype=np.float64)[ends]
