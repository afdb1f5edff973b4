"""Conversations: what a person sends is stored as a turn, then run on the graph; turns of one never overlap.

A turn that a killed process left is run again: the ids of messages and cards tell what went in already, and the graph
goes on from its checkpoint, so nothing is done twice.
"""

import logging
import sqlite3
import threading
import traceback
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from agent.checkpoints import open_checkpointer
from agent.data_blocks import read_block
from agent.facts import texts_waiting
from agent.graph import Graph, build_graph
from agent.model import Chat, Patience, Stopped
from agent.nodes import JobQueue, Listener, Nodes
from agent.places import Places
from agent.toolbelt import schemas
from agent.turns import Standing, answer_payload, asked_for, turn_input
from tools.engine.errors import AskAgain, CannotDo, LaudError
from tools.engine.records import Conversation, Job, Turn, TurnKind
from tools.workbench import Workbench

AT_ONCE = 32
"""Conversations whose turns run side by side; most of a turn is waiting for the chat model."""
LOCAL = "local"
"""The owner where there are no users: the person at this machine, who signs no labels."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a conversation: by the person (`user`), the agent (`assistant`) or a tool.

    `calls` are what the agent called for, `receipt` is what a tool answered.
    """

    id: str
    role: str
    text: str
    calls: tuple[Mapping[str, Any], ...] = ()
    name: str | None = None
    receipt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A conversation as it stands.

    `pending` is what waits for the person: a card (`kind` is `approval`), or texts to label (`kind` is `labels`, with
    `task` and how many `texts`). `jobs` are those asked for here that have not ended; `busy` says that a turn is at
    work or waits.
    """

    conversation: Conversation
    messages: tuple[Said, ...]
    pending: Mapping[str, Any] | None
    jobs: tuple[Job, ...]
    busy: bool


class Conversations:
    """All conversations of a workspace, over one chat model and one queue of jobs. Threads may share it.

    `local_files` says whether a conversation may name any file of this machine, or uploads and samples only.
    """

    def __init__(
        self,
        bench: Workbench,
        model: BaseChatModel,
        *,
        jobs: JobQueue,
        local_files: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self._bench = bench
        self._chat = Chat(model, schemas(), patience=patience)
        self._open = ExitStack()
        self._saver = self._open.enter_context(open_checkpointer(bench))
        places = Places(workspace=bench.folder, local_files=local_files)
        nodes = Nodes(bench=bench, chat=self._chat, jobs=jobs, places=places)
        self._graph: Graph = build_graph(nodes, checkpointer=self._saver)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="laud-turn")
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._closing = False

    def start(self) -> None:
        """Run the turns that an earlier process left, and go on where labels came in meanwhile."""
        for name in dict.fromkeys(turn.conversation for turn in self._bench.conversations.open_turns()):
            self._go_on(name)
        self._threads.submit(self.labeled).add_done_callback(_log_fault)

    def close(self) -> None:
        """Stop; an answer under way is given up at its next piece, and its turn is run again at the next start."""
        with self._lock:
            self._closing = True
        self._chat.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._open.close()

    # --- what people do -----------------------------------------------------------------------------------------------

    def create(self, title: str, owner: str) -> Conversation:
        """A new conversation."""
        return self._bench.conversations.create(title, owner)

    def send(self, conversation: str, text: str, *, key: str | None = None) -> Turn:
        """Take a person's message; returns at once, events tell what comes of it. Raises UnknownName, AskAgain.

        While a card waits, "yes" approves it, and any other message refuses it and is what the agent then goes by. A
        message that has a key and is sent again is the one of before; raises CannotDo where the key names another one.
        """
        if not text.strip():
            raise AskAgain("The message is empty. Write what you want.")
        # What the person saw when writing: a "yes" must not fall on a card that came later.
        pending = self._standing(conversation).pending or {}
        turn = self._add(conversation, "message", {"text": text, "card": pending.get("call")}, key=key)
        if turn.payload["text"] != text:
            raise CannotDo(f"The Idempotency-Key {key!r} names another message already. Take a new one for this one.")
        return turn

    def resume(self, conversation: str, value: Mapping[str, Any]) -> Turn:
        """Answer what waits. For a card: `{"decision": "approve"|"refuse", "changes": {…}, "reason": "…"}`.

        For texts to label: any mapping, once they are labeled. Raises UnknownName, and AskAgain when nothing waits, a
        change is not allowed, or texts still wait.
        """
        self._bench.conversations.get(conversation)
        return self._add(conversation, "resume", answer_payload(self._bench, self._standing(conversation), value))

    def view(self, conversation: str) -> View:
        """The conversation as it stands. Raises UnknownName."""
        record = self._bench.conversations.get(conversation)
        # Asked first: a turn that ends meanwhile is then still said to be at work, and what is shown is not its past.
        busy = self._is_busy(conversation)
        standing = self._standing(conversation)
        jobs = self._bench.jobs.list("running", "queued")
        return View(
            conversation=record,
            messages=tuple(_said(message) for message in standing.state.get("messages", [])),
            pending=standing.pending,
            jobs=tuple(job for job in jobs if job.conversation == conversation),
            busy=busy,
        )

    def at_work(self, conversation: str) -> bool:
        """Whether anything goes on without the person: a turn or a job, under way or about to begin."""
        while True:
            before = self._bench.events.last()
            # In this order: a job that ends makes a turn before it counts as reported.
            jobs = [*self._bench.jobs.list("running", "queued"), *self._bench.jobs.unreported()]
            working = any(job.conversation == conversation for job in jobs) or self._is_busy(conversation)
            # A turn that queued a job and ended in between has made events.
            if working or self._bench.events.last() == before:
                return working

    # --- what else sets a conversation going --------------------------------------------------------------------------

    def job_ended(self, job: Job) -> None:
        """Bring the result of a job back into its conversation; the same job twice is the same as once."""
        if job.conversation is not None:
            self._add(job.conversation, "job", {"job": job.id})

    def labeled(self, task: str | None = None) -> None:
        """Go on wherever all texts of the task, or of any, are labeled that were waited for."""
        if task is not None and texts_waiting(self._bench, task):
            return
        for record in self._bench.conversations.list():
            standing = self._standing(record.id)
            pending = standing.pending
            if pending is None or pending["kind"] != "labels" or task not in {None, pending["task"]}:
                continue
            if not texts_waiting(self._bench, pending["task"]):
                self._add(record.id, "resume", answer_payload(self._bench, standing, {}))

    # --- running turns ------------------------------------------------------------------------------------------------

    def _add(self, conversation: str, kind: TurnKind, payload: Mapping[str, Any], *, key: str | None = None) -> Turn:
        turn = self._bench.conversations.add_turn(conversation, kind, payload, key=key)
        self._go_on(conversation)
        return turn

    def _go_on(self, conversation: str) -> None:
        """Run the next turn of a conversation, unless one is at work."""
        with self._lock:
            if conversation in self._busy or self._closing:
                return
            turn = self._bench.conversations.next_turn(conversation)
            if turn is None:
                return
            self._busy.add(conversation)
            running = self._threads.submit(self._run, turn)
        running.add_done_callback(lambda done: self._ended(turn, done))

    def _run(self, turn: Turn) -> None:
        """Carry a turn on from where it stands, until the graph rests."""
        self._bench.conversations.set_turn(turn.id, "running")
        self._emit(turn, "turn.started", {"turn": turn.id, "kind": turn.kind})
        standing = self._standing(turn.conversation)
        pending = standing.pending
        given = turn_input(self._bench, turn, standing)
        for kind, data in given.events:
            self._emit(turn, kind, data)
        labeled: set[str] = set()
        owner = self._bench.conversations.get(turn.conversation).owner

        def emit(kind: str, data: Mapping[str, Any]) -> None:
            self._emit(turn, kind, data)
            if kind == "tool.finished" and data["name"] == "label_texts" and data["receipt"].get("waiting") == 0:
                labeled.add(str(data["receipt"]["task"]))

        if given.runs:
            pending = None
            steps = self._graph.stream(
                given.value,
                self._config(turn.conversation),
                context=Listener(emit=emit, person=None if owner == LOCAL else owner),
                stream_mode="updates",
                durability="sync",
            )
            for step in steps:
                for asked in step.get("__interrupt__", ()):
                    pending = asked.value
            self._saver.prune([turn.conversation])
        if pending is not None:
            self._emit(turn, *asked_for(pending))
        self._bench.conversations.set_turn(turn.id, "done")
        self._emit(turn, "turn.finished", {"turn": turn.id})
        for task in labeled:
            self.labeled(task)

    def _ended(self, turn: Turn, done: "Future[None]") -> None:
        """Note how a turn ended and run the next one; a turn that was given up at closing stays as it is."""
        try:
            error = None if done.cancelled() else done.exception()
            if error is not None and not isinstance(error, Stopped):
                _log_fault(done)
                self._bench.conversations.set_turn(turn.id, "failed")
                self._emit(turn, "turn.failed", {"turn": turn.id, "error": _words(error)})
        finally:
            with self._lock:
                self._busy.discard(turn.conversation)
            self._go_on(turn.conversation)

    def _is_busy(self, conversation: str) -> bool:
        """Whether a turn is at work or waits."""
        with self._lock:
            if conversation in self._busy:
                return True
        return self._bench.conversations.next_turn(conversation) is not None

    def _standing(self, conversation: str) -> Standing:
        snapshot = self._graph.get_state(self._config(conversation))
        return Standing.of(snapshot)

    def _config(self, conversation: str) -> Any:
        return {"configurable": {"thread_id": conversation}, "recursion_limit": 200}

    def _emit(self, turn: Turn, kind: str, data: Mapping[str, Any]) -> None:
        self._bench.events.append(kind, data, conversation=turn.conversation)


def _said(message: AnyMessage) -> Said:
    message_id = str(message.id)
    if isinstance(message, ToolMessage):
        receipt = read_block(message.text)
        return Said(id=message_id, role="tool", text="", name=message.name, receipt=receipt)
    if isinstance(message, AIMessage):
        calls = tuple({"id": call["id"], "name": call["name"], "args": call["args"]} for call in message.tool_calls)
        return Said(id=message_id, role="assistant", text=message.text, calls=calls)
    return Said(id=message_id, role="job" if "job" in message.additional_kwargs else "user", text=message.text)


def _log_fault(done: "Future[None]") -> None:
    """Log where a fault of our own happened; not its message, which may hold texts."""
    error = None if done.cancelled() else done.exception()
    if error is not None and not isinstance(error, LaudError | Stopped):
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("a fault of LAUD's own, %s\n%s", type(error).__name__, where)


def _words(error: BaseException) -> str:
    """What the person is told of an error that ended a turn."""
    if isinstance(error, LaudError):
        return str(error)
    if isinstance(error, sqlite3.Error):
        return "The database cannot be written or read, or the disk is full. Make room, then send the message again."
    return f"A fault of LAUD's own, {type(error).__name__}; what was done is kept. Send the message again."
