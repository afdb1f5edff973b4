"""What is known of a task's oracles."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from agent.service.wire.forms import example
from agent.service.wire.work import Estimate

_RIGHT: dict[str, Any] = {"value": 0.93, "low": 0.85, "high": 0.97}


class ClassTrust(BaseModel):
    """How good an oracle is on one class; `wrong` and `missed` say that a share is lower than wanted, at 95 %."""

    model_config = example(
        name="baby care", answers=40, checked=22, right=_RIGHT, found=_RIGHT, wrong=False, missed=False
    )

    name: str
    answers: int = Field(description="Answers of the sample that name the class")
    checked: int = Field(description="Of these, those that a person judged")
    right: Estimate = Field(description="Share of the answers naming the class that are right")
    found: Estimate = Field(description="Share of the texts of the class that are named so")
    wrong: bool
    missed: bool


class ConfidenceStep(BaseModel):
    """Answers to the sample whose stated confidence is from `low` on, and the share right of the checked ones."""

    model_config = example(low=0.9, answers=120, checked=18, right=_RIGHT)

    low: float
    answers: int
    checked: int
    right: Estimate | None


class Steadiness(BaseModel):
    """What asking an oracle again has shown; an estimate is null where nothing was seen that tells."""

    model_config = example(
        repeats=60, agreement=_RIGHT, by_order=_RIGHT, by_paraphrase=_RIGHT, position=None, drift=None
    )

    repeats: int = Field(description="Texts asked about again")
    agreement: Estimate | None = Field(description="Share with the same answer")
    by_order: Estimate | None = Field(description="The same, with the classes in another order")
    by_paraphrase: Estimate | None = Field(description="The same, with the instruction worded otherwise")
    position: Estimate | None = Field(
        description="Of answers that another order changed, the share that went to a class listed earlier; 0.5 is fair"
    )
    drift: Estimate | None = Field(description="Agreement of the latest round minus that of the rounds before")


class OracleReport(BaseModel):
    """What the checks of an oracle proved, and how steady it is."""

    model_config = example(
        oracle="llm:gpt-4o-mini",
        verdict="use",
        advice="Use llm:gpt-4o-mini: by 40 checks, 93% (85% to 97%) of its answers are right.",
        sampled=300,
        checks=40,
        waiting=0,
        accuracy=_RIGHT,
        classes=[],
        threshold=None,
        share=None,
        confidence=[{"low": 0.9, "answers": 120, "checked": 18, "right": _RIGHT}],
        steadiness={
            "repeats": 0, "agreement": None, "by_order": None, "by_paraphrase": None, "position": None, "drift": None
        },
    )  # fmt: skip

    oracle: str
    verdict: Literal["use", "above", "not", "more"] | None = Field(
        description="Use it, use it above a confidence, do not, or check more; null before the first check"
    )
    advice: str = Field(description="The same in words")
    sampled: int = Field(description="Texts it answered to be judged by")
    checks: int = Field(description="Of these, those that a person judged")
    waiting: int = Field(description="Of these, those that wait for a person")
    accuracy: Estimate | None = Field(description="How often it is right")
    classes: list[ClassTrust]
    threshold: float | None = Field(description="The calibrated confidence from which on it is to be used")
    share: float | None = Field(description="Part of its answers that reach the threshold")
    confidence: list[ConfidenceStep] = Field(
        default_factory=list, description="What its stated confidences are worth, from low to high"
    )
    steadiness: Steadiness
