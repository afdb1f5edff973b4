"""What a turn puts into the graph, given where its conversation stands; the same turn again puts in nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall
from langgraph.types import Command, StateSnapshot

from agent import approval, prompts
from agent.facts import texts_waiting
from agent.nodes import remembered, result
from agent.state import State, call_of, is_known, open_calls
from agent.toolbelt import BY_NAME
from tools.engine.errors import AskAgain
from tools.engine.records import Job, Turn
from tools.workbench import Workbench

YES = frozenset({"y", "yes", "ok", "okay", "approve", "approved", "go ahead", "do it", "yes please", "go", "sure"})
"""Whole messages that approve a card."""
Events = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a conversation stands: its state, what waits for the person, whether a step was begun and not ended."""

    state: State
    pending: Mapping[str, Any] | None
    interrupt: str | None
    unfinished: bool

    @classmethod
    def of(cls, snapshot: StateSnapshot) -> "Standing":
        """What a snapshot of the graph says."""
        asked = snapshot.interrupts[0] if snapshot.interrupts else None
        return cls(
            state=cast("State", snapshot.values),
            pending=None if asked is None else asked.value,
            interrupt=None if asked is None else asked.id,
            unfinished=bool(snapshot.next) and asked is None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What goes into the graph, None to go on with what is there, nothing with `runs` false; and the events of it."""

    value: State | Command[Any] | None = None
    runs: bool = True
    events: Events = ()


def turn_input(bench: Workbench, turn: Turn, standing: Standing) -> Given:
    """What this turn puts in, if it did not do so before it was cut off."""
    match turn.kind:
        case "message":
            return _message(bench, turn, standing)
        case "resume":
            return _answer(turn, standing)
        case "job":
            return _job(bench, bench.jobs.get(turn.payload["job"]), standing)


def answer_payload(bench: Workbench, standing: Standing, value: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of a turn that answers what waits; raises AskAgain when nothing does, or for a wrong answer."""
    pending = standing.pending
    if pending is None:
        raise AskAgain("Nothing waits for an answer in this conversation.")
    if pending["kind"] == "labels":
        left = texts_waiting(bench, pending["task"])
        if left:
            raise AskAgain(f"{left:,} texts of task {pending['task']!r} wait for a label. Label or skip them first.")
        return {"interrupt": standing.interrupt}
    decision = approval.read_decision({name: given for name, given in value.items() if name != "call"})
    approval.check_changes(BY_NAME[pending["tool"]], pending["editable"], decision)
    return {"call": pending["call"], **decision.model_dump()}


def asked_for(pending: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The event that tells of what waits for the person."""
    if pending["kind"] == "approval":
        return "approval.asked", {"card": pending}
    return "labels.wanted", {"task": pending["task"], "texts": pending["texts"]}


def _message(bench: Workbench, turn: Turn, standing: Standing) -> Given:
    message_id, text = f"turn-{turn.id}", str(turn.payload["text"])
    if is_known(standing.state, message_id):
        return Given(runs=standing.unfinished)
    said = [("message", {"id": message_id, "role": "user", "text": text})]
    pending = standing.pending
    if pending is not None and pending["kind"] == "approval":
        typed = {"content": text, "id": message_id}
        seen = turn.payload.get("card") == pending["call"]
        agreed = seen and text.strip().strip(".!").casefold() in YES
        value = {"decision": "approve"} if agreed else {"decision": "refuse", "reason": text[:2000]}
        events = [*said, ("approval.answered", {"call": pending["call"], **value})]
        return Given(value=Command(resume={standing.interrupt: {**value, "message": typed}}), events=events)
    entered: list[AnyMessage] = [*_closed(bench, standing), HumanMessage(text, id=message_id)]
    return Given(value={"messages": entered}, events=said)


def _answer(turn: Turn, standing: Standing) -> Given:
    pending = standing.pending
    if pending is None:
        return Given(runs=standing.unfinished)
    if pending["kind"] == "labels" and turn.payload.get("interrupt") == standing.interrupt:
        return Given(value=Command(resume={standing.interrupt: {"labels": "done"}}))
    if pending["kind"] == "approval" and turn.payload.get("call") == pending["call"]:
        value = {name: given for name, given in turn.payload.items() if name != "call"}
        return Given(
            value=Command(resume={standing.interrupt: value}),
            events=[("approval.answered", {"call": pending["call"], **value})],
        )
    return Given(runs=False)  # answered before, or by a message in the meantime


def _job(bench: Workbench, job: Job, standing: Standing) -> Given:
    """The result takes the place of "runs as a job", and a note says that it is there."""
    note_id = f"job-{job.id}"
    if is_known(standing.state, note_id):
        return Given(runs=standing.unfinished)
    receipt = _receipt(job)
    text = Template(prompts.load("job_ended").text).substitute(job=job.id, tool=job.kind, status=job.status)
    note = HumanMessage(text, id=note_id, additional_kwargs={"job": job.id, "tool": job.kind, "status": job.status})
    ended = result(job.id, job.kind, receipt)
    entered = State(
        messages=_closed(bench, standing),
        notes=[*standing.state.get("notes", []), note],
        facts=remembered(standing.state.get("facts", {}), job.kind, receipt),
    )
    if call_of(standing.state, job.id) is not None:
        entered["messages"].append(ended)
    else:  # the call was so long ago that the state has forgotten it
        call = ToolCall(name=job.kind, args=dict(job.args), id=job.id, type="tool_call")
        entered["notes"] = [*entered["notes"][:-1], AIMessage("", id=f"call-{job.id}", tool_calls=[call]), ended, note]
    if job.kind == "run_rounds" and receipt.get("stop", {}).get("rule") == "waiting":
        held = str(receipt.get("answers_held", 0))
        entered["waiting"] = {"task": str(receipt["task"]), "call": job.id, "held": held}
    return Given(value=entered)


def _closed(bench: Workbench, standing: Standing) -> list[AnyMessage]:
    """Results for calls that a fault left open, so that the conversation can go on; those of a card stay open."""
    if standing.pending is not None:
        return []
    lost = {"error": "A fault of LAUD's own; it may or may not be done. Look before doing it again."}
    return [
        result(str(call["id"]), call["name"], bench.conversations.tool_result(str(call["id"])) or lost)
        for call in open_calls(standing.state)
    ]


def _receipt(job: Job) -> dict[str, Any]:
    if job.status == "done":
        return dict(job.receipt or {})
    if job.status == "cancelled":
        return {"cancelled": "The job was stopped; what it did until then is kept."}
    return {"error": job.error or "The job failed."}
