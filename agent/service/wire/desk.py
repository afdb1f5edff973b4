"""The labeling desk: what a person sees of a text, what she answers, and how people agree."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.service.wire.forms import NO_CONTROLS, Asked, example
from agent.service.wire.work import Estimate
from tools.engine.exchanged import LabelForm
from tools.task import DeskSpec

TextIdGiven = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]
_FROM_RECORDS = ConfigDict(from_attributes=True)
_HAND: dict[str, Any] = {
    "queue": ["5d41402abc4b2a76b971", "7d793037a0760186574b"],
    "items": [],
    "progress": {"answered": 42, "left": 18, "waiting": 20, "conflicts": 1},
}
_ESTIMATE = {"value": 0.71, "low": 0.55, "high": 0.84}


class DeskSettings(DeskSpec):
    """How people label the texts of a task; what is left out takes its usual value."""


class Sitting(Asked):
    """What a person has before her: the ids of the items that she need not be sent again."""

    ahead: int = Field(default=3, ge=1, le=50, description="Texts to hold for this person, the next one first")
    have: list[TextIdGiven] = Field(default_factory=list, max_length=100, description="Items that are loaded already")


class DeskAnswer(Sitting):
    """An answer to a text: a class, `unsure` or `skip`. `also` names near-duplicates that it holds for too."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "5d41402abc4b2a76b971",
                    "said": "baby care",
                    "note": None,
                    "seconds": 2.4,
                    "also": [],
                    "ahead": 3,
                    "have": ["7d793037a0760186574b", "e4da3b7fbbce2345d777"],
                }
            ]
        },
    )

    id: TextIdGiven
    said: str = Field(min_length=1, max_length=200)
    note: str | None = Field(default=None, max_length=2_000)
    seconds: float = Field(default=0.0, ge=0, le=86_400, description="How long the person looked at it")
    also: list[TextIdGiven] = Field(default_factory=list, max_length=100)


class DeskClass(BaseModel):
    """A class with its key on the desk."""

    model_config = _FROM_RECORDS

    key: str
    name: str
    definition: str
    examples: list[str]


class Suggestion(BaseModel):
    """What the model takes a text for."""

    model_config = example(label="baby care", confidence=0.64)

    label: str
    confidence: float


class Neighbor(BaseModel):
    """A text near another one, by cosine similarity; with its label, where it has one."""

    model_config = example(id="45c48cce2e2d7fbdea1a", text="NAPPIES SZ5 40PK", similarity=0.93, label="baby care")

    id: str
    text: str
    similarity: float
    label: str | None


class DeskItem(BaseModel):
    """A text to answer: why it was picked, near-duplicates that one answer may settle too, labeled texts like it."""

    model_config = example(
        id="5d41402abc4b2a76b971",
        text="NAPPIES SZ4 44PK",
        why="The model was torn between two classes.",
        suggestion=None,
        alike=[{"id": "c9f0f895fb98ab9159f5", "text": "NAPPIES SZ4 44 PK", "similarity": 0.98, "label": None}],
        similar=[{"id": "45c48cce2e2d7fbdea1a", "text": "NAPPIES SZ5", "similarity": 0.93, "label": "baby care"}],
        said=None,
        note=None,
    )

    id: str
    text: str
    why: str
    suggestion: Suggestion | None
    alike: list[Neighbor]
    similar: list[Neighbor]
    said: str | None = Field(description="What this person answered before: a class, unsure or skip")
    note: str | None


class DeskProgress(BaseModel):
    """Where the labeling stands: `waiting` texts have no label; when none is left the next model is trained."""

    model_config = example(answered=42, left=18, waiting=20, conflicts=1)

    answered: int = Field(description="Texts that this person answered")
    left: int = Field(description="Texts that this person can still answer")
    waiting: int = Field(description="Texts without a label: how many are left until the next model")
    conflicts: int = Field(description="Of these, texts on which people disagree")


class DeskHand(BaseModel):
    """The texts that are held for a person, in their order, and the items that she does not have yet."""

    model_config = example(**_HAND)

    queue: list[str]
    items: list[DeskItem]
    progress: DeskProgress


class DeskOpened(BaseModel):
    """The desk of a task: the classes with their keys, the settings, and the first texts."""

    model_config = example(
        task="baby-care",
        guideline_version=1,
        description="Find the baby care products.",
        classes=[{"key": "1", "name": "baby care", "definition": "Nappies, wipes, formula.", "examples": []}],
        settings={
            "overlap": 1,
            "suggestions": False,
            "blind_share": 0.2,
            "known_share": 0.0,
            "lease_seconds": 600,
        },
        hand=_HAND,
    )

    task: str
    guideline_version: int
    description: str
    classes: list[DeskClass]
    settings: DeskSettings
    hand: DeskHand


class DeskTaken(BaseModel):
    """What became of an answer, and what comes next; `stored` is 0 where the same answer was there already."""

    model_config = example(stored=1, hand=_HAND)

    stored: int
    hand: DeskHand


class DeskUndone(BaseModel):
    """The answer that was taken back, if there was one; its text comes first in the queue."""

    model_config = example(withdrawn="5d41402abc4b2a76b971", hand=_HAND)

    withdrawn: str | None = Field(description="Id of the text")
    hand: DeskHand


