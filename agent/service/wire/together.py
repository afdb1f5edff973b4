"""A model and people together: what each way costs, labels in doubt, and edits of a guideline."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from agent.service.wire.forms import example
from agent.service.wire.work import Estimate

_RIGHT: dict[str, Any] = {"value": 0.93, "low": 0.85, "high": 0.97}
_WAY: dict[str, Any] = {"who": "model", "quality": _RIGHT, "dollars": 0.05, "minutes": 4.0, "by_hand": 40}
_DISPUTED: dict[str, Any] = {"id": "5d41", "text": "soy milk", "said": "dairy", "truth": "other", "note": None}


class Way(BaseModel):
    """One way to get the labels."""

    model_config = example(**_WAY)

    who: Literal["model", "person", "both"]
    quality: Estimate = Field(description="Share of right labels, by what the checks take for right")
    dollars: float = Field(description="What the model costs")
    minutes: float = Field(description="What a person gives, checks included")
    by_hand: int = Field(description="Texts that a person labels, checks included")


class Benefit(BaseModel):
    """A model alone, a person alone, or both for a wanted quality."""

    model_config = example(
        oracle="llm:gpt-4o-mini", labels=400, wanted=0.95, ways=[_WAY], advice="Both: 95.0% right …", assumptions=[]
    )

    oracle: str
    labels: int = Field(description="For so many labels")
    wanted: float = Field(description="Share of right labels that is asked of both together")
    ways: list[Way]
    advice: str = Field(description="What the numbers come to")
    assumptions: list[str] = Field(description="What they rest on")


class Doubt(BaseModel):
    """A label that may be wrong."""

    model_config = example(
        id="5d41", text="soy milk", label="dairy", suggested="other", right=0.31, worth=True, source="llm:m", round=2
    )

    id: str
    text: str
    label: str
    suggested: str = Field(description="The class that the model finds likeliest beside it")
    right: float = Field(description="Probability that the label is right")
    worth: bool = Field(description="Whether a person's answer here is worth more than one on a new text")
    source: str
    round: int


class AgainBody(BaseModel):
    """Texts whose labels a person should give anew."""

    model_config = example(texts=["5d41402abc4b2a76b971"])

    texts: list[str] = Field(min_length=1, max_length=1_000)


class PutAgain(BaseModel):
    """How many labels were taken back and wait for a person."""

    model_config = example(put_again=3)

    put_again: int


class Disputed(BaseModel):
    """A text that the model called `said` and people `truth`."""

    model_config = example(**_DISPUTED)

    id: str
    text: str
    said: str
    truth: str
    note: str | None = Field(description="What a person wrote beside it")


class GuidelineEdit(BaseModel):
    """An edit to the definitions that the disagreements of model and people suggest."""

    model_config = example(
        edit="dairy>other", said="dairy", truth="other", diff="+  Not: soy", disagreements=[_DISPUTED], in_doubt=7
    )

    edit: str = Field(description="Its name, to accept it by")
    said: str
    truth: str
    diff: str = Field(description="What it would change")
    disagreements: list[Disputed] = Field(description="Why")
    in_doubt: int = Field(description="Labels that would be asked about again")


class AcceptEdits(BaseModel):
    """Names of the edits to make."""

    model_config = example(edits=["dairy>other"])

    edits: list[str] = Field(min_length=1, max_length=100)


class EditsAccepted(BaseModel):
    """The guideline's new version, and the labels that are asked about again."""

    model_config = example(guideline_version=3, requeued=7)

    guideline_version: int
    requeued: int
