"""What a query strategy sees of a pool, and the lots that make its chance independent of the order of the pool."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities, Vectors
from tools.engine.records import Pick, TextId

CHUNK = 4096
"""Rows that are turned to float32 at a time: a pool's matrix may be a memory map larger than memory."""

Lots = NDArray[np.int64]
"""A random rank for each candidate, tied to its id and not to its place."""
Scores = NDArray[np.float64]
"""How much each candidate is wanted: higher is more."""
Places = NDArray[np.int64]
"""Row numbers of candidates."""
Rows = NDArray[np.float32]
"""Vectors in the precision that is computed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """The candidates of one selection and what is known by now.

    `ids` are the unlabeled texts that may be picked, n of them, and `vectors` (n, d) their unit vectors (a memory map
    will do). `probabilities` (n, C) come from the latest model, None before the first; `zero_shot` (n, C) from the
    zero-shot pass, None where there was none. `labeled_vectors` (m, d) and `labeled` (m,), as codes into `classes`, are
    the training labels so far. `positive` is the code of a rare target class, if the task has one, and `threshold` the
    probability from which on a text counts as positive (None = 0.5).
    """

    ids: Sequence[TextId]
    vectors: Vectors
    probabilities: Probabilities | None
    labeled_vectors: Vectors
    labeled: NDArray[np.int64]
    classes: tuple[str, ...]
    positive: int | None = None
    threshold: float | None = None
    zero_shot: Probabilities | None = None

    def __post_init__(self) -> None:
        rows = {len(self.ids), len(self.vectors)}
        rows |= {len(known) for known in (self.probabilities, self.zero_shot) if known is not None}
        if len(rows) > 1 or len(self.labeled_vectors) != len(self.labeled):
            raise ValueError(f"ids, vectors and probabilities must have one row a candidate, not {sorted(rows)}")

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Training labels of each class, (C,)."""
        return np.bincount(self.labeled, minlength=len(self.classes)).astype(np.int64)


Strategy = Callable[[PoolView, int, np.random.Generator], list[Pick]]
"""Picks that many candidates of the view, the most wanted first."""


def draw_lots(ids: Sequence[TextId], rng: np.random.Generator) -> Lots:
    """A random permutation of 0 … n-1 in which each id has the same lot wherever it stands in `ids`."""
    lots = np.empty(len(ids), dtype=np.int64)
    lots[by_id(ids)] = rng.permutation(len(ids))
    return lots


def by_id(ids: Sequence[TextId]) -> Places:
    """The places of the ids in the order of the ids."""
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)


def float32(vectors: Vectors, places: Places | slice = slice(None)) -> Rows:
    """These rows in float32, as a copy in memory."""
    return np.asarray(vectors[places], dtype=np.float32)


def chunks(count: int) -> Iterator[slice]:
    """Slices that cover `count` rows, at most CHUNK at a time."""
    for start in range(0, count, CHUNK):
        yield slice(start, start + CHUNK)


def highest_cosine(vectors: Vectors, centres: Rows) -> Rows:
    """The cosine of each row to the nearest of the centres, (n,); -1 for all when there is no centre."""
    nearest = np.full(len(vectors), -1.0, dtype=np.float32)
    if len(centres):
        for part in chunks(len(vectors)):
            nearest[part] = (float32(vectors, part) @ centres.T).max(axis=1)
    return nearest
