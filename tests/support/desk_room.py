"""A task whose texts wait for people, over a pool that costs nothing to make."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from tests.support.stored import NOW, make_round
from tools.engine.records import DeskSettings, GoldItem, Pick, Task, Text, TextId
from tools.pool import text_id
from tools.task import create_task, make_spec
from tools.workbench import Workbench

POOL, TASK = "receipts", "t"
CLASSES = ["food", "drink", "toys"]


@dataclass
class Wall:
    """A clock that stands still until it is moved on."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def text(number: int) -> TextId:
    """The id of a text of the pool."""
    return text_id(f"text {number}")


def number_of(one: TextId) -> int:
    """Which of them it is."""
    return next(number for number in range(1_000) if text(number) == one)


def furnish(bench: Workbench, *, texts: int = 30, picked: Sequence[int] = range(1, 7), **settings: object) -> Task:
    """A pool, a task, a first round whose `picked` texts wait, and the desk's settings."""
    bench.pools.create(POOL, "no-encoder")
    bench.pools.begin_import(POOL, "print", "lines.txt")
    bench.pools.add_rows(POOL, "print", [Text(id=text(n), text=f"text {n}") for n in range(texts)], [], rows_done=texts)
    task = create_task(bench, make_spec({"name": TASK, "pool": POOL, "classes": CLASSES}))
    picks = [Pick(text_id=text(n), score=1.0, strategy="cold-start") for n in picked]
    bench.rounds.save(TASK, make_round(0), picks)
    bench.tasks.set_desk(TASK, DeskSettings(**settings))  # type: ignore[arg-type] # settings by name
    return task


def draw_gold(bench: Workbench, *numbers: int) -> None:
    """Let these texts be the gold sample."""
    bench.rounds.save_gold(TASK, [GoldItem(text_id=text(n), stratum=0, weight=1.0) for n in numbers])


def place(bench: Workbench, near: Callable[[int], int], *, texts: int = 30) -> None:
    """Vectors for the pool: those with the same `near` are near-duplicates, others are far apart."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(texts, 64))
    rows = np.stack([centres[near(n)] + 0.05 * rng.normal(size=64) for n in range(texts)])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    bench.vectors.append(bench.pools.get(POOL), [text(n) for n in range(texts)], rows.astype(np.float16))
