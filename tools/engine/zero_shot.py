"""Zero-shot predictions: how near each text lies to the description of each class, before any label is known."""

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
    """For each class what is encoded to stand for it: name with definition, and each example."""
    return [[f"{c.name}: {c.definition}" if c.definition else c.name, *c.examples] for c in task.classes]


def prototypes(descriptions: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """One unit vector a class, the mean of its descriptions' (k, d) vectors: (C, d)."""
    means = np.stack([vectors.astype(np.float32).mean(axis=0) for vectors in descriptions])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def zero_shot_probabilities(
    vectors: Vectors, class_vectors: NDArray[np.float32], *, rest: int | None = None
) -> Probabilities:
    """Class probabilities from the similarity of each text to each class, standardised over the pool.

    Some descriptions lie near to everything (hubs; Radovanović et al. 2010, JMLR 11), so each class's similarities
    are compared with their own mean and spread over the pool; the class `rest` takes what stands out for none.

    Args:
        vectors: (n, d) unit vectors of the pool.
        class_vectors: (C, d) unit vectors of the classes.
        rest: code of the class that takes the rest.

    Returns:
        (n, C) probabilities; they order texts well and are not calibrated.
    """
    similar = np.concatenate(
        [
            vectors[start : start + ROWS_PER_BLOCK].astype(np.float32) @ class_vectors.T
            for start in range(0, len(vectors), ROWS_PER_BLOCK)
        ]
    )
    deviations = (similar - similar.mean(axis=0)) / np.maximum(similar.std(axis=0), 1e-6)
    if rest is not None:
        deviations[:, rest] = REST_DEVIATIONS
    odds = np.exp(SHARPNESS * (deviations - deviations.max(axis=1, keepdims=True)))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)