class DeskGiven(BaseModel):
    """What a person said of a text."""

    model_config = example(text_id="5d41402abc4b2a76b971", text="NAPPIES SZ4 44PK", said="baby care", note=None)

    text_id: str
    text: str
    said: str
    note: str | None


class Opinion(BaseModel):
    """What one person said of a text."""

    model_config = example(
        source="human:ada", outcome="label", label="baby care", note="for infants", at="2026-03-04T05:06:07Z"
    )

    source: str
    outcome: str
    label: str | None
    note: str | None
    at: datetime


class Conflict(BaseModel):
    """A text on which people disagree, with what each said, and how probable each class is by all votes."""

    model_config = example(
        id="5d41402abc4b2a76b971",
        text="BABY CARROTS 500G",
        votes=[],
        probabilities={"baby care": 0.4, "other": 0.6},
    )

    id: str
    text: str
    votes: list[Opinion]
    probabilities: dict[str, float]


class Decisions(Asked):
    """Decisions about texts in conflict, or about labels in doubt: text id → a class, `unsure` or `skip`."""

    labels: dict[TextIdGiven, Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=1_000, examples=[{"5d41402abc4b2a76b971": "baby care"}]
    )
    note: str | None = Field(default=None, max_length=2_000)


class Decided(BaseModel):
    """How many texts were decided, and how many are in conflict still."""

    model_config = example(decided=1, conflicts=0)

    decided: int
    conflicts: int


class AcceptConsensus(Asked):
    """Give the texts in conflict their likeliest class from this probability on."""

    at_least: float = Field(ge=0.5, le=1, examples=[0.9])


class DeskGroup(BaseModel):
    """Texts without a label that mean about the same, by cosine similarity to the first."""

    model_config = example(
        texts=[{"id": "5d41402abc4b2a76b971", "text": "NAPPIES SZ4 44PK", "similarity": 1.0, "label": None}],
        suggestion={"label": "baby care", "confidence": 0.64},
    )

    texts: list[Neighbor]
    suggestion: Suggestion | None = Field(description="What the model takes them for, where the task shows that")


class KnownAnswers(Asked):
    """Answers that are known, to check people by: text id → class."""

    labels: dict[TextIdGiven, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, max_length=10_000, examples=[{"5d41402abc4b2a76b971": "baby care"}]
    )
    from_gold: bool = Field(default=False, description="Take the labels of the gold sample for known too")


class Known(BaseModel):
    """How many answers are known."""

    model_config = example(known=12)

    known: int


class Annotator(BaseModel):
    """How one person labels; `accuracy` and `confusion` by Dawid & Skene, the latter by rows of the true class."""

    model_config = _FROM_RECORDS

    source: str
    answers: int
    unsure: int
    skipped: int
    accuracy: float | None
    confusion: list[list[float]]
    with_consensus: Estimate | None
    known: Estimate | None
    known_texts: int
    seconds: float | None


class Pair(BaseModel):
    """Two people on the texts that both answered, with Cohen's kappa."""

    model_config = _FROM_RECORDS

    first: str
    second: str
    texts: int
    agreed: int
    kappa: Estimate


class Bias(BaseModel):
    """How often people say what the model says, shown it and blind to it; `effect` is the difference."""

    model_config = _FROM_RECORDS

    shown: Estimate | None
    shown_texts: int
    blind: Estimate | None
    blind_texts: int
    effect: Estimate | None
    shown_seconds: float | None
    blind_seconds: float | None


class Agreement(BaseModel):
    """How people agree, over the `texts` that two or more answered; `alpha` is Krippendorff's, `fleiss` a kappa."""

    model_config = example(
        texts=60,
        votes=120,
        agreed=51,
        alpha=_ESTIMATE,
        fleiss=_ESTIMATE,
        fleiss_texts=60,
        fleiss_votes=2,
        pairs=[{"first": "human:ada", "second": "human:bob", "texts": 60, "agreed": 51, "kappa": _ESTIMATE}],
        annotators=[],
        bias={
            "shown": None,
            "shown_texts": 0,
            "blind": None,
            "blind_texts": 0,
            "effect": None,
            "shown_seconds": None,
            "blind_seconds": None,
        },
    )

    texts: int
    votes: int
    agreed: int
    alpha: Estimate | None
    fleiss: Estimate | None
    fleiss_texts: int
    fleiss_votes: int
    pairs: list[Pair]
    annotators: list[Annotator]
    bias: Bias


class LabelImport(Asked):
    """A file with labels from elsewhere, sent before to `/uploads`."""

    file: str = Field(min_length=1, max_length=500, examples=["export.json"])
    format: LabelForm = "csv"


class LabelsImported(BaseModel):
    """What a file brought: answers stored, those there already, and rows that could not be taken, with the reason."""

    model_config = example(
        stored=120, unchanged=0, known=10, unlabeled=3, people=["human:ada"], problems=["row 7: no text of the pool"]
    )

    stored: int
    unchanged: int
    known: int
    unlabeled: int
    people: list[str]
    problems: list[str]
