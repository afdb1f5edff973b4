"""Putting a batch together: the best scores first, near-duplicates passed over."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Vectors
from tools.engine.records import Pick
from tools.engine.selection.view import Lots, Places, PoolView, Rows, Scores, float32

NEAR_DUPLICATE = 0.95
"""Cosine from which on two texts say the same: labeling both teaches little more than labeling one."""
_BLOCK = 256
_FIRST_CUT = 1024


def best_first(scores: Scores, lots: Lots, among: Places) -> Iterator[Places]:
    """The places in `among` by falling score, ties by lot, in blocks that are only sorted when they are reached."""
    width = _FIRST_CUT
    while among.size:
        block, among = _cut(scores, among, width)
        yield block[np.lexsort((lots[block], -scores[block]))]
        width *= 4


def top(scores: Scores, lots: Lots, among: Places, count: int) -> Places:
    """The `count` places of the highest scores, best first; all when there are fewer."""
    blocks: list[Places] = []
    for block in best_first(scores, lots, among):
        blocks.append(block)
        if sum(map(len, blocks)) >= count:
            break
    return np.concatenate([*blocks, among[:0]])[:count]


def _cut(scores: Scores, among: Places, width: int) -> tuple[Places, Places]:
    if among.size <= width:
        return among, among[:0]
    own = scores[among]
    # Ties with the last one come along, so that the lot and not the partition decides between them.
    head = own >= np.partition(own, among.size - width)[among.size - width]
    return among[head], among[~head]


def spread(vectors: Vectors, order: Iterable[Places], count: int, known: Rows) -> list[int]:
    """The first `count` places of `order` that are near-duplicates neither of `known` nor of each other.

    Fewer when there are no more. Looks at no more rows than it needs, a block at a time.
    """
    found: list[int] = []
    for places in order:
        for start in range(0, len(places), _BLOCK):
            block = places[start : start + _BLOCK]
            rows = float32(vectors, block)
            near = (rows @ known.T).max(axis=1, initial=-1.0) >= NEAR_DUPLICATE
            new = _independent(rows, near, count - len(found))
            found += block[new].tolist()
            if len(found) == count:
                return found
            known = np.concatenate([known, rows[new]])
    return found


def _independent(rows: Rows, near: NDArray[np.bool_], count: int) -> list[int]:
    alike = rows @ rows.T >= NEAR_DUPLICATE
    new: list[int] = []
    for row in range(len(rows)):
        if len(new) == count:
            break
        if not near[row]:
            new.append(row)
            near |= alike[row]
    return new


class Batch:
    """A batch in the making, of any candidates but those in `without`.

    Texts like those in `known` (the labeled ones) and like those in the batch are passed over. When only such texts are
    left the batch is filled up with them all the same: first with those that are like a known text only, then
    with the rest. A fill-up's score lies below every score that `add` was given, so it can be told from the others.
    """

    def __init__(self, vectors: Vectors, lots: Lots, *, known: Rows, without: Places | None = None) -> None:
        self._vectors = vectors
        self._lots = lots
        self._known = known
        self._free = np.ones(len(lots), dtype=np.bool_)
        if without is not None:
            self._free[without] = False
        self._taken: list[tuple[int, float, str]] = []

    @property
    def places(self) -> list[int]:
        """The places taken, in the order in which they were taken."""
        return [place for place, _, _ in self._taken]

    def add(self, scores: Scores, count: int, strategy: str) -> None:
        """Take the `count` candidates of the highest scores, or all when there are fewer; ties go by lot."""
        end = len(self._taken) + count
        drop = float(np.ptp(scores)) + 1.0 if scores.size else 0.0
        for tier, passed_over in enumerate(("known", "batch", "nothing")):
            missing = end - len(self._taken)
            if missing <= 0:
                return
            free = np.flatnonzero(self._free)
            if passed_over == "nothing":
                new = top(scores, self._lots, free, missing).tolist()
            else:
                batch = float32(self._vectors, np.array(self.places, dtype=np.int64))
                fence = np.concatenate([self._known, batch]) if passed_over == "known" else batch
                new = spread(self._vectors, best_first(scores, self._lots, free), missing, fence)
            self._free[new] = False
            self._taken += [(place, float(scores[place]) - tier * drop, strategy) for place in new]

    def picks(self, view: PoolView) -> list[Pick]:
        """The batch as picks of that view."""
        return [Pick(text_id=view.ids[p], score=score, strategy=strategy) for p, score, strategy in self._taken]


def best(view: PoolView, lots: Lots, scores: Scores, size: int, *, strategy: str) -> list[Pick]:
    """The `size` candidates of the highest scores without near-duplicates, the best first."""
    batch = Batch(view.vectors, lots, known=float32(view.labeled_vectors))
    batch.add(scores, size, strategy)
    return batch.picks(view)


def in_turns(  # noqa: PLR0913 - keyword-only, and a record for one call would say no more
    view: PoolView,
    lots: Lots,
    size: int,
    *,
    places: Places,
    groups: Places,
    within: Scores,
    before: Places,
    tie: Scores,
) -> Scores:
    """Scores by which groups of candidates take turns, the group that has least going first.

    Args:
        view: The pool.
        lots: The lots of its candidates.
        size: How many may be picked.
        places: The candidates that are in a group; all others come last.
        groups: The group of each of `places`.
        within: Wanted order of each of `places` inside its group, higher first.
        before: How many each group has already, by group.
        tie: For every candidate of the view, in [0, 1): who goes first among groups that have equally many.

    Returns:
        (n,) for each candidate `tie` minus how many its group has before it is its turn. Near-duplicates do not count
        as a turn.
    """
    scores = tie - (len(view.ids) + len(view.labeled) + 1.0)
    order = np.lexsort((lots[places], -within, groups))
    labeled = float32(view.labeled_vectors)
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if members.size:
            kept = np.array(spread(view.vectors, [places[members]], size, labeled), dtype=np.int64)
            scores[kept] = tie[kept] - before[groups[members[0]]] - np.arange(kept.size)
    return scores
