"""Parts of a map, and its many points gathered into a grid: a large pool makes no larger a picture than a small one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SINGLE = 2_500
"""Points up to which each is shown by itself."""
COLUMNS, ROWS = 64, 44
"""Cells of the grid: at the size of a page about as wide as high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A part of a map; the whole runs from 0 to 1 both ways."""

    left: float = 0.0
    right: float = 1.0
    bottom: float = 0.0
    top: float = 1.0

    def holds(self, places: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(n,) whether each of these (n, 2) places lies in it."""
        x, y = places[:, 0], places[:, 1]
        return np.asarray((x >= self.left) & (x <= self.right) & (y >= self.bottom) & (y <= self.top))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A part of a map that somebody drew around: its corners in order, of which the last leads back to the first."""

    corners: tuple[tuple[float, float], ...]

    def holds(self, places: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(n,) whether the line goes around each of these (n, 2) places: its winding number is not 0 (Sunday 2001).

        So a line that crosses itself, or goes around twice, leaves no hole.
        """
        x, y = places[:, 0], places[:, 1]
        turns = np.zeros(len(places), dtype=np.int64)
        for (x1, y1), (x2, y2) in zip(self.corners, (*self.corners[1:], *self.corners[:1]), strict=True):
            level = np.flatnonzero((y1 > y) != (y2 > y))
            beside = level[x[level] < x1 + (y[level] - y1) * (x2 - x1) / (y2 - y1)]
            turns[beside] += 1 if y2 > y1 else -1
        return np.asarray(turns != 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a map shows: m marks at `x` and `y`, each for `count` texts of one `group`, whose mean value is `value`."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    count: NDArray[np.int64]
    group: NDArray[np.int64]
    value: NDArray[np.float32]


def gather(
    places: NDArray[np.float32], groups: NDArray[np.int64], values: NDArray[np.float32], box: Box, *, binned: bool
) -> Marks:
    """One mark a text, or, when `binned`, one for the texts of a group in a cell of the grid over the box.

    A mark lies at the mean of its texts' places. Larger marks come first, and those of frequent groups before those of
    rare ones, so that what is small and rare is drawn over the others.

    Args:
        places: (n, 2) where the texts lie.
        groups: (n,) codes of what tells them apart, such as a class; none below -1.
        values: (n,) a number of each.
        box: the part of the map that is shown; no text lies outside.
        binned: whether texts are put together.
    """
    if not binned:
        order = np.argsort(-np.bincount(groups + 1)[groups + 1], kind="stable")
        ones = np.ones(len(places), dtype=np.int64)
        return Marks(x=places[order, 0], y=places[order, 1], count=ones, group=groups[order], value=values[order])
    column = _cell(places[:, 0], box.left, box.right, COLUMNS)
    row = _cell(places[:, 1], box.bottom, box.top, ROWS)
    many = int(groups.max(initial=-1)) + 2
    cell, index, count = np.unique(
        (row * COLUMNS + column) * many + groups + 1, return_inverse=True, return_counts=True
    )

    def mean(of: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.bincount(index, weights=of, minlength=len(cell)) / count, dtype=np.float32)

    order = np.argsort(-count, kind="stable")
    return Marks(
        x=mean(places[:, 0])[order],
        y=mean(places[:, 1])[order],
        count=count[order],
        group=(cell % many - 1)[order],
        value=mean(values)[order],
    )


def _cell(at: NDArray[np.float32], low: float, high: float, cells: int) -> NDArray[np.int64]:
    share = (at - low) / max(high - low, 1e-9)
    return np.clip((share * cells).astype(np.int64), 0, cells - 1)
