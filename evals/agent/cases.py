"""A case: where the workspace stands, what the person does, and what must be true afterwards."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FOLDER = Path(__file__).parent / "cases"
Start = Literal["nothing", "pool", "task", "ran"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One thing that the person does."""

    say: str | None = Field(default=None, description="Send this message")
    answer: Literal["truth", "unsure"] | None = Field(
        default=None, description="Answer the borderline texts asked about"
    )
    label: int | None = Field(default=None, ge=1, description="Label what waits, in so many batches at most")
    decide: Literal["approve", "refuse"] | None = Field(default=None, description="Answer the card that waits")
    changes: dict[str, float] = Field(default_factory=dict, description="Numbers to change on the card")
    reason: str = Field(default="", description="Why the card is refused")

    @model_validator(mode="after")
    def _one_thing(self) -> "Step":
        given = [name for name in ("say", "answer", "label", "decide") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step is one of say, answer, label, decide; this is {given or 'none'}")
        return self


class Expected(_Strict):
    """What must be true at the end; what is left out is not looked at. Patterns are those of file names."""

    pools: int | None = None
    texts: int | None = Field(default=None, description="Texts of the one pool")
    tasks: int | None = None
    classes: list[str] = Field(default_factory=list, description="A pattern for each class of the newest task")
    positive: str | None = Field(default=None, description="A pattern for its positive class")
    definition: dict[str, str] = Field(default_factory=dict, description="Pattern of a class → words of its definition")
    guideline_version: int | None = Field(default=None, description="At least this version")
    labels: tuple[int, int] | None = Field(default=None, description="Training and gold labels, between these")
    sources: list[str] = Field(default_factory=list, description="A pattern for each who may have labeled")
    rounds: tuple[int, int] | None = Field(default=None, description="Rounds after the cold start, between these")
    oracle: str | None = None
    budget: float | None = None
    stop: list[str] = Field(default_factory=list, description="Rules of the task")
    files: list[str] = Field(default_factory=list, description="Patterns of files in the workspace")
    answers: list[str] = Field(default_factory=list, description="Regular expressions, each in some answer")
    last_answer: list[str] = Field(default_factory=list, description="Regular expressions, each in the last answer")
    never_said: list[str] = Field(default_factory=list, description="Regular expressions, none in any answer")
    calls: list[str] = Field(default_factory=list, description="Tools that are used")
    never_calls: list[str] = Field(default_factory=list, description="Tools that are not")
    pending: Literal["approval", "labels", "nothing"] = "nothing"


class Case(_Strict):
    """A user story. `model_calls` and `tool_calls` are what it takes when nothing is done in vain."""

    name: str
    story: str
    start: Start = "nothing"
    truth: dict[str, list[str]] = Field(
        default_factory=lambda: {"*baby*": ["baby care"]}, description="Pattern of a class → categories of the sample"
    )
    steps: list[Step] = Field(min_length=1)
    expected: Expected
    model_calls: int = Field(ge=1)
    tool_calls: int = Field(ge=0)


def load_cases(folder: Path = FOLDER) -> list[Case]:
    """All cases of a folder, in order of their files; raises ValidationError that names the mistake."""
    found = [
        Case.model_validate(one)
        for path in sorted(folder.glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    names = [case.name for case in found]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"cases of the same name: {', '.join(repeated)}")
    return found
