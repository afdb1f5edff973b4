"""How far two sets of predictions agree beyond chance."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.engine.errors import NotEnoughLabels


def cohen_kappa(a: ArrayLike, b: ArrayLike, weights: NDArray[np.floating] | None = None) -> float:
    """Cohen's kappa of two labelings of the same texts (Cohen 1960, Educ. Psychol. Meas. 20).

    Args:
        a: (n,) class codes or names.
        b: (n,) class codes or names, in the same order of texts.
        weights: (n,) what each text counts for, such as its copies; all alike where None.

    Returns:
        1 for full agreement, 0 for what chance gives, negative below that. Two labelings that both use one and the
        same class agree fully and give 1, where Cohen's ratio is 0/0.

    Raises:
        NotEnoughLabels: there is no text to compare.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} labels cannot be compared with {second.size}: they must be of the same texts")
    if first.size == 0:
        raise NotEnoughLabels("There are no predictions to compare, so their agreement is unknown. Label texts first.")
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    cells = np.zeros((names.size, names.size))
    np.add.at(cells, (codes[: first.size], codes[first.size :]), 1.0 if weights is None else weights)
    shares = cells / cells.sum()
    by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    if names.size == 1:
        return 1.0
    return (float(np.trace(shares)) - by_chance) / (1.0 - by_chance)


def mcnemar(gained: int, lost: int) -> float:
    """Chance that two models that are equally good differ so much (McNemar 1947, Psychometrika 12), exact, two-sided.

    `gained` and `lost` count the texts that only the second and only the first is right about; 1 where there are none.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - slow to load, and few commands ask for it

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
