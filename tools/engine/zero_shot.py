"""Zero-shot predictions: how near each text lies to the description of each class, before any label is known."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities, Vectors
from tools.engine.records import Task

REST_DEVIATIONS = 2.0
"""Standard deviations above the pool's mean from which on a text belongs to a class rather than to the rest: the top
2.3 % of a normal distribution. A rest class ("other") has no meaning that a text could be near to."""
SHARPNESS = 2.0
"""Factor from deviations to log-odds. Orders the texts of one class not at all, only sets how sure they look."""
ROWS_PER_BLOCK = 65_536


def class_descriptions(task: Task) -> list[list[str]]:
    """For each class the texts that stand for it: name with definition, then each phrase of the definition, examples.

    The phrases matter where a class is many things ("beer, wine, spirits"): no text is near to all of them at once.
    """
    return [
        [
            f"{one.name}: {one.definition}" if one.definition else one.name,
            *(phrase.strip() for phrase in re.split(r"[,;.]", one.definition) if phrase.strip()),
            *one.examples,
        ]
        for one in task.classes
    ]


def zero_shot_probabilities(
    vectors: Vectors, descriptions: Sequence[NDArray[np.floating]], *, rest: int | None = None
) -> Probabilities:
    """Class probabilities from the similarity of each text to each class, standardised over the pool.

    Some descriptions lie near to everything (hubs; Radovanović et al. 2010, JMLR 11), so similarities are compared
    with their own mean and spread over the pool. A class's is the mean of that to its whole description and of the
    best one to a part of it; the class `rest` takes what stands out for none.

    Args:
        vectors: (n, d) unit vectors of the pool.
        descriptions: for each class the (k, d) unit vectors of its descriptions, the whole one first.
        rest: code of the class that takes the rest.

    Returns:
        (n, C) probabilities; they order texts well and are not calibrated.
    """
    similar = _similarities(vectors, np.concatenate(descriptions).astype(np.float32))
    ends = np.cumsum([len(one) for one in descriptions])[:-1]
    deviations = np.stack([_class_deviation(one) for one in np.split(_standardised(similar), ends, axis=1)], axis=1)
    if rest is not None:
        deviations[:, rest] = REST_DEVIATIONS
    odds = np.exp(SHARPNESS * (deviations - deviations.max(axis=1, keepdims=True)))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


def _similarities(vectors: Vectors, described: NDArray[np.float32]) -> NDArray[np.float32]:
    starts = range(0, len(vectors), ROWS_PER_BLOCK)
    return np.concatenate([vectors[row : row + ROWS_PER_BLOCK].astype(np.float32) @ described.T for row in starts])


def _class_deviation(deviations: NDArray[np.float32]) -> NDArray[np.float32]:
    whole = deviations[:, 0]
    if deviations.shape[1] == 1:
        return whole
    best_part = _standardised(deviations[:, 1:].max(axis=1, keepdims=True))[:, 0]
    return _standardised((whole + best_part)[:, None])[:, 0]


def _standardised(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-6), dtype=np.float32)
