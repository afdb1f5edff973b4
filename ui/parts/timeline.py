"""A conversation as what a person sees: what was said, what was done, the rounds that closed, what is at work.

Made anew from what the service says each time; nothing here is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.service import wire

State = Literal["running", "done", "failed"]
ENDS = frozenset({"turn.finished", "turn.failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Words of the person (`mine`) or of LAUD; `whole` is false while they are being written."""

    text: str
    mine: bool
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A tool that LAUD used: with what, and what came of it."""

    tool: str
    args: Mapping[str, Any]
    state: State
    receipt: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCard:
    """A round that closed, and the one before it."""

    task: str
    card: Mapping[str, Any]
    before: Mapping[str, Any] | None


Block = Said | Step | RoundCard


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened since the view was made, as far as it is not in it yet."""

    draft: str = ""
    rounds: Sequence[Mapping[str, Any]] = ()
    stage: wire.Stage | None = None
    failure: str | None = None


@dataclass(slots=True)
class _Shown:
    """The rounds that stand in the timeline already, by task."""

    rounds: dict[str, dict[int, Mapping[str, Any]]] = field(default_factory=dict)

    def new(self, task: str, cards: Sequence[Mapping[str, Any]]) -> list[RoundCard]:
        known = self.rounds.setdefault(task, {})
        made = []
        for card in cards:
            number = int(card["round"])
            if number not in known and card.get("status") == "closed":
                made.append(RoundCard(task=task, card=card, before=known.get(number - 1)))
                known[number] = card
        return made


def blocks(view: wire.View, news: News) -> list[Block]:
    """The conversation from top to bottom."""
    receipts = {one.id.removeprefix("result-"): one.receipt or {} for one in view.messages if one.role == "tool"}
    running = {job.id for job in view.jobs}
    shown = _Shown()
    made: list[Block] = []
    for message in view.messages:
        if message.role in {"user", "assistant"} and message.text:
            made.append(Said(text=message.text, mine=message.role == "user"))
        for call in message.calls:
            receipt = receipts.get(call.id, {})
            waits = view.pending is not None and view.pending.get("call") == call.id
            if not waits:
                state = _state(receipt, at_work=call.id in running or (view.busy and call.id not in receipts))
                made.append(Step(tool=call.name, args=call.args, state=state, receipt=receipt))
            if call.name == "run_rounds":
                made += shown.new(str(receipt.get("task", call.args.get("task"))), receipt.get("rounds", ()))
    for data in news.rounds:
        made += shown.new(str(data["task"]), [data["round"]])
    if news.draft:
        made.append(Said(text=news.draft, mine=False, whole=False))
    return made


def news_of(events: Sequence[wire.Event], view: wire.View) -> News:
    """What these events, of the conversation's latest turns, tell beyond the view."""
    whole = {one.id for one in view.messages}
    drafts: dict[str, str] = {}
    rounds: list[Mapping[str, Any]] = []
    stage: wire.Stage | None = None
    failure: str | None = None
    at_work = {job.id for job in view.jobs}
    for event in events:
        data: Any = event.data
        match event.kind:
            case "turn.started":
                drafts, failure = {}, None
            case "token":
                drafts[data["message"]] = drafts.get(data["message"], "") + data["text"]
            case "message" if data.get("role") == "assistant" and data["id"] not in whole:
                drafts[data["id"]] = data["text"]
            case "round.closed":
                rounds.append(data)
            case "job.progress" if event.job in at_work:
                stage = wire.Stage(stage=data["stage"], done=data["done"], total=data["total"])
            case "turn.failed":
                drafts, failure = {}, str(data["error"])
            case "turn.finished":
                drafts = {}
            case _:
                pass
    draft = "\n\n".join(text for message, text in drafts.items() if message not in whole)
    return News(draft=draft if view.busy else "", rounds=rounds, stage=stage, failure=failure)


def _state(receipt: Mapping[str, Any], *, at_work: bool) -> State:
    if at_work:
        return "running"
    return "failed" if "error" in receipt else "done"
