"""What the tools answer: drafts, estimates, and accounts of what was changed."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from agent.service.wire.desk import DeskSettings
from agent.service.wire.forms import example, open_example
from agent.service.wire.work import TaskClass

Range = Annotated[list[float], Field(min_length=2, max_length=2)]
"""The low and the high end of what is to be expected; a list, which every reader of schemas takes."""
Counts = Annotated[list[int], Field(min_length=2, max_length=2)]
"""The same of whole numbers."""


_CLASSES: list[dict[str, Any]] = [
    {"name": "baby care", "definition": "Nappies, wipes, formula.", "examples": ["NAPPIES SZ4 44PK"]},
    {"name": "other", "definition": "", "examples": []},
]
_QUESTION: dict[str, Any] = {
    "id": "5d41402abc4b2a76b971",
    "text": "BABY CARROTS 500G",
    "why": "The zero-shot pass gives it 0.52 for 'baby care'.",
    "choices": ["baby care", "other"],
}


class Question(BaseModel):
    """A borderline text whose answer matters: which class does it belong to?"""

    model_config = example(**_QUESTION)

    id: str
    text: str
    why: str
    choices: list[str]


class Proposal(BaseModel):
    """A draft of a task; nothing of it is stored. `expected_share` is the share of the pool that a class may have."""

    model_config = open_example(
        pool="receipts",
        name="baby-care",
        description="Find the baby care products.",
        classes=_CLASSES,
        positive="baby care",
        expected_share={"baby care": [0.01, 0.05], "other": [0.95, 0.99]},
        questions=[_QUESTION],
        notes=["Read as: find 'baby care'; all the rest is 'other'."],
    )

    pool: str
    name: str
    description: str
    classes: list[TaskClass]
    positive: str | None
    expected_share: dict[str, Range]
    questions: list[Question]
    notes: list[str] = Field(default_factory=list)


class TaskSet(BaseModel):
    """A task as it is set now, and the texts whose answers would make it plainer."""

    model_config = open_example(
        task="baby-care",
        pool="receipts",
        description="Find the baby care products.",
        guideline_version=1,
        classes=_CLASSES,
        positive="baby care",
        rest="other",
        oracle=None,
        budget=None,
        stop=["precision>=0.95"],
        desk={"overlap": 1, "suggestions": False, "blind_share": 0.2, "known_share": 0.0, "lease_seconds": 600.0},
        requeued=0,
        questions=[_QUESTION],
    )

    task: str
    pool: str
    description: str
    guideline_version: int
    classes: list[TaskClass]
    positive: str | None
    rest: str | None
    oracle: str | None
    budget: float | None
    stop: list[str]
    desk: DeskSettings
    requeued: int = Field(description="Labels that accepted edits put in doubt: the next run asks about them again")
    questions: list[Question]


class Answered(BaseModel):
    """What became of answers to questions: a new version of the guideline, and labels."""

    model_config = open_example(task="baby-care", guideline_version=2, labels=3, classes=_CLASSES)

    task: str
    guideline_version: int
    labels: int
    classes: list[TaskClass]


class RunEstimate(BaseModel):
    """What a run would take, from low to high; `dollars` is null where no price is known."""

    model_config = open_example(
        task="baby-care",
        oracle="llm",
        calls=[260, 404],
        gold_calls=60,
        sample=300,
        labels=[200, 200],
        dollars=[0.03, 0.05],
        seconds=[60, 180],
        by_hand=[20, 100],
        minutes=[2, 10],
        minutes_by_hand=[18, 48],
        budget_left=2.0,
        stop=["labels=200"],
        assumptions=["The price is that of gpt-4o-mini."],
    )

    task: str
    oracle: str
    calls: Counts
    gold_calls: int
    sample: int = Field(description="Texts on top of the calls, which the oracle answers only to be checked")
    labels: Counts
    dollars: Range | None
    seconds: Range
    by_hand: Counts = Field(description="Labels and checks that the run asks of a person")
    minutes: Range = Field(description="Minutes that these take")
    minutes_by_hand: Range = Field(description="Minutes that all calls would take a person")
    budget_left: float | None
    stop: list[str]
    assumptions: list[str]


class Labeled(BaseModel):
    """How many labels were stored, how many were there already, and how many texts wait still."""

    model_config = example(task="baby-care", stored=20, unchanged=0, waiting=40)

    task: str
    stored: int
    unchanged: int
    waiting: int


class TakenBack(BaseModel):
    """A label that was taken back."""

    id: str
    text: str
    label: str


class Undone(BaseModel):
    """The labels that were taken back, the latest first, and how many texts wait now."""

    model_config = example(
        task="baby-care",
        withdrawn=[{"id": "5d41402abc4b2a76b971", "text": "BABY CARROTS 500G", "label": "baby care"}],
        waiting=41,
    )

    task: str
    withdrawn: list[TakenBack]
    waiting: int


class Deleted(BaseModel):
    """What went with a task."""

    model_config = example(task="baby-care", labels=141, models=6)

    task: str
    labels: int
    models: int


class ExportMade(BaseModel):
    """The files that were written."""

    model_config = example(task="baby-care", out="…/exports/baby-care", paths=["…/exports/baby-care/labels.csv"])

    task: str
    out: str
    paths: list[str]
