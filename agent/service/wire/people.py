"""Users, what they send, and whether the service is well."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from agent.service.wire.forms import Asked, example
from tools.engine.records import UserRole

LOGGED_IN = "X-LAUD-User"
"""The header by which the web page says who has logged in there, percent-encoded; believed with its token only."""


class Upload(BaseModel):
    """A file that was sent; name it by `file` in requests and conversations."""

    model_config = example(file="receipts.csv", bytes=48_213)

    file: str
    bytes: int


class Preview(BaseModel):
    """The beginning of a file: its columns, some rows, and the column that seems to hold the texts, if one does."""

    model_config = example(
        columns=["id", "text"],
        rows=[["1", "NAPPIES SZ4 44PK"]],
        rows_seen=1_000,
        more=True,
        text_column="text",
        notes=[],
    )

    columns: list[str]
    rows: list[list[str]]
    rows_seen: int
    more: bool = Field(description="Whether the file has more rows than were looked at")
    text_column: str | None
    notes: list[str] = Field(default_factory=list, description="How it is read, where that is not plain")


UserName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w][\w .@+\-]*$", examples=["ada"])]


class NewUser(Asked):
    """A user to add."""

    name: UserName
    role: UserRole = Field(description="viewer reads, annotator also labels, owner does everything")


class User(BaseModel):
    """Who may use the service."""

    model_config = example(name="ada", role="annotator", created_at="2026-03-04T05:06:07Z")

    name: str
    role: UserRole
    created_at: datetime


class Token(BaseModel):
    """A new user's token. It is shown this once; only its digest is kept."""

    model_config = example(name="ada", role="annotator", token="laud_…")  # noqa: S106 - an example

    name: str
    role: UserRole
    token: str


class Health(BaseModel):
    """Whether the service is well."""

    model_config = example(status="ok", version="0.2.0", chat="gpt-4o-mini", llm=True, max_upload=1 << 30)

    status: Literal["ok"] = "ok"
    version: str
    chat: str = Field(description="Who answers in conversations: the model, or `interpreter`")
    llm: bool = Field(description="Whether a language model is set, so that it can be an oracle")
    max_upload: int = Field(default=1 << 30, description="Bytes of a file that is sent, at most")
