"""Drafting, estimating, reviewing, mending and deleting a task from the command line, in this process."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from tests.support.small_loop import POOL, small_bench, small_run, small_task
from tools.engine.errors import AskAgain, LaudError, UnknownName

HOSTILE = "\x1b[2J"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Runs commands on one workspace."""

    workspace: Path

    def say(self, *arguments: str, stdin: str = "") -> str:
        """What a command prints for a person."""
        result = CliRunner().invoke(app, [*arguments, "--workspace", str(self.workspace)], input=stdin)
        if isinstance(result.exception, LaudError):
            raise result.exception
        assert result.exit_code == 0, result.output
        assert HOSTILE not in result.stdout
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """The one JSON object that a command prints."""
        return json.loads(self.say(*arguments, "--json"))


@pytest.fixture(scope="module")
def laud(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A workspace with a finished loop of three rounds, `done`, and a task that was not begun, `fresh`."""
    folder = tmp_path_factory.mktemp("commands")
    with small_bench(folder) as bench:
        small_run(bench, small_task(bench, "done"))
        small_task(bench, "fresh")
    return Commands(workspace=folder / "workspace")


def test_a_task_is_drafted_written_to_a_file_and_created(laud: Commands, tmp_path: Path) -> None:
    out = tmp_path / "task.yaml"
    said = laud.say("task", "propose", POOL, "find the soap", "--out", str(out))
    assert "soap (looked for)" in said
    assert "  ? " in said
    assert f"laud task create {out}" in said
    assert laud.json("task", "create", str(out))["task"]["positive"] == "soap"
    named = laud.json("task", "propose", POOL, "sort them", "--classes", "a, b")["proposal"]
    assert [one["name"] for one in named["classes"]] == ["a", "b"]
    assert set(named["expected_share"]) == {"a", "b"}
    assert {"id", "text", "why", "choices"} == set(named["questions"][0])


def test_questions_are_asked_answered_and_taken_back(laud: Commands) -> None:
    asked = laud.json("task", "questions", "fresh", "--limit", "2")["questions"]
    assert asked
    pairs = [f"{one['id']}=figures" for one in asked]
    answered = laud.json("task", "answer", "fresh", *pairs)
    assert answered["labels"] == len(asked)
    assert answered["task"]["guideline_version"] == 2
    shown = laud.say("task", "show", "fresh")
    assert shown.count("for example") == len(asked)
    assert laud.json("task", "show", "fresh")["task"]["guideline_version"] == 2
    undone = laud.json("label", "undo", "fresh", "--count", "9")
    assert {one["id"] for one in undone["withdrawn"]} == {one["id"] for one in asked}
    assert "0 taken back" in laud.say("label", "undo", "fresh")
    assert "for example" not in laud.say("task", "show", "fresh")


def test_labels_are_given_by_id(laud: Commands) -> None:
    [text, other, *_] = laud.json("pool", "show", POOL, "--limit", "5")["texts"]
    given = laud.json("label", "give", "fresh", f"{text['id']}=WORDS", f"{other['id']}=skip")
    assert given == {"stored": 2, "unchanged": 0, "waiting": 0}
    assert "0 stored, 1 held already" in laud.say("label", "give", "fresh", f"{text['id']}=words")
    assert laud.json("label", "waiting", "fresh") == {"waiting": 0, "texts": []}
    with pytest.raises(AskAgain, match="is not TEXT_ID=CLASS"):
        laud.say("label", "give", "fresh", text["id"])
    assert "no longer" in laud.say("label", "undo", "fresh", "--count", "2")


def test_a_run_is_estimated(laud: Commands) -> None:
    found = laud.json("estimate", "fresh", "--labels", "32", "--gold", "24", "--batch", "8")["estimate"]
    assert found["labels"] == [32, 32]
    assert found["calls"][0] == 24 + 32
    said = laud.say("estimate", "fresh", "--oracle", "human", "--labels", "32", "--rounds", "1")
    assert "by hand" in said
    assert "oracle human" in said


def test_a_task_is_reviewed(laud: Commands) -> None:
    for look, key in (("suspicious", "suspicious"), ("hard", "hard"), ("confused", "confused")):
        assert isinstance(laud.json("review", look, "done", "--limit", "2")[key], list)
        assert laud.say("review", look, "done")
    picked = laud.json("review", "why", "done", "--round", "1", "--limit", "2")["picked"]
    assert [one["round"] for one in picked] == [1, 1]
    one = laud.json("review", "why", "done", "--text", picked[0]["id"])["picked"]
    assert one == picked[:1]
    assert "The model of round 0 gave" in laud.say("review", "why", "done", "--round", "1")
    compared = laud.json("review", "compare", "done", "0", "2")["comparison"]
    assert [compared[which]["round"] for which in ("first", "second")] == [0, 2]
    assert "of the gold sample" in laud.say("review", "compare", "done", "0", "2")
    assert [c["name"] for c in laud.json("review", "predictions", "done")["predictions"]] == ["figures", "words"]
    assert "least sure" in laud.say("review", "predictions", "done", "--class", "words")


def test_texts_like_one_are_found(laud: Commands) -> None:
    [text] = laud.json("pool", "show", POOL, "--limit", "1")["texts"]
    hits = laud.json("pool", "similar", POOL, text["id"], "--limit", "3")["hits"]
    assert len(hits) == 3
    assert hits[0]["id"] in laud.say("pool", "similar", POOL, text["id"], "--limit", "3")
    assert text["id"] in laud.say("pool", "show", POOL, "--exact", text["text"].split()[0], "--limit", "1000")
    assert "No text holds" in laud.say("pool", "show", POOL, "--exact", "xyzzy")


def test_a_task_is_deleted_after_a_yes(laud: Commands) -> None:
    laud.say("task", "create", "--pool", POOL, "--name", "doomed", "--classes", "a,b")
    refused = CliRunner().invoke(app, ["task", "delete", "doomed", "--workspace", str(laud.workspace)], input="n\n")
    assert refused.exit_code == 1
    assert laud.json("task", "show", "doomed")
    assert "is deleted" in laud.say("task", "delete", "doomed", stdin="y\n")
    with pytest.raises(UnknownName, match="no task 'doomed'"):
        laud.json("task", "show", "doomed")
    with pytest.raises(UnknownName, match="no task 'doomed'"):
        laud.say("task", "delete", "doomed", "--yes")


def test_a_run_keeps_within_the_caps(laud: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUD_MAX_LABELS", "20")
    laud.say("task", "create", "--pool", POOL, "--name", "capped", "--classes", "figures,words")
    options = ("--oracle", "replay:figures", "--gold", "20", "--batch", "4", "--learner", "head")
    with pytest.raises(AskAgain, match="LAUD_MAX_LABELS allows 20"):
        laud.say("run", "capped", *options, "--labels", "21")
    assert laud.json("estimate", "capped", "--labels", "20", "--gold", "300")["estimate"]["gold_calls"] == 20
    ran = laud.json("run", "capped", *options, "--until", "accuracy>=0.999")
    assert ran["stop"]["rule"] == "labels=20"
