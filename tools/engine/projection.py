"""A pool in two dimensions: texts that mean the same lie near each other.

t-SNE (van der Maaten & Hinton 2008, JMLR 9) shows themes that the two main directions of a pool (PCA) mix up, and takes
too long for a large pool. So a few hundred texts are laid out by it, and every other one is placed between those that
it is nearest to. A text that comes later is placed the same way, and the map stays what it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Vectors

# ruff: noqa: PLC0415 - scikit-learn takes a second to load, and most commands draw no map

Places = NDArray[np.float32]
"""(n, 2) places on the map, both from 0 to 1; the first counts from the left, the second from below."""
LANDMARKS = 800
"""Texts that t-SNE lays out: 3 s on one core. 400 blur small themes, 1,600 take four times as long."""
DIRECTIONS = 50
"""Main directions of the pool that the map goes by; what is left out is noise to neighbourhoods."""
NEAR = 5
"""Landmarks that a text is placed between."""
_SOFTNESS = 0.08
"""Difference of cosine similarity at which a landmark pulls e times less than the nearest one."""
_PERPLEXITY = 20.0
_STEPS = 400
_FEWEST = 8
"""Texts below which there is nothing to lay out by neighbourhoods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a pool is laid out: `centre` (d,) and `directions` (d, k) of its vectors, and its landmarks.

    `landmarks` (m, k) are unit vectors along the directions, `places` (m, 2) where they lie.
    """

    centre: NDArray[np.float32]
    directions: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    places: Places


def lay_out(sample: Vectors, *, seed: int = 0) -> Layout:
    """The layout of a pool, from texts drawn at random from it, of which the first become landmarks."""
    vectors = np.asarray(sample, dtype=np.float32)
    centre = vectors.mean(axis=0)
    _, values, directions = np.linalg.svd((vectors - centre).T @ (vectors - centre), hermitian=True)
    kept = min(DIRECTIONS, int(np.count_nonzero(values > values[:1] * 1e-6)) or 1)
    found = np.ascontiguousarray(directions[:kept].T, dtype=np.float32)
    landmarks = _along(vectors[:LANDMARKS], centre, found)
    return Layout(
        centre=centre.astype(np.float32), directions=found, landmarks=landmarks, places=_placed(landmarks, seed=seed)
    )


def place(layout: Layout, vectors: Vectors) -> Places:
    """Where texts lie: between the landmarks nearest to them, the nearer the closer."""
    like = _along(np.asarray(vectors, dtype=np.float32), layout.centre, layout.directions) @ layout.landmarks.T
    near = min(NEAR, like.shape[1])
    nearest = np.argpartition(-like, near - 1, axis=1)[:, :near]
    values = np.take_along_axis(like, nearest, axis=1)
    pull = np.exp((values - values.max(axis=1, keepdims=True)) / _SOFTNESS)
    pull /= pull.sum(axis=1, keepdims=True)
    return np.asarray((pull[:, :, None] * layout.places[nearest]).sum(axis=1), dtype=np.float32)


def _along(
    vectors: NDArray[np.float32], centre: NDArray[np.float32], directions: NDArray[np.float32]
) -> NDArray[np.float32]:
    rows = (vectors - centre) @ directions
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def _placed(landmarks: NDArray[np.float32], *, seed: int) -> Places:
    """Places of the landmarks, stretched so that they fill the map."""
    if len(landmarks) < _FEWEST:
        flat = np.zeros((len(landmarks), 2), dtype=np.float32)
        flat[:, : landmarks.shape[1]] = landmarks[:, :2]
    else:
        from sklearn.manifold import TSNE

        model = TSNE(
            perplexity=min(_PERPLEXITY, (len(landmarks) - 1) / 4),
            max_iter=_STEPS,
            metric="cosine",
            init="pca" if landmarks.shape[1] > 1 else "random",
            random_state=seed,
        )
        flat = model.fit_transform(landmarks)
    low, high = flat.min(axis=0), flat.max(axis=0)
    return np.asarray((flat - low) / np.maximum(high - low, 1e-6), dtype=np.float32)
