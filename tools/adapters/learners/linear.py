"""Logistic regression over features: the linear model that learners build on."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tools.engine.features import Features

STRENGTH = 10.0
"""Inverse regularisation C on unit vectors."""
STEPS = 1_000
"""Steps at most: enough for a ranking."""
ABSENT = -30.0
"""Logit of a class that has no label: never predicted, never a division by zero."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits of features: `weights` (C, f) and `bias` (C,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: Features) -> NDArray[np.float32]:
        """(n, C) logits."""
        return np.asarray(features.astype(np.float32) @ self.weights.T + self.bias)


def fit_linear(  # noqa: PLR0913 - keyword-only where they could be mixed up
    features: Features,
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    classes: int,
    *,
    seed: int,
    tolerance: float = 1e-4,
) -> Linear:
    """Logistic regression on (n, f) features, (n,) class codes and (n,) weights; ends at slopes of `tolerance`."""
    matrix = np.zeros((classes, features.shape[1]), dtype=np.float32)
    bias = np.full(classes, ABSENT, dtype=np.float32)
    present = np.unique(labels)
    if len(present) == 1:
        bias[present[0]] = 0.0
        return Linear(matrix, bias)
    model = LogisticRegression(C=STRENGTH, max_iter=STEPS, tol=tolerance, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings(
            "ignore", "The number of unique classes", UserWarning
        )  # so is a seed set of many classes
        model.fit(features.astype(np.float32), labels, sample_weight=weights)
    if len(present) == 2:
        matrix[present] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
        bias[present] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        matrix[present], bias[present] = model.coef_, model.intercept_
    return Linear(matrix, bias)
