"""The nodes of the graph: think, approve, await_labels, tools.

An interrupt stands in a node of its own, since that node runs again from its start when the person has answered.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import uuid4

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolCall, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agent import approval, prompts
from agent.arguments import StopJob
from agent.calls import Ready, changing, key, ready
from agent.data_blocks import write_block
from agent.facts import texts_waiting
from agent.model import Chat, new_call_id
from agent.model_faults import ChatUnavailable, TooLong
from agent.places import Places
from agent.prompting import LONGEST, oldest, prompt
from agent.state import State, call_of, open_calls, stretch
from agent.toolbelt import BY_NAME
from tools.engine.errors import AskAgain, LaudError
from tools.engine.records import Job
from tools.workbench import Workbench

SHORTEST = LONGEST // 8
"""Characters of a conversation below which no model is asked to do with less."""
MOST_ANSWERS = 20
"""Answers of the model to one message from outside; a model that goes on and on is stopped then."""
MOST_FAILURES = 3
"""The same call that fails so many times in a row is not done again."""
MOST_MESSAGES = 120
"""Messages that the state holds, since each step stores them all; the events keep everything."""
SECONDS_BETWEEN_TOKENS = 0.1
NOT_ALLOWED = "The person did not allow this; nothing was done."
Emit = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who is told of what happens while the graph runs, and whose labels it stores, where that is known."""

    emit: Emit
    person: str | None = None


class JobQueue(Protocol):
    """What the graph needs of the queue of jobs."""

    def submit(self, job: str, kind: str, args: Mapping[str, Any], conversation: str | None = None) -> Job:
        """Queue a job; the same id again changes nothing."""
        ...

    def cancel(self, job: str) -> Job:
        """Stop a job."""
        ...


