"""A conversation as what a person sees: what was said, what was done, the rounds that closed, what is at work.

Made anew from what the service says each time; nothing here is kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from agent.service import wire

SHORTEST_PACE = 0.5
"""Seconds of a stage from which nothing is foretold."""
OFFERS = re.compile(r"\s*^You can say:\n(?:  \d+\. .+\n?)+\Z", re.MULTILINE)
"""The end of an answer that lists what can be said next: the page has a button for each."""
PLAN = re.compile(r"\s*^Plan: .*\n?(?:Say yes .*)?\Z", re.MULTILINE)
"""The end of an answer that proposes a plan: it stands on a card."""
State = Literal["running", "done", "failed"]


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
    """A round that closed, the one before it, and why texts were picked for it, where that was asked."""

    task: str
    card: Mapping[str, Any]
    before: Mapping[str, Any] | None

    why: Sequence[Mapping[str, Any]] = ()

    @property
    def number(self) -> int:
        """Which round of the task it is, from 0."""
        return int(self.card["round"])


Block = Said | Step | RoundCard


@dataclass(slots=True, kw_only=True)
class Feed:
    """What the events of a conversation tell beyond its view, gathered as they come.

    `after` is the offset to read on from. A new tab begins some way back, so that it also knows the first words of an
    answer that is being written. `stage` is that of the job at work, and `left` the seconds that it still takes.
    """

    after: int
    drafts: dict[str, str] = field(default_factory=dict)
    stage: wire.Stage | None = None
    failure: str | None = None
    left: float | None = None
    _began: tuple[int, datetime] | None = None

    def take(self, events: wire.Events) -> None:
        """Take the next page of events."""
        for event in events.events:
            self._one(event)
        self.after = max(self.after, events.last)

    def draft(self, view: wire.View) -> str:
        """What is being written now."""
        whole = {one.id for one in view.messages}
        return "\n\n".join(text for message, text in self.drafts.items() if message not in whole) if view.busy else ""

    def _one(self, event: wire.Event) -> None:
        data: Any = event.data
        match event.kind:
            case "turn.started":
                self.drafts, self.failure = {}, None
            case "token":
                self.drafts[data["message"]] = self.drafts.get(data["message"], "") + data["text"]
            case "message" if data.get("role") == "assistant":
                self.drafts[data["id"]] = data["text"]
            case "turn.failed":
                self.drafts, self.failure = {}, str(data["error"])
            case "turn.finished":
                self.drafts = {}
            case "job.progress":
                self._progress(wire.Stage(stage=data["stage"], done=data["done"], total=data["total"]), event.at)
            case "job.started" | "job.queued" | "job.finished" | "job.failed" | "job.cancelled":
                self.stage, self.left = None, None
            case _:
                pass

    def _progress(self, stage: wire.Stage, at: datetime) -> None:
        """Note how far the job is, and how long the rest of this stage takes at the pace so far."""
        if self.stage is None or self.stage.stage != stage.stage:
            self._began = (stage.done, at)
        self.stage, self.left = stage, None
        first, since = self._began or (stage.done, at)
        passed = (at - since).total_seconds()
        if stage.total is not None and stage.done > first and passed > SHORTEST_PACE:
            self.left = (stage.total - stage.done) * passed / (stage.done - first)


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


def blocks(
    view: wire.View, draft: str = "", rounds: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> list[Block]:
    """The conversation from top to bottom; `rounds` are the cards of each task's rounds while a run is at work."""
    receipts: dict[str, dict[str, Any]] = {
        one.id.removeprefix("result-"): one.receipt or {} for one in view.messages if one.role == "tool"
    }
    running = {job.id: job for job in view.jobs}
    shown = _Shown()
    made: list[Block] = []
    for message in view.messages:
        if message.role in {"user", "assistant"} and message.text:
            mine = message.role == "user"
            text = message.text if mine else OFFERS.sub("", message.text)
            if view.plan is not None and message is view.messages[-1]:
                text = PLAN.sub("", text)
            if text.strip():
                made.append(Said(text=text, mine=mine))
        for call in message.calls:
            receipt = receipts.get(call.id, {})
            if view.pending is not None and view.pending.get("call") == call.id:
                continue  # it stands on the card
            at_work = call.id in running or (view.busy and call.id not in receipts)
            made.append(Step(tool=call.name, args=call.args, state=_state(receipt, at_work=at_work), receipt=receipt))
            if call.name == "run_rounds":
                task = str(receipt.get("task", call.args.get("task")))
                made += shown.new(task, receipt.get("rounds", ()))
    for task, cards in (rounds or {}).items():
        made += shown.new(task, cards)
    if draft:
        made.append(Said(text=draft, mine=False, whole=False))
    return made


def runs_of(view: wire.View) -> list[str]:
    """The tasks whose loop is at work for this conversation."""
    return [str(job.args["task"]) for job in view.jobs if job.kind == "run_rounds" and "task" in job.args]


def _state(receipt: Mapping[str, Any], *, at_work: bool) -> State:
    if at_work:
        return "running"
    return "failed" if "error" in receipt else "done"
