"""Conversations in this process, over a workspace that costs nothing to make: texts and tasks without any encoder."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from agent.conversation import Conversations, Said
from agent.jobs import Handler, Jobs
from agent.model import Patience
from agent.toolbelt import handlers
from tests.support.laud_process import PATIENCE
from tools.engine.records import Event, GoldItem, Task, Text
from tools.pool import text_id
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

POOL = "receipts"
TASK = "babies"
TEXTS = ("BABY CARROTS 500G", "NAPPIES SIZE 4", "WHOLE MILK 2L", "infant paracetamol", "AA BATTERIES", "baby wipes x80")
HASTE = Patience(tries=3, first_wait=0.01, longest_wait=0.05, longest_answer=20)


class Talk:
    """Conversations with their jobs over an open workbench, and the first conversation."""

    def __init__(self, bench: Workbench, conversations: Conversations) -> None:
        self.bench = bench
        self.conversations = conversations
        known = bench.conversations.list()
        self.id = known[-1].id if known else conversations.create("first", "local").id

    def say(self, text: str, *, to: str | None = None) -> list[Said]:
        """Send a message and wait until all is quiet; returns the messages of the conversation."""
        self.conversations.send(to or self.id, text)
        return self.quiet(to)

    def answer(self, *, to: str | None = None, **value: Any) -> list[Said]:
        """Answer what waits, and wait until all is quiet."""
        self.conversations.resume(to or self.id, value)
        return self.quiet(to)

    def quiet(self, conversation: str | None = None) -> list[Said]:
        """Wait until no turn and no job of the conversation is at work; returns the messages."""
        self.until(lambda: not self.conversations.at_work(conversation or self.id), "the conversation to rest")
        return list(self.conversations.view(conversation or self.id).messages)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, looking again at each event."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {what}"
            self.bench.events.wait(self.bench.events.last(), timeout=0.02)

    @property
    def pending(self) -> Mapping[str, Any]:
        """What waits for the person."""
        pending = self.conversations.view(self.id).pending
        assert pending is not None
        return pending

    def events(self, *kinds: str, of: str | None = None) -> list[Event]:
        """The events of a conversation of these kinds, or all of it."""
        found = self.bench.events.read(conversation=of or self.id, limit=100_000)
        return [event for event in found if event.kind in kinds or not kinds]

    def failures(self) -> list[str]:
        """What the person was told of turns that failed."""
        return [str(event.data["error"]) for event in self.events("turn.failed")]


def receipts(messages: Sequence[Said]) -> list[Mapping[str, Any]]:
    """What the tools answered, in order."""
    return [message.receipt for message in messages if message.receipt is not None]


def texts_of(messages: Sequence[Said], role: str = "assistant") -> list[str]:
    """What was said in words by that role."""
    return [message.text for message in messages if message.role == role and message.text]


@contextmanager
def talk(
    workspace: Path,
    model: BaseChatModel,
    *,
    jobs: Mapping[str, Handler] | None = None,
    patience: Patience = HASTE,
    local_files: bool = False,
    **settings: Any,
) -> Iterator[Talk]:
    """A started conversation over the workspace; `jobs` run in place of the real heavy tools."""
    with open_workbench(Settings(workspace=workspace, **settings), write=True, attended=False) as bench:
        run = handlers() if jobs is None else jobs
        queue = Jobs(bench, run, on_end=lambda job: conversations.job_ended(job))  # noqa: PLW0108 - made after it
        conversations = Conversations(bench, model, jobs=queue, local_files=local_files, patience=patience)
        queue.start()
        conversations.start()
        try:
            yield Talk(bench, conversations)
        finally:
            queue.close()
            conversations.close()


def fill(bench: Workbench, texts: Sequence[str] = TEXTS, *, pool: str = POOL) -> None:
    """A pool of these texts, without vectors."""
    bench.pools.create(pool, "none")
    fingerprint = f"of {pool}"
    bench.pools.begin_import(pool, fingerprint, "test")
    rows = [Text(id=text_id(text), text=text) for text in texts]
    bench.pools.add_rows(pool, fingerprint, rows, [], rows_done=len(rows))
    bench.pools.finish_import(pool, fingerprint)


def set_up(bench: Workbench, texts: Sequence[str] = TEXTS, **changes: Any) -> Task:
    """A pool and a task over it."""
    given = {"name": TASK, "pool": POOL, "classes": ["baby", "other"], "oracle": "human", **changes}
    fill(bench, texts, pool=given["pool"])
    return create_task(bench, make_spec(given))


def wait_for_labels(bench: Workbench, count: int = 3) -> list[str]:
    """Let texts of the task wait for a person; returns their ids."""
    ids = bench.pools.text_ids(POOL)[:count]
    bench.rounds.save_gold(TASK, [GoldItem(text_id=one, stratum=0, weight=1.0) for one in ids])
    return [str(one) for one in ids]