class Tokens:
    """Pieces of an answer, put together so that an event comes about ten times a second.

    An answer that comes faster than that makes none; the message follows anyway.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._held: tuple[str, str] = ("", "")
        self._said_at = time.monotonic()

    def __call__(self, message: str, text: str) -> None:
        """Take a piece of the message of that id; what is held of another one is dropped, it was given up."""
        held = self._held[1] if message == self._held[0] else ""
        self._held = (message, held + text)
        if time.monotonic() - self._said_at >= SECONDS_BETWEEN_TOKENS:
            self._said_at = time.monotonic()
            self._emit("token", {"message": message, "text": self._held[1]})
            self._held = (message, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The nodes, over an open workbench, a chat model and the queue of jobs."""

    bench: Workbench
    chat: Chat
    jobs: JobQueue
    places: Places

    # --- the model ----------------------------------------------------------------------------------------------------

    def think(self, state: State, runtime: Runtime[Listener]) -> State:
        """The model's next answer. Raises ChatUnavailable."""
        emit = _listener(runtime).emit
        notes = state.get("notes", [])
        messages = [*state.get("messages", []), *notes]
        answer = self._ask(state, messages, Tokens(emit))
        answer.response_metadata = {"model": self.chat.name, "prompt": prompts.load("system").hash}
        if answer.text:
            emit("message", {"id": answer.id, "role": "assistant", "text": answer.text})
        # The state forgets the oldest: what a task is about stands in the database, what was said in the events.
        old = oldest(messages, keep=MOST_MESSAGES // 2) if len(messages) > MOST_MESSAGES else []
        forgotten = cast("list[AnyMessage]", [RemoveMessage(id=str(message.id)) for message in old])
        return {"messages": [*forgotten, *notes, answer], "notes": []}

    def _ask(self, state: State, messages: list[AnyMessage], say: Tokens) -> AIMessage:
        longest = LONGEST
        while True:
            sent = prompt(self.bench, self.places, state.get("facts", {}), messages, longest=longest)
            try:
                return self.chat.answer(sent, say)
            except TooLong as error:
                longest //= 2
                if longest < SHORTEST:
                    raise ChatUnavailable(
                        f"Not even a short part of the conversation fits into the context of the model "
                        f"{self.chat.name!r}. Set LAUD_LLM_MODEL to one that takes more."
                    ) from error

    # --- the person ---------------------------------------------------------------------------------------------------

    def approve(self, state: State) -> State:
        """Ask the person about the call that needs it; their answer goes into the call, or becomes its result."""
        call = self.unapproved(state)
        found = call_of(state, call.id) if call is not None else None
        if call is None or found is None:
            return {}
        answer, _ = found
        try:
            shown = approval.card(self.bench, call)
            if shown is None:
                return {}
            given = dict(interrupt({"kind": "approval", **shown.plain()}))
            typed = given.pop("message", None)
            decision = approval.read_decision(given)
            if decision.decision == "approve":
                args = approval.changed(call, shown.editable, decision).model_dump(
                    exclude_unset=True, exclude_none=True
                )
        except LaudError as error:
            return {"messages": [result(call.id, call.tool.name, {"error": str(error)})]}
        notes = state.get("notes", []) if typed is None else [*state.get("notes", []), HumanMessage(**typed)]
        if decision.decision == "refuse":
            refusal = {"error": NOT_ALLOWED, "reason": decision.reason}
            return {"messages": [result(call.id, call.tool.name, refusal)], "notes": notes}
        calls = [{**one, "args": args} if one["id"] == call.id else one for one in answer.tool_calls]
        return {
            "messages": [answer.model_copy(update={"tool_calls": calls})],
            "approved": [*state.get("approved", []), call.id][-50:],
            "notes": notes,
        }

    def await_labels(self, state: State) -> State:
        """Wait until the person has labeled, then let the same run go on."""
        task = state["waiting"]["task"]
        left = texts_waiting(self.bench, task)
        if left:
            interrupt({"kind": "labels", "task": task, "texts": left})
        elif left is None or len(self.bench.labels.current(task)) <= int(state["waiting"]["held"]):
            return {"waiting": {}}  # the task is gone, or going on would wait for the same again
        before = state["waiting"]["call"]
        found = call_of(state, before)
        args = {**(found[1]["args"] if found else {}), "task": task}
        again = ToolCall(name="run_rounds", args=args, id=new_call_id(), type="tool_call")
        approved = state.get("approved", [])
        return {
            "messages": [AIMessage("", id=uuid4().hex, tool_calls=[again])],
            "approved": [*approved, str(again["id"])] if before in approved else approved,
            "waiting": {},
        }

    # --- the tools ----------------------------------------------------------------------------------------------------

    def tools(self, state: State, runtime: Runtime[Listener]) -> State:
        """Do the open calls in order; what cannot be done is answered in words."""
        emit = _listener(runtime).emit
        results: list[AnyMessage] = []
        facts = dict(state.get("facts", {}))
        waiting = dict(state.get("waiting", {}))
        answered = [message for message in stretch(state) if isinstance(message, AIMessage)]
        tired = len(answered) > MOST_ANSWERS
        for call in open_calls(state):
            emit("tool.started", {"call": call["id"], "name": call["name"], "args": call["args"]})
            receipt = (
                {"error": "Not done: too many steps for one message."} if tired else self._do(state, call, runtime)
            )
            emit("tool.finished", {"call": call["id"], "name": call["name"], "receipt": receipt})
            results.append(result(str(call["id"]), call["name"], receipt))
            if "error" not in receipt:
                facts = remembered(facts, call["name"], receipt)
                waiting = _still_waiting(waiting, call["name"], receipt)
        stop = _tired_words() if tired else _stop_words(state, results)
        if stop is not None:
            emit("message", {"id": stop.id, "role": "assistant", "text": stop.text, **stop.additional_kwargs})
            results.append(stop)
        return {"messages": results, "facts": facts, "waiting": waiting}

    def _do(self, state: State, call: ToolCall, runtime: Runtime[Listener]) -> dict[str, Any]:
        """The receipt of a call, from before if it was done before."""
        call_id = str(call["id"])
        known = self.bench.conversations.tool_result(call_id)
        if known is not None:
            return known
        try:
            receipt = self._run(state, call, runtime)
        except LaudError as error:
            receipt = {"error": str(error)}
        self.bench.conversations.save_tool_result(call_id, receipt)
        return receipt

    def _run(self, state: State, call: ToolCall, runtime: Runtime[Listener]) -> dict[str, Any]:
        made = ready(self.bench, self.places, state.get("facts", {}), call)
        siblings = found[0].tool_calls if (found := call_of(state, made.id)) else [call]
        if made.tool.effect != "look" and changing(siblings) != made.id:
            return {"error": "Not done: one change at a time. Call it again if it is still wanted."}
        if made.id not in state.get("approved", []) and approval.needed(made):
            return {"error": "Not done: the person was not asked."}
        conversation = runtime.execution_info.thread_id if runtime.execution_info else None
        if made.tool.heavy:
            args = made.args.model_dump(exclude_unset=True, exclude_none=True)
            job = self.jobs.submit(made.id, made.tool.name, args, conversation)
            return {"job": job.id, "status": job.status, "note": "Runs as a job; you are told when it has ended."}
        if isinstance(made.args, StopJob):
            job = self.jobs.cancel(made.args.job or self._job_to_stop(conversation))
            return {"job": job.id, "status": job.status}
        if not made.tool.repeatable and self._was_begun(made.id):
            return {
                "error": f"{made.tool.name} was interrupted and may or may not be done. Look before doing it again."
            }
        return made.tool.run(self.bench.lent(person=_listener(runtime).person), made.args)

    def _job_to_stop(self, conversation: str | None) -> str:
        """The job that is meant where none is named: one of this conversation, and one that runs, before others."""
        found = self.bench.jobs.list("running", "queued")
        if not found:
            raise AskAgain("No job runs or waits.")
        return min(found, key=lambda job: (job.conversation != conversation, job.status != "running")).id

    def _was_begun(self, call_id: str) -> bool:
        """Whether the process died while this call was being done; notes that it begins now."""
        begun = self.bench.conversations.tool_result(f"{call_id}:begun")
        self.bench.conversations.save_tool_result(f"{call_id}:begun", {})
        return begun is not None

    def unapproved(self, state: State) -> Ready | None:
        """The open call that waits for the person's approval; None when no call does."""
        opened = open_calls(state)
        found = call_of(state, str(opened[0]["id"])) if opened else None
        change = changing(found[0].tool_calls) if found else None
        for call in opened:
            if call["id"] != change or change in state.get("approved", []):
                continue
            try:
                made = ready(self.bench, self.places, state.get("facts", {}), call)
            except LaudError:
                return None  # the tools say what is wrong with it
            return made if approval.needed(made) else None
        return None


def remembered(facts: Mapping[str, str], tool: str, receipt: Mapping[str, Any]) -> dict[str, str]:
    """The names the conversation is about, after a tool was used."""
    if tool == "delete_task":
        return {kind: name for kind, name in facts.items() if kind != "task" or name != receipt.get("task")}
    return {**facts, **{kind: str(receipt[kind]) for kind in ("pool", "task", "file") if receipt.get(kind)}}


def _still_waiting(waiting: dict[str, str], tool: str, receipt: Mapping[str, Any]) -> dict[str, str]:
    """A run under way, or a task that is gone, waits for nobody's labels."""
    over = tool == "run_rounds" or (tool == "delete_task" and receipt.get("task") == waiting.get("task"))
    return {} if over else waiting


def result(call_id: str, name: str, receipt: Mapping[str, Any]) -> ToolMessage:
    """What a call came to, as a message; a later one of the same call takes its place."""
    return ToolMessage(
        write_block(name if name in BY_NAME else "unknown_tool", receipt),
        id=f"result-{call_id}",
        tool_call_id=call_id,
        name=name,
        status="error" if "error" in receipt else "success",
    )


def _stop_words(state: State, results: list[AnyMessage]) -> AIMessage | None:
    """What the person is told when a call failed in the same way too often; None while it did not."""
    done = [*stretch(state), *results]
    failed = {
        message.tool_call_id for message in done if isinstance(message, ToolMessage) and message.status == "error"
    }
    counts: dict[str, list[str]] = {}
    for message in done:
        for call in message.tool_calls if isinstance(message, AIMessage) else []:
            if call["id"] in failed:
                counts.setdefault(key(call), []).append(str(call["id"]))
    for same in counts.values():
        if len(same) >= MOST_FAILURES:
            name = next(message.name for message in results if isinstance(message, ToolMessage))
            return _said(
                f"I tried {name} {len(same)} times with the same arguments and it failed each time, so I stop. "
                "What it said stands above. Tell me how to go on."
            )
    return None


def _tired_words() -> AIMessage:
    return _said(f"I have taken {MOST_ANSWERS} steps for this message and stop here. Tell me how to go on.")


def _said(text: str) -> AIMessage:
    return AIMessage(text, id=uuid4().hex)


def _listener(runtime: Runtime[Listener]) -> Listener:
    given: Listener | None = runtime.context
    return Listener(emit=lambda _kind, _data: None) if given is None else given  # Studio runs the graph without one
