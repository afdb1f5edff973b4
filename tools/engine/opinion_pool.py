"""What a model and the zero-shot pass say of texts, taken together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities

Floats = NDArray[np.floating]

_LEAST = 1e-3
"""Probability, at least, that a model's opinion leaves a class: one that no label shows yet is not ruled out."""
_LEAST_PRIOR = 1e-4
_MODEL_WEIGHT, _PRIOR_WEIGHT = 1.0, 0.6
"""What each opinion weighs before a label was seen."""
_TRUST = 7.0
"""Standard deviation, in logs, that this is believed with, for a mean loss: a hundred labels decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionPool:
    """A logarithmic opinion pool (Genest & Zidek 1986, Statistical Science 1): weighted log-probabilities are added."""

    model: float
    prior: float

    def of(self, logits: Floats, prior: Probabilities) -> Probabilities:
        """(n, C) probabilities by both: (n, C) logits of the model, (n, C) zero-shot probabilities."""
        return np.asarray(np.exp(_pooled(_opinion(logits), _prior(prior), self.model, self.prior)), dtype=np.float32)


def fit_opinion_pool(
    logits: Floats, prior: Probabilities, labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> OpinionPool:
    """The pool that fits held-out labels best (stacking; Wolpert 1992, Neural Networks 5).

    Args:
        logits: (n, C) logits by models that had not seen the text.
        prior: (n, C) zero-shot probabilities.
        labels: (n,) codes of the true classes.
        weights: (n,) how far each label is to be believed.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to load, and only a training needs it

    opinion, zero_shot = _opinion(logits), _prior(prior)
    start = np.log([_MODEL_WEIGHT, _PRIOR_WEIGHT])
    rows, mass = np.arange(len(labels)), weights / weights.sum()

    def loss(logs: NDArray[np.float64]) -> float:
        said = _pooled(opinion, zero_shot, *np.exp(logs))
        return float(-mass @ said[rows, labels] + (((logs - start) / _TRUST) ** 2).sum() / 2)

    of_model, of_prior = np.exp(minimize(loss, start, method="Nelder-Mead", options={"maxiter": 200}).x)
    return OpinionPool(model=float(of_model), prior=float(of_prior))


def _pooled(opinion: Floats, prior: Floats, model_weight: float, prior_weight: float) -> Floats:
    return _normal(model_weight * opinion + prior_weight * prior)


def _opinion(logits: Floats) -> Floats:
    return np.maximum(_normal(np.asarray(logits, dtype=np.float64)), np.log(_LEAST))


def _prior(probabilities: Probabilities) -> Floats:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _LEAST_PRIOR))


def _normal(logits: Floats) -> Floats:
    centred = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(centred - np.log(np.exp(centred).sum(axis=1, keepdims=True)))
