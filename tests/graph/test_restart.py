"""A conversation whose process died goes on where it was: nothing twice, nothing lost.

The database is copied before every commit of a turn; each copy is what a kill at that moment leaves behind.
"""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from sqlalchemy import Connection, Engine, event

from agent.conversation import Said
from agent.data_blocks import read_block
from tests.support import sources
from tests.support.postgres import Server
from tests.support.scripted_model import ScriptedModel, calls, says
from tests.support.talk import TASK, TEXTS, Talk, receipts, set_up, talk, texts_of, wait_for_labels
from tools.adapters.sql.transactions import WRITES
from tools.labeling import label_texts
from tools.pool import text_id
from tools.workbench import Workbench

FIRST = str(text_id(TEXTS[0]))
REQUESTS: Mapping[str, AIMessage] = {
    "label it": calls("label_texts", labels={FIRST: "baby"}),
    "undo": calls("undo"),
    "delete it": calls("delete_task", task=TASK),
    "run": calls("run_rounds", oracle="human"),
}


def script(messages: Sequence[BaseMessage]) -> AIMessage:
    """A model without memory: it does what the last message asks for, and reports what came of it."""
    last = messages[-1]
    if isinstance(last, HumanMessage) and last.text in REQUESTS:
        return REQUESTS[last.text].model_copy(deep=True)
    result = next((message for message in reversed(messages) if isinstance(message, ToolMessage)), None)
    return says("hello" if result is None else f"it said {sorted(read_block(result.text))}")


