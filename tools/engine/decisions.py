"""From probabilities to a class."""

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities


def decide_classes(
    probabilities: Probabilities, *, positive: int | None = None, threshold: float | None = None
) -> NDArray[np.int64]:
    """The (n,) code of the class that each text is given.

    The likeliest class; with a `positive` class and its `threshold`, that class from the threshold on, and the
    likeliest of the others below it.
    """
    if positive is None or threshold is None:
        return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
    others = probabilities.copy()
    others[:, positive] = -1.0
    return np.where(probabilities[:, positive] >= threshold, positive, others.argmax(axis=1)).astype(np.int64)
