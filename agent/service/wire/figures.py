"""What figures of results are drawn from: the map of a pool, reliability, random labels, advice, a label's origin."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from agent.service.wire.forms import example
from agent.service.wire.work import Estimate

_ESTIMATE = {"value": 0.71, "low": 0.55, "high": 0.84}
_MARKS: dict[str, Any] = {"x": [0.21, 0.6], "y": [0.4, 0.81], "count": [31, 4], "group": [1, 0], "value": [0.1, 0.7]}
_TEXT: dict[str, Any] = {
    "id": "5d41402abc4b2a76b971",
    "text": "NAPPIES SZ4 44PK",
    "predicted": "baby care",
    "probability": 0.64,
    "label": None,
    "round": None,
}
_BIN: dict[str, Any] = {"confidence": 0.64, "holds": _ESTIMATE, "texts": 12}
_POINT: dict[str, Any] = {"labels": 32, "scores": {"f1": _ESTIMATE}}
_RULE: dict[str, Any] = {"rule": "labels=300", "holds": False, "says": "91 of 300 training labels are held"}
_SAID: dict[str, Any] = {
    "kind": "label",
    "source": "human:ada",
    "outcome": "label",
    "label": "baby care",
    "confidence": None,
    "cost": 0.0,
    "guideline_version": 1,
    "at": "2026-03-04T05:06:07Z",
    "note": None,
    "model": None,
    "prompt": None,
    "variant": None,
}
_PICKED: dict[str, Any] = {
    "round": 3,
    "strategy": "diverse-margin",
    "score": 0.93,
    "probabilities": {"baby care": 0.52, "other": 0.48},
    "why": "The model was torn about it, and it stands for a group of such texts.",
}


class Marks(BaseModel):
    """The marks of a map, in columns of the same length: the largest first."""

    model_config = example(**_MARKS)

    x: list[float] = Field(description="From the left, 0 to 1")
    y: list[float] = Field(description="From below, 0 to 1")
    count: list[int] = Field(description="Texts that the mark stands for")
    group: list[int] = Field(description="Place of their group among the names, -1 for texts without one")
    value: list[float] = Field(description="How torn the model is in the mean: 0 sure, 1 two classes equally likely")


class PoolMap(BaseModel):
    """A part of the map of a pool; `ready` is false while the map is being laid out, which happens once for a pool."""

    model_config = example(
        ready=True,
        color="prediction",
        texts=35,
        pool=1_596,
        binned=True,
        names=["baby care", "other"],
        marks=_MARKS,
    )

    ready: bool
    color: Literal["prediction", "label", "uncertainty", "round"]
    texts: int = Field(default=0, description="Texts in this part")
    pool: int = Field(default=0, description="Texts of the pool")
    binned: bool = Field(default=False, description="Whether marks stand for several texts")
    names: list[str] = Field(default_factory=list, description="What the groups of the marks are")
    marks: Marks | None = None


class MapText(BaseModel):
    """A text of the map, with what the model calls it and its label."""

    model_config = example(**_TEXT)

    id: str
    text: str
    predicted: str
    probability: float
    label: str | None
    round: int | None


class MapTexts(BaseModel):
    """Texts in a part of the map, those without a label first, least sure first."""

    model_config = example(total=35, judging=2, classes={"baby care": 4, "other": 31}, texts=[_TEXT])

    total: int
    judging: int = Field(description="Texts of the gold sample in this part, which are not shown")
    classes: dict[str, int] = Field(description="Texts in this part by what the model calls them")
    texts: list[MapText]


class ReliabilityBin(BaseModel):
    """Texts that the model is about equally sure of, and the share of them that it holds for."""

    model_config = example(**_BIN)

    confidence: float
    holds: Estimate
    texts: int


class Reliability(BaseModel):
    """Whether probabilities mean what they say: by bins, and the mean `gap` between the two."""

    model_config = example(positive="baby care", basis="gold", judged=100, gap=0.03, bins=[_BIN])

    positive: str | None = Field(description="The class whose probability it is; null for that of the class given")
    basis: Literal["gold", "cross-validated"]
    judged: int
    gap: float
    bins: list[ReliabilityBin]


class RandomPoint(BaseModel):
    """Scores with so many labels of texts drawn at random."""

    model_config = example(**_POINT)

    labels: int
    scores: dict[str, Estimate]


class RandomLine(BaseModel):
    """The learning curve of random labels, measured or estimated; `ready` is false while it is being estimated."""

    model_config = example(
        ready=True, how="estimated", task="baby-care", learner="head", judged=100, draws=5, points=[_POINT]
    )

    ready: bool
    how: Literal["measured", "estimated"] | None = None
    task: str | None = Field(default=None, description="The task whose rounds or gold sample it comes from")
    learner: str | None = None
    judged: int = 0
    draws: int = Field(default=0, description="Draws for each number of labels")
    points: list[RandomPoint] = Field(default_factory=list)


class Outlook(BaseModel):
    """How a stopping rule stands; one that `holds` would end the loop."""

    model_config = example(**_RULE)

    rule: str
    holds: bool
    says: str


class StopAdvice(BaseModel):
    """Whether to go on, with the reasons."""

    model_config = example(
        verdict="go on",
        says="No sign that it is done: F1 is 0.77, and more labels may raise it.",
        rules=[_RULE],
        hints=[],
    )

    verdict: Literal["label", "stop", "go on"]
    says: str
    rules: list[Outlook]
    hints: list[str]


class PickedFor(BaseModel):
    """Why a text was picked in a round, and what the model that stood then thought of it."""

    model_config = example(**_PICKED)

    round: int
    strategy: str
    score: float
    probabilities: dict[str, float]
    why: str


class Said(BaseModel):
    """One answer about a text, as it was kept."""

    model_config = example(**_SAID)

    kind: str = Field(description="`label` for one that became the label, else what the opinion was for")
    source: str
    outcome: str
    label: str | None
    confidence: float | None
    cost: float
    guideline_version: int
    at: datetime
    note: str | None
    model: str | None
    prompt: str | None = Field(description="Digest of the prompt that a model was asked with")
    variant: str | None


class Origin(BaseModel):
    """Where a text's label comes from: why it was picked, all answers, and the models that learnt from it."""

    model_config = example(
        id="5d41402abc4b2a76b971",
        text="NAPPIES SZ4 44PK",
        label="baby care",
        source="human:ada",
        purpose="learn",
        picked=_PICKED,
        said=[_SAID],
        models=["baby-care-3f2a-round-003"],
    )

    id: str
    text: str
    label: str | None
    source: str | None
    purpose: Literal["judge", "learn", "none"]
    picked: PickedFor | None
    said: list[Said]
    models: list[str]
