"""Errors."""

from pydantic import BaseModel, Field

from agent.service.wire.forms import Receipt, example


class Mistake(BaseModel):
    """One field that was wrong."""

    at: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457). `detail` says what happened and what to do next; `kind` is LAUD's name for it."""

    model_config = example(
        type="about:blank",
        title="Not Found",
        status=404,
        detail="There is no pool 'x'. There are: 'receipts'. Adding a file makes one.",
        kind="UnknownName",
        mistakes=[],
        card=None,
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    kind: str | None = None
    mistakes: list[Mistake] = Field(default_factory=list)
    card: Receipt | None = Field(default=None, description="What would be done, where approval is needed first")
