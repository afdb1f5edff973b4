"""Answers are committed the moment they arrive, in a thread of their own, whatever those who asked are busy with."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

from tools.adapters.oracles.reading import Arrived
from tools.adapters.oracles.under_way import UnderWay
from tools.engine.paid import PaidAnswer

T = TypeVar("T")
Save = Callable[[Sequence[PaidAnswer], Sequence[str]], None]
"""Commits answers, and the items that nothing is owed for any more."""


class Keeper:
    """Takes what arrives, commits it, and hands it on through `kept`; None there says that nothing more comes.

    What arrived while the last commit was under way goes into the next one together, so that a slow disk makes larger
    commits and no queue.
    """

    def __init__(self, arrived: "SimpleQueue[Arrived | None]", save: Save, under_way: UnderWay) -> None:
        """`arrived` ends with None; what is kept is counted off `under_way`."""
        self.kept: SimpleQueue[Arrived | None] = SimpleQueue()
        self._arrived = arrived
        self._settled: SimpleQueue[str] = SimpleQueue()
        self._save = save
        self._under_way = under_way

    def settle(self, one: Arrived) -> None:
        """The answer's cost is on a label by now: nothing is owed for it."""
        if one.paid is not None and one.paid.owed:
            self._settled.put(one.paid.item)

    def run(self) -> None:
        """Keep what arrives until nothing more comes. Raises StorageFailed; what was not kept is not handed on."""
        over = False
        while not over:
            fresh = [self._arrived.get(), *_waiting(self._arrived)]
            over = None in fresh
            answers = [one for one in fresh if one is not None]
            paid = [one.paid for one in answers if one.paid is not None]
            self._commit(paid)
            self._under_way.add(-len(paid))
            for one in answers:
                self.kept.put(one)

    def finish(self) -> None:
        """Commit what was settled last."""
        self._commit([])

    def _commit(self, paid: Sequence[PaidAnswer]) -> None:
        settled = _waiting(self._settled)
        if paid or settled:
            self._save(paid, settled)


def _waiting(queue: "SimpleQueue[T]") -> list[T]:
    """What is in the queue now."""
    found = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found