def run(bench: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:
    """A loop that wants three labels of a person, and is done then."""
    held = len(bench.labels.current(TASK))
    rule = "labels" if held >= 3 else "waiting"
    return {"task": TASK, "stop": {"rule": rule, "reason": "."}, "answers_held": held, "oracle": args["oracle"]}


@contextmanager
def talking(workspace: Path) -> Iterator[Talk]:
    with talk(workspace, ScriptedModel(script=script), jobs={"run_rounds": run}) as one:
        yield one


@contextmanager
def copies(workspace: Path, into: Path) -> Iterator[list[Path]]:
    """Copies of the workspace as it is before each commit of something new."""
    made: list[Path] = []
    copying = threading.Lock()

    def copy(connection: Connection) -> None:
        if not connection.get_execution_options().get(WRITES):
            return
        with copying:
            folder = into / f"copy-{len(made)}"
            folder.mkdir()
            with (
                closing(sqlite3.connect(workspace / "laud.db")) as now,
                closing(sqlite3.connect(folder / "laud.db")) as kept,
            ):
                now.backup(kept)
            made.append(folder)

    event.listen(Engine, "commit", copy)
    try:
        yield made
    finally:
        event.remove(Engine, "commit", copy)


def well_formed(messages: Sequence[Said]) -> bool:
    """Whether every call has one result, right behind it, and nothing else stands between."""
    open_calls: list[str] = []
    for message in messages:
        if message.role == "tool":
            if not open_calls or message.id != f"result-{open_calls.pop(0)}":
                return False
        elif open_calls:
            return False
        open_calls += [str(call["id"]) for call in message.calls]
    return not open_calls


def test_a_change_is_done_once_wherever_the_process_dies(workspace: Path, tmp_path: Path) -> None:
    with talking(workspace) as one:
        set_up(one.bench)
        with copies(workspace, tmp_path) as left:
            whole = one.say("label it")
    assert len(left) > 10
    for folder in left[1:]:  # before the first commit nothing was asked for
        with talking(folder) as again:
            messages = again.quiet()
            history = again.bench.labels.history(TASK)
            assert not again.failures()
        assert len(history) == 1
        assert [message.role for message in messages] == [message.role for message in whole]
        assert well_formed(messages)
        assert len(texts_of(messages, "user")) == 1


def test_what_cannot_be_repeated_is_never_done_twice(workspace: Path, tmp_path: Path) -> None:
    outcomes = []
    with talking(workspace) as one:
        task = set_up(one.bench)
        for text in TEXTS[:3]:
            label_texts(one.bench, task, {str(text_id(text)): "baby"})
        with copies(workspace, tmp_path) as left:
            one.say("undo")
    for folder in left[1:]:
        with talking(folder) as again:
            (receipt,) = receipts(again.quiet())
            held = len(again.bench.labels.current(TASK))
        outcomes.append((held, "withdrawn" in receipt))
        if "withdrawn" not in receipt:
            assert "may or may not be done" in receipt["error"]
    # Only where the process died between beginning and noting the result it is not known, and said, what was done.
    assert sorted(set(outcomes)) == [(2, False), (2, True), (3, False)]
    assert [told for _, told in outcomes].count(False) < 5


def test_an_approval_is_asked_for_and_taken_once_wherever_the_process_dies(workspace: Path, tmp_path: Path) -> None:
    with talking(workspace) as one:
        set_up(one.bench)
        with copies(workspace, tmp_path) as left:
            one.say("delete it")
            asked = len(left)
            one.answer(decision="approve")
            assert not one.bench.tasks.names()
    for number, folder in enumerate(left[1:], start=1):
        with talking(folder) as again:
            again.quiet()
            pending = again.conversations.view(again.id).pending
            if number < asked:
                assert pending is not None  # nothing is deleted unless somebody said so
            if pending is not None:
                assert again.bench.tasks.names() == [TASK]
                again.answer(decision="approve")
            messages = again.quiet()
            assert not again.bench.tasks.names()
            assert not again.failures()
        assert well_formed(messages)
        assert len(receipts(messages)) == 1


def test_human_labeling_goes_on_wherever_the_process_dies(workspace: Path, tmp_path: Path) -> None:
    with talking(workspace) as one:
        set_up(one.bench)
        ids = wait_for_labels(one.bench)
        with copies(workspace, tmp_path) as left:
            one.say("run")
            label_texts(one.bench, one.bench.tasks.get(TASK), dict.fromkeys(ids, "other"))
            one.conversations.labeled(TASK)
            one.quiet()
    for folder in left[1::4]:
        with talking(folder) as again:
            again.quiet()
            if again.conversations.view(again.id).pending is not None:
                label_texts(again.bench, again.bench.tasks.get(TASK), dict.fromkeys(ids, "other"))
                again.conversations.labeled(TASK)
            messages = again.quiet()
            assert again.conversations.view(again.id).pending is None
            jobs = again.bench.jobs.list()
        assert well_formed(messages)
        # Where the labels came in before the run was begun again, one run is enough.
        rules = [receipt["stop"]["rule"] for receipt in receipts(messages)]
        assert rules in (["waiting", "labels"], ["labels"])
        assert len(jobs) == len(rules)


def test_labels_that_came_while_nothing_ran_are_noticed_at_the_next_start(workspace: Path) -> None:
    with talking(workspace) as one:
        set_up(one.bench)
        ids = wait_for_labels(one.bench)
        one.say("run")
        label_texts(one.bench, one.bench.tasks.get(TASK), dict.fromkeys(ids, "other"))
    with talking(workspace) as again:
        again.until(lambda: len(receipts(again.conversations.view(again.id).messages)) == 2, "the run to go on")
        assert receipts(again.quiet())[-1]["stop"]["rule"] == "labels"


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_an_approval_waits_through_a_restart(decision: str, workspace: Path) -> None:
    with talking(workspace) as one:
        set_up(one.bench)
        one.say("delete it")
        card = one.pending
    with talking(workspace) as again:
        assert again.pending == card
        again.answer(decision=decision)
        assert bool(again.bench.tasks.names()) == (decision == "refuse")


CHILD = """
import sys
from pathlib import Path
from tests.graph.test_restart import set_up, talking, wait_for_labels
with talking(Path(sys.argv[1])) as one:
    set_up(one.bench)
    wait_for_labels(one.bench)
    one.say("run")
    assert one.pending["kind"] == "labels"
    print("waiting", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_leaves_a_conversation_that_waits_for_labels(workspace: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(workspace)],
        cwd=sources.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.kill()
    with talking(workspace) as again:
        assert again.pending == {"kind": "labels", "task": TASK, "texts": 3}
        ids = [item.text_id for item in again.bench.rounds.gold(TASK) or []]
        label_texts(again.bench, again.bench.tasks.get(TASK), dict.fromkeys(ids, "other"))
        again.conversations.labeled(TASK)
        messages = again.quiet()
        assert again.conversations.view(again.id).pending is None
    assert [receipt["stop"]["rule"] for receipt in receipts(messages)] == ["waiting", "labels"]


@pytest.mark.postgres
def test_a_conversation_in_postgresql_goes_on_too(workspace: Path, postgres_server: Server) -> None:
    url = postgres_server.new_database()
    model = ScriptedModel(script=script)
    with talk(workspace, model, database_url=url) as one:
        set_up(one.bench)
        for _ in range(3):
            one.say("label it")
        one.say("delete it")
        card = one.pending
    with talk(workspace, model, database_url=url) as again:
        assert again.pending == card
        messages = again.answer(decision="approve")
        assert not again.bench.tasks.names()
        assert not again.failures()
    assert well_formed(messages)
    assert len(receipts(messages)) == 4
