"""A fault in LAUD itself ends its turn with a plain word, and the conversation goes on."""

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.conversation import Conversations
from tests.support.scripted_model import calls, calls_all, in_turn, says
from tests.support.talk import HASTE, TASK, TEXTS, Talk, receipts, set_up, talk, texts_of
from tools.engine.records import Job
from tools.pool import text_id
from tools.settings import Settings
from tools.workbench import open_workbench

FIRST = str(text_id(TEXTS[0]))
SECRET = "the text of a pool"  # noqa: S105 - no password


class BrokenQueue:
    """A queue of jobs with a fault."""

    def submit(self, job: str, kind: str, args: Mapping[str, Any], conversation: str | None = None) -> Job:
        """Fail in a way that nobody foresaw."""
        raise ZeroDivisionError(f"{SECRET} {job} {kind} {args} {conversation}")

    def cancel(self, job: str) -> Job:
        """Fail too."""
        raise ZeroDivisionError(job)


def test_a_fault_in_the_model_ends_one_turn(workspace: Path, caplog: pytest.LogCaptureFixture) -> None:
    with talk(workspace, in_turn(RuntimeError(SECRET), says("I am back."))) as one, caplog.at_level(logging.ERROR):
        one.say("hello")
        (told,) = one.failures()
        assert told.startswith("A fault of LAUD's own, RuntimeError; what was done is kept.")
        assert texts_of(one.say("hello again")) == ["I am back."]
    assert "RuntimeError" in caplog.text
    assert "scripted_model.py" in caplog.text
    assert SECRET not in caplog.text + told


def test_calls_that_a_fault_left_open_are_closed_and_not_done_again(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = in_turn(
        calls_all(("inspect_pool", {"show": "texts"}), ("add_texts", {"file": "sample:receipts"})),
        calls("label_texts", labels={FIRST: "baby"}),
    )
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as bench:
        conversations = Conversations(bench, model, jobs=BrokenQueue(), patience=HASTE)
        one = Talk(bench, conversations)
        set_up(bench)
        one.say("read it")
        assert "ZeroDivisionError" in one.failures()[0]
        messages = one.say("then label")
        conversations.close()
        assert len(bench.labels.current(TASK)) == 1
    look, lost, stored = receipts(messages)
    assert look["size"] == len(TEXTS)  # it had been done, and is not lost
    assert "may or may not be done" in lost["error"]
    assert stored["stored"] == 1
    assert SECRET not in caplog.text


def test_a_database_in_trouble_is_said_in_words(workspace: Path) -> None:
    model = in_turn(sqlite3.OperationalError("database or disk is full"))
    with talk(workspace, model) as one:
        one.say("hello")
        assert one.failures() == [
            "The database cannot be written or read, or the disk is full. Make room, then send the message again."
        ]
        assert texts_of(one.say("now")) == ["done"]
