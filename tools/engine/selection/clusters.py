"""Clusters of unit vectors."""

import numpy as np
from numpy.typing import NDArray

from tools.engine.selection.view import CHUNK, Rows, chunks

_ROUNDS = 10
_SEEDING = CHUNK
_DRAWS = 50


def spherical_k_means(points: Rows, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The cluster of each row of `points` (n, d), as codes below `count`; some may be empty.

    Spherical k-means (Dhillon & Modha 2001, Machine Learning 42) seeded as k-means++ (Arthur & Vassilvitskii 2007,
    SODA), or k-means|| where the clusters are many (Bahmani et al. 2012, VLDB), on the first 4,096 rows.
    """
    centres = _seeds(points[:_SEEDING], count, rng)
    codes = _nearest(points, centres)
    for _ in range(_ROUNDS):
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        sums = np.add.reduceat(points[order], starts, axis=0)
        centres[present] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        moved = _nearest(points, centres)
        if np.array_equal(moved, codes):
            break
        codes = moved
    return codes


def _seeds(points: Rows, count: int, rng: np.random.Generator) -> Rows:
    chosen = [int(rng.integers(len(points)))]
    distance = np.ones(len(points), dtype=np.float32)
    new = chosen
    while True:
        np.minimum(distance, (1.0 - points @ points[new].T).min(axis=1), out=distance)
        missing = min(count, len(points)) - len(chosen)
        # Rounding leaves about 1e-7 between equal vectors: with no more than that, every point has its centre.
        if missing <= 0 or distance.max() < 1e-6:
            return points[chosen]
        # Many seeds are drawn a few at a time, as k-means|| does: each draw is a walk through the points.
        total = np.cumsum(np.maximum(distance, 0.0), dtype=np.float64)
        draws = rng.random(min(missing, 1 + count // _DRAWS)) * total[-1]
        new = np.unique(np.minimum(np.searchsorted(total, draws, side="right"), len(points) - 1)).tolist()
        chosen += new


def _nearest(points: Rows, centres: Rows) -> NDArray[np.int64]:
    return np.concatenate([(points[part] @ centres.T).argmax(axis=1) for part in chunks(len(points))])
