"""The nouns of LAUD as frozen records: what is stored, passed between rooms and shown.

Texts are known by stable ids (a digest of their normal form), never by their place in an array.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType

TextId = NewType("TextId", str)
ModelId = NewType("ModelId", str)


# --- pool -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One distinct text of a pool.

    `copies` counts the rows folded into it (1 = no duplicate); `fields` holds the other columns of its first row.
    """

    id: TextId
    text: str
    copies: int = 1
    external_id: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row of an input that did not become a text: `row` counts from 1, as a person would count data rows."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A named pile of texts and the encoder its vectors come from."""

    name: str
    encoder: str
    texts: int
    created_at: datetime


# --- task -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDefinition:
    """A class of a task: its name, what belongs to it, and example texts."""

    name: str
    definition: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to learn from a pool.

    `positive` names a rare target class, if there is one; `rest` the class that takes whatever no other class does.
    `oracle`, `budget` (dollars) and `stop` (rules) are what a run takes when it is given no others.
    `guideline_version` counts the changes of description, classes and examples; it stands on every label.
    """

    name: str
    pool: str
    description: str
    classes: tuple[ClassDefinition, ...]
    positive: str | None = None
    rest: str | None = None
    oracle: str | None = None
    budget: float | None = None
    stop: tuple[str, ...] = ()
    guideline_version: int = 1

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order that codes and probability columns follow."""
        return tuple(c.name for c in self.classes)


# --- answers and labels ---------------------------------------------------------------------------------------------

Outcome = Literal["label", "unsure", "skip", "failed", "withdrawn"]
Role = Literal["seed", "train", "gold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an oracle said about one text.

    A failure is data too (`outcome="failed"`, cause in `note`), so one bad item never stops a batch. `confidence` is
    None where the oracle gives none: unknown is not zero. `cost` is in dollars.
    """

    text_id: TextId
    outcome: Outcome
    label: str | None = None
    confidence: float | None = None
    cost: float = 0.0
    seconds: float = 0.0
    source: str
    model: str | None = None
    prompt_hash: str | None = None
    note: str | None = None

    @property
    def said(self) -> str:
        """The label, or what was said in its place."""
        return self.label or self.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """An answer as it is kept: append-only, with why it was asked, when, and under which guideline."""

    answer: Answer
    role: Role
    round: int
    guideline_version: int
    at: datetime

    @property
    def text_id(self) -> TextId:
        """The text that the answer is about."""
        return self.answer.text_id


OpinionPurpose = Literal["vote", "repeat", "check", "adjudication", "known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one source, a person or a model, said of one text, whatever became of it; append-only.

    Of the opinions of one source with one purpose on a text the newest holds; `withdrawn` takes it back. A `vote` is
    counted towards the text's label, a `repeat` asks the same source again (`variant` says how: `order`,
    `paraphrase`), a `check` judges another source's answer, an `adjudication` decides a conflict, and `known` answers
    a text whose label is known already (those of source `key` are the known labels). `confidence` is as the source
    stated it. `suggested` is the class that was shown to a person as a suggestion, `withheld` the one that would have
    been shown had the text not been drawn to be answered blind. `cost` is in dollars.
    """

    text_id: TextId
    source: str
    purpose: OpinionPurpose
    outcome: Outcome
    label: str | None = None
    confidence: float | None = None
    cost: float = 0.0
    seconds: float = 0.0
    note: str | None = None
    model: str | None = None
    prompt_hash: str | None = None
    variant: str | None = None
    suggested: str | None = None
    withheld: str | None = None
    guideline_version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A text that was handed to a person to label; until it ends, nobody else gets that place of the text."""

    text_id: TextId
    person: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """How people label the texts of a task.

    Attributes:
        overlap: how many people answer each text before it has a label.
        suggestions: whether the model's class is shown with a text.
        blind_share: of the texts with a suggestion, the part drawn to be shown without it, so that the bias of shown
            suggestions can be measured.
        known_share: the part of what a person is given whose label is known, to check the person by.
        lease_seconds: how long a text stays with the person it was handed to.
        near_duplicates: whether texts that are nearly the same are offered together, for one decision.
    """

    overlap: int = 1
    suggestions: bool = False
    blind_share: float = 0.2
    known_share: float = 0.0
    lease_seconds: float = 600.0
    near_duplicates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A text that a query strategy chose, with the score that chose it (higher = wanted more)."""

    text_id: TextId
    score: float
    strategy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldItem:
    """A text of the gold sample; `weight` is the number of pool texts it stands for (inverse inclusion probability)."""

    text_id: TextId
    stratum: int
    weight: float


# --- scores ---------------------------------------------------------------------------------------------------------

Basis = Literal["gold", "cross-validated", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A score with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """Precision, recall and F1 of one class, and the number of judged texts that truly belong to it."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How good predictions are against known labels.

    `confusion[i][j]` counts texts of true class i predicted as j, in the order of `classes`. `average_precision` and
    `threshold` are set for a task with a positive class only. `basis` says what the labels were.
    """

    basis: Basis
    n: int
    classes: tuple[str, ...]
    accuracy: Estimate
    macro_f1: Estimate
    per_class: Mapping[str, ClassScore]
    confusion: tuple[tuple[int, ...], ...]
    positive: str | None = None
    threshold: float | None = None
    average_precision: Estimate | None = None


# --- rounds ---------------------------------------------------------------------------------------------------------


class RoundStatus(StrEnum):
    """How far a round has come; each is stored before the next step begins."""

    SELECTED = "selected"
    LABELED = "labeled"
    TRAINED = "trained"
    SCORED = "scored"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDecision:
    """Why a loop ended: the rule and a sentence with its numbers."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of the loop as stored; round 0 is the cold start.

    `labels` counts the training labels held when the round's model was trained, `oracle_calls` and `cost` what the
    round itself spent. `agreement` is Cohen's kappa of this model's pool predictions with those of the round before.
    """

    number: int
    status: RoundStatus
    strategy: str
    learner: str
    seed: int
    labels: int = 0
    oracle_calls: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    model_id: ModelId | None = None
    scores: Scores | None = None
    agreement: float | None = None
    stop: StopDecision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """A trained classifier on disk and what it was made from."""

    id: ModelId
    task: str
    round: int
    learner: str
    path: str
    classes: tuple[str, ...]
    guideline_version: int
    seed: int
    labels: int
    threshold: float | None
    created_at: datetime


# --- conversations, jobs, events, users -------------------------------------------------------------------------------

TurnKind = Literal["message", "resume", "job"]
TurnStatus = Literal["queued", "running", "done", "failed"]
JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
UserRole = Literal["owner", "annotator", "viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation with the agent; its messages are the agent's state, not part of the record."""

    id: str
    title: str
    owner: str
    created_at: datetime
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What set the agent going once: a person's message, the answer to what it asked, or a job that ended.

    `payload` is JSON. Turns of a conversation run in the order of their ids, one after the other.
    """

    id: int
    conversation: str
    kind: TurnKind
    payload: Mapping[str, Any]
    status: TurnStatus
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Heavy work that outlives whoever asked for it; `args` and `receipt` are JSON.

    `kind` names what is done, `conversation` where it was asked for, if in one. `error` is the message for the person.
    """

    id: str
    kind: str
    conversation: str | None
    args: Mapping[str, Any]
    status: JobStatus
    receipt: Mapping[str, Any] | None = None
    error: str | None = None
    at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Offsets grow and are never used again; `data` is JSON."""

    offset: int
    at: datetime
    kind: str
    conversation: str | None
    job: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may use the service. The token itself is not kept, only its digest."""

    name: str
    role: UserRole
    created_at: datetime
