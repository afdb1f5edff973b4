"""What was paid to a language model: answers kept for good, and batches that it answers in its own time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from tools.engine.records import Outcome, Role, TextId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidAnswer:
    """An answer of a language model as it is kept beyond its task.

    `item` is the digest of the text as it was sent. `owed` is what of its cost no label carries yet: a process that is
    killed between an answer and its label leaves it to the next. Bytes and tokens are the text's share of its request;
    tokens are None where the endpoint did not count.
    """

    item: str
    outcome: Outcome
    label: str | None = None
    confidence: float | None = None
    cost: float = 0.0
    owed: float = 0.0
    input_bytes: float = 0.0
    input_tokens: float | None = None
    output_tokens: float | None = None


class AnswerCache(Protocol):
    """Answers that were paid for, known by prompt, model and text; they outlive the tasks that asked."""

    def find(self, prompt: str, model: str, items: Sequence[str]) -> dict[str, PaidAnswer]:
        """The answers there are for `items`, by item."""
        ...

    def keep(self, prompt: str, model: str, answers: Sequence[PaidAnswer], settled: Sequence[str] = ()) -> None:
        """Commit answers, and that nothing is owed any more for the `settled` items, in one transaction."""
        ...

    def latest(self, model: str, *, limit: int) -> list[PaidAnswer]:
        """The model's newest answers whose tokens were counted, for whatever prompt: what a token is to it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineText:
    """A text in an offline batch, with what it was asked for."""

    text_id: TextId
    role: Role
    round: int


BatchState = Literal["written", "submitted", "collected", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineBatch:
    """A batch file for an endpoint that answers within hours, and how far it has come.

    `remote` is the endpoint's name for it, `state_there` the endpoint's word for its state.
    """

    id: str
    task: str
    model: str
    guideline_version: int
    path: str
    texts: tuple[OfflineText, ...]
    most_dollars: float
    state: BatchState
    remote: str | None = None
    state_there: str | None = None
    answered: int = 0
    failed: int = 0
    cost: float = 0.0
    at: datetime


class OfflineStore(Protocol):
    """The offline batches of tasks."""

    def save(self, batch: OfflineBatch) -> None:
        """Insert or replace a batch."""
        ...

    def of(self, task: str) -> list[OfflineBatch]:
        """The task's batches, oldest first."""
        ...


def under_way(batches: Sequence[OfflineBatch]) -> Mapping[TextId, OfflineBatch]:
    """The texts that an endpoint has in an offline batch, each with its batch: they are not to be asked again."""
    return {text.text_id: batch for batch in batches if batch.state == "submitted" for text in batch.texts}
