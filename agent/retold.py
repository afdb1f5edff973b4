"""What was said and done in a conversation, told again from its events: its state forgets the oldest of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent.conversation import Said
from agent.data_blocks import read_block, write_block
from agent.nodes import NOT_ALLOWED
from tools.engine.errors import AskAgain
from tools.engine.records import Event
from tools.workbench import Workbench

KINDS = (
    "message",
    "tool.started",
    "tool.finished",
    "approval.asked",
    "approval.answered",
    "job.finished",
    "job.failed",
    "job.cancelled",
)


def is_cut(bench: Workbench, conversation: str, first: str) -> bool:
    """Whether anything was said in a conversation before the message of that id."""
    found = bench.events.read("message", conversation=conversation, limit=1)
    return bool(found) and found[0].data["id"] != first


def earlier(bench: Workbench, conversation: str, *, before: str | None, limit: int) -> tuple[list[Said], bool]:
    """The last `limit` messages before the one of that id, or of all; and whether there are more before them.

    Raises UnknownName, and AskAgain for a message that the conversation does not have.
    """
    bench.conversations.get(conversation)
    told = retold(bench.events.read(*KINDS, conversation=conversation, limit=None))
    end = len(told)
    if before is not None:
        end = next((at for at, one in enumerate(told) if one.id == before), -1)
    if end < 0:
        raise AskAgain(f"The conversation has no message {before!r}. Take the id of one that it shows.")
    start = max(0, end - limit)
    return told[start:end], start > 0


def retold(events: Iterable[Event]) -> list[Said]:
    """The messages that these events tell of, each once and in order; a call came to what it came to last."""
    found: dict[str, Said] = {}
    for event in events:
        for one in _said(event):
            found[one.id] = one
    return list(found.values())


def _said(event: Event) -> Iterator[Said]:
    data: Any = event.data
    match event.kind:
        case "message":
            yield Said(id=str(data["id"]), role=str(data["role"]), text=str(data["text"]))
        case "tool.started":
            yield _call(data["call"], data["name"], data["args"])
        case "approval.asked":
            yield _call(data["card"]["call"], data["card"]["tool"], {})
        case "approval.answered" if data["decision"] == "refuse":
            yield _result(data["call"], None, {"error": NOT_ALLOWED})
        case "tool.finished":
            yield _result(data["call"], data["name"], data["receipt"])
        case "job.finished" | "job.failed" | "job.cancelled":
            yield _result(
                event.job, data["kind"], data.get("receipt") or {"error": data.get("error", "It was stopped.")}
            )
            yield Said(id=f"job-{event.job}", role="job", text="")
        case _:
            pass


def _call(call: str, name: str, args: Mapping[str, Any]) -> Said:
    return Said(id=f"call-{call}", role="assistant", text="", calls=({"id": call, "name": name, "args": args},))


def _result(call: str | None, name: str | None, receipt: Mapping[str, Any]) -> Said:
    """What a call came to, cut like that of a message which the state still holds."""
    return Said(
        id=f"result-{call}", role="tool", text="", name=name, receipt=read_block(write_block(name or "", receipt))
    )
