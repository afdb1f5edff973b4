"""What the tools need from the outside world, as protocols; `tools/adapters` holds the implementations.

One contract test suite per port runs over every implementation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tools.engine.records import (
    Answer,
    DeskSettings,
    GoldItem,
    Label,
    Lease,
    ModelRecord,
    Opinion,
    OpinionPurpose,
    Pick,
    Pool,
    Role,
    Round,
    SkippedRow,
    Task,
    Text,
    TextId,
)

if TYPE_CHECKING:
    from tools.engine.features import Features
    from tools.engine.learning import Fitted, TrainingSet

P = ParamSpec("P")
T = TypeVar("T")
Vectors = NDArray[np.float16]
"""Unit-length embeddings, one row a text."""
Probabilities = NDArray[np.float32]
"""One row a text, one column a class in the task's order; each row sums to one."""


class Clock(Protocol):
    """Tells the time, so that tests can set it."""

    def __call__(self) -> datetime:
        """Now, with time zone UTC."""
        ...


class Progress(Protocol):
    """Shows how far a long job is; `total` is None where the end is not known."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report that `done` of `total` items of `stage` are finished."""
        ...


class Compute(Protocol):
    """Runs heavy module-level functions away from the caller's process."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `function` and return its future. Arguments and result must be picklable."""
        ...

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `function`; a lane that dies under it is started again once.

        Raises ComputeFailed when it dies twice; errors of the function come through as they are.
        """
        ...

    def close(self) -> None:
        """Stop the lane."""
        ...


class Oracle(Protocol):
    """Answers what class a text belongs to: a model, a person, or recorded labels."""

    @property
    def source(self) -> str:
        """The name that stands on its answers, such as `replay:category` or `llm:gpt-x`."""
        ...

    def price(self, texts: Sequence[Text]) -> float:
        """The most that asking about `texts` can cost, in dollars; 0 where nothing is paid."""
        ...

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield one answer a text, each as soon as it is known, in any order.

        A text that cannot be answered yields an answer with outcome `failed`; raises OracleUnavailable when going on
        is pointless. Closing the iterator cancels what is still under way.
        """
        ...


class PoolStore(Protocol):
    """Pools, their texts and what was imported."""

    def create(self, name: str, encoder: str) -> Pool:
        """The pool of that name, made now if it does not exist."""
        ...

    def get(self, name: str) -> Pool:
        """The pool; raises UnknownName naming the pools there are."""
        ...

    def names(self) -> list[str]:
        """The names of all pools, in order."""
        ...

    def begin_import(self, pool: str, fingerprint: str, source: str) -> int:
        """Rows of this input that were committed before (0 the first time)."""
        ...

    def add_rows(
        self, pool: str, fingerprint: str, texts: Sequence[Text], skipped: Sequence[SkippedRow], rows_done: int
    ) -> None:
        """Commit a chunk in one transaction: new texts, folded duplicates, skipped rows, and the row count reached.

        Texts whose id the pool holds raise that text's `copies` instead.
        """
        ...

    def finish_import(self, pool: str, fingerprint: str) -> None:
        """Mark the input as read to its end."""
        ...

    def import_totals(self, pool: str, fingerprint: str) -> "ImportTotals":
        """What this input brought, over all its tries."""
        ...

    def text_ids(self, pool: str) -> list[TextId]:
        """All ids in the order of arrival, which is the row order of the pool's matrix."""
        ...

    def texts(self, pool: str, ids: Sequence[TextId] | None = None) -> list[Text]:
        """The texts of these ids in their order, or all in the order of arrival."""
        ...

    def iter_texts(self, pool: str, *, start: int, size: int) -> list[Text]:
        """`size` texts from place `start` on, in the order of arrival."""
        ...

    def places(self, pool: str, ids: Sequence[TextId]) -> dict[TextId, int]:
        """The places of these texts in the order of arrival; ids that the pool does not hold are left out."""
        ...

    def columns(self, pool: str) -> list[str]:
        """The names of the extra columns that came with the texts."""
        ...


class ImportTotals(Protocol):
    """Counts of one input."""

    @property
    def rows(self) -> int:
        """Rows read."""
        ...

    @property
    def added(self) -> int:
        """New distinct texts."""
        ...

    @property
    def duplicates(self) -> int:
        """Rows folded into a text the pool already held."""
        ...

    @property
    def skipped(self) -> Sequence[SkippedRow]:
        """Rows that became no text, with reason."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the input was read to its end."""
        ...


