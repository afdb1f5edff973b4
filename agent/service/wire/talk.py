"""Conversations, their messages and turns."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agent.service.wire.activity import Job
from agent.service.wire.forms import NO_CONTROLS, Asked, Receipt, example
from tools.engine.records import TurnKind, TurnStatus

_CALL: dict[str, Any] = {"id": "b1946ac9x", "name": "delete_task", "args": {"task": "baby-care"}}
_MESSAGE: dict[str, Any] = {"id": "7f3e", "role": "assistant", "text": "", "calls": [_CALL]}


class NewConversation(Asked):
    """A conversation to begin."""

    title: str = Field(default="New conversation", min_length=1, max_length=200, pattern=NO_CONTROLS, examples=["Baby"])


class ConversationChange(Asked):
    """What of a conversation to change; what is left out stays."""

    title: str | None = Field(
        default=None, min_length=1, max_length=200, pattern=NO_CONTROLS, examples=["Baby care in receipts"]
    )
    archived: bool | None = None


class Conversation(BaseModel):
    """A conversation."""

    model_config = example(
        id="0d3c…", title="Baby care in receipts", owner="local", created_at="2026-03-04T05:06:07Z", archived=False
    )

    id: str
    title: str
    owner: str
    created_at: datetime
    archived: bool


class ToolCallShown(BaseModel):
    """A tool that an answer of the agent calls."""

    model_config = example(**_CALL)

    id: str
    name: str
    args: dict[str, JsonValue]


class Message(BaseModel):
    """A message of a conversation: by the person (`user`), the agent (`assistant`) or a tool.

    `calls` are the tools that the agent called for; `name` and `receipt` tell which tool answered what.
    """

    model_config = example(**_MESSAGE)

    id: str
    role: str
    text: str
    calls: list[ToolCallShown] = Field(default_factory=list)
    name: str | None = None
    receipt: Receipt | None = None


class Earlier(BaseModel):
    """Messages, oldest first; `more` says that there are earlier ones."""

    model_config = example(messages=[_MESSAGE], more=False)

    messages: list[Message]
    more: bool


class NewMessage(Asked):
    """What the person says."""

    text: str = Field(min_length=1, max_length=20_000, examples=["find the baby care products in sample:receipts"])


class Reply(Asked):
    """The answer to what it waits for: a decision about a card or a plan; nothing, once texts are labeled."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "approve", "changes": {"labels": 50}}]})

    decision: Literal["approve", "refuse"] | None = None
    changes: dict[str, float | int | None] | None = Field(
        default=None, description="Numbers to change, of those called editable", examples=[{"labels": 50}]
    )
    reason: str | None = Field(default=None, max_length=2_000, description="Why not; the agent heeds it")


class Turn(BaseModel):
    """What set the agent going; it runs when those before it are done."""

    model_config = example(id=7, conversation="0d3c…", kind="message", status="queued", at="2026-03-04T05:06:07Z")

    id: int
    conversation: str
    kind: TurnKind
    status: TurnStatus
    at: datetime


class Plan(BaseModel):
    """A plan of a run as it was proposed: its numbers, which may be changed, and all of it in words."""

    model_config = example(
        editable={"labels": 200, "batch": 20, "gold": 60}, words="label 200 texts, batches of 20, labeled by you"
    )

    editable: dict[str, float | int | None]
    words: str


class View(BaseModel):
    """A conversation as it stands: its messages, what it waits for from the person, its jobs, and whether it works.

    `pending` is what waits for the person: a card to decide on (its `kind` is `approval`), or texts to label (`kind` is
    `labels`, with `task` and how many `texts`). What `last` counts is in here: follow the events from there.
    `more` says that there are earlier messages.
    """

    model_config = example(
        conversation={
            "id": "0d3c6f2a",
            "title": "Baby care in receipts",
            "owner": "local",
            "created_at": "2026-03-04T05:06:07Z",
            "archived": False,
        },
        messages=[{"id": "turn-7", "role": "user", "text": "delete the task"}, _MESSAGE],
        pending={
            "kind": "approval",
            "call": "b1946ac9x",
            "tool": "delete_task",
            "title": "Delete the task 'baby-care'",
            "what": "141 labels and 6 models go with it. This cannot be undone.",
            "texts": 141,
            "dollars": None,
            "budget_left": None,
            "editable": {},
        },
        jobs=[],
        busy=False,
        last=41,
        more=False,
        replies=[],
    )

    conversation: Conversation
    messages: list[Message]
    pending: Receipt | None
    jobs: list[Job]
    busy: bool
    last: int
    more: bool = False
    replies: list[str] = Field(default_factory=list, description="Answers that it offers; say one of them, or else")
    plan: Plan | None = Field(default=None, description="The plan that it proposes, to be replied to like a card")