class VectorIndex(Protocol):
    """The pool's vectors: a search index and the same vectors as one matrix."""

    def count(self, pool: Pool) -> int:
        """How many of the pool's texts, in order of arrival, have a vector."""
        ...

    def append(self, pool: Pool, ids: Sequence[TextId], vectors: Vectors) -> None:
        """Store the vectors of the next texts in order of arrival; the same call again changes nothing."""
        ...

    def matrix(self, pool: Pool, ids: Sequence[TextId]) -> Vectors:
        """All vectors as a read-only memory map, row i for `ids[i]`; rebuilt from the index when the file is absent."""
        ...

    def vectors(self, pool: Pool, ids: Sequence[TextId]) -> dict[TextId, Vectors]:
        """The vectors of some texts, (dimension,) each, without reading the others; what has none is left out."""
        ...

    def search(self, pool: Pool, vector: Vectors, *, limit: int) -> list[tuple[TextId, float]]:
        """The nearest texts with their cosine similarity, best first. `vector` has one row."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class TaskStore(Protocol):
    """Tasks with their guideline versions."""

    def save(self, task: Task) -> Task:
        """Store a new task or a new guideline version of it; returns it with its version."""
        ...

    def get(self, name: str) -> Task:
        """The newest version; raises UnknownName naming the tasks there are."""
        ...

    def names(self) -> list[str]:
        """The names of all tasks, in order."""
        ...

    def delete(self, name: str) -> None:
        """Take away the task with its guideline versions, gold sample, labels, rounds and models, in one transaction.

        Its opinions and leases go too; its pool stays. Raises UnknownName.
        """
        ...

    def desk(self, name: str) -> DeskSettings:
        """How people label the task's texts; the defaults until they are set. Raises UnknownName."""
        ...

    def set_desk(self, name: str, settings: DeskSettings) -> None:
        """Store how people label the task's texts. Raises UnknownName."""
        ...


class LabelStore(Protocol):
    """Answers of oracles, append-only; the newest answer for a text is the one that holds."""

    def append(self, task: str, label: Label) -> None:
        """Commit one label in a transaction of its own."""
        ...

    def current(self, task: str, role: Role | None = None) -> dict[TextId, Label]:
        """The newest label of each text, in the order in which texts were first labeled; withdrawn ones left out."""
        ...

    def history(self, task: str) -> list[Label]:
        """Every answer ever given, oldest first."""
        ...

    def spent(self, task: str) -> float:
        """Dollars paid for answers so far, failed ones included."""
        ...


class OpinionStore(Protocol):
    """What single sources said of texts, append-only."""

    def append(self, task: str, opinion: Opinion) -> None:
        """Commit one opinion in a transaction of its own."""
        ...

    def of(
        self, task: str, *, purpose: OpinionPurpose | None = None, texts: Sequence[TextId] | None = None
    ) -> list[Opinion]:
        """The task's opinions, oldest first: of one purpose, or on some texts, or all."""
        ...

    def spent(self, task: str) -> float:
        """Dollars paid for opinions so far."""
        ...


class LeaseStore(Protocol):
    """Which texts are with which person. Two processes never hand out the same place of a text twice."""

    def take(  # noqa: PLR0913 - keyword-only where they could be mixed up
        self,
        task: str,
        person: str,
        places: Mapping[TextId, int],
        *,
        size: int,
        now: datetime,
        until: datetime,
        done: Sequence[TextId] = (),
    ) -> list[TextId]:
        """Hand texts to a person until `until`; at most `size`, in the order of `places`, those the person holds first.

        `places` has the texts that the person could be given, each with how many people may hold it at once. Leases
        that ended by `now` are over, and so are the person's of the texts `done`.
        """
        ...

    def held(self, task: str, *, now: datetime) -> list[Lease]:
        """The leases that have not ended by `now`."""
        ...

    def release(self, task: str, person: str, texts: Sequence[TextId] | None = None) -> None:
        """End the person's leases of these texts, or all of them."""
        ...


class RoundStore(Protocol):
    """The loop's state: gold sample, rounds, their items, and models."""

    def gold(self, task: str) -> list[GoldItem] | None:
        """The gold sample, or None before it was drawn."""
        ...

    def save_gold(self, task: str, items: Sequence[GoldItem]) -> None:
        """Store the gold sample once; raises ValueError when there is one."""
        ...

    def rounds(self, task: str) -> list[Round]:
        """All rounds in order of number."""
        ...

    def save(self, task: str, round_: Round, picks: Sequence[Pick] | None = None) -> None:
        """Insert or replace the round; with `picks`, its items too, in the same transaction."""
        ...

    def picks(self, task: str, number: int) -> list[Pick]:
        """The items of a round in the order in which they were picked."""
        ...

    def add_pick(self, task: str, number: int, pick: Pick) -> None:
        """Add an item behind those of a round, unless its text is among them; the round itself stays as it is."""
        ...

    def save_model(self, model: ModelRecord) -> None:
        """Insert or replace a model's record."""
        ...

    def models(self, task: str) -> list[ModelRecord]:
        """The task's models, oldest first."""
        ...

    def model(self, model_id: str) -> ModelRecord:
        """One model; raises UnknownName."""
        ...


class Classifier(Protocol):
    """A trained model, loaded."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        ...

    def probabilities(self, texts: Sequence[str], features: "Features | None" = None) -> Probabilities:
        """Calibrated class probabilities; `features` are those of the texts where the caller has them."""
        ...


class Learner(Protocol):
    """Turns labeled texts into a classifier in a folder."""

    def fit(self, examples: "TrainingSet", folder: Path, *, seed: int) -> "Fitted":
        """Train on labels of at least two classes and write the weights into `folder`, which exists."""
        ...
