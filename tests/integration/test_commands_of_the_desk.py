"""`laud desk` and labels by several people from the command line, in this process."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from tests.support.desk_room import TASK, furnish, text
from tools.engine.errors import AskAgain, LaudError
from tools.settings import Settings
from tools.workbench import open_workbench


@pytest.fixture
def folder(workspace: Path) -> Path:
    """A workspace with a task whose six texts wait."""
    with open_workbench(Settings(workspace=workspace), write=True) as bench:
        furnish(bench)
    return workspace


def say(folder: Path, *arguments: str, stdin: str = "") -> str:
    """What a command prints for a person."""
    result = CliRunner().invoke(app, [*arguments, "--workspace", str(folder)], input=stdin)
    if isinstance(result.exception, LaudError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def read(folder: Path, *arguments: str) -> Any:
    """The one JSON object that a command prints."""
    return json.loads(say(folder, *arguments, "--json"))


def test_two_people_label_disagree_and_are_decided_about(folder: Path) -> None:
    assert read(folder, "desk", "set", TASK, "--overlap", "2", "--lease", "60")["overlap"] == 2
    assert "overlap 2" in say(folder, "desk", "set", TASK), "shown, and changed nothing"
    assert read(folder, "desk", "set", TASK, "--no-near-duplicates")["near_duplicates"] is False
    for name, words in (("ada", ("food", "food")), ("bob", ("food", "toys"))):
        pairs = [f"{text(n)}={word}" for n, word in enumerate(words, start=1)]
        assert read(folder, "label", "give", TASK, *pairs, "--person", name)["stored"] == 2
    (conflict,) = read(folder, "desk", "conflicts", TASK)["conflicts"]
    assert [one["label"] for one in conflict["votes"]] == ["food", "toys"]
    assert "human:bob said toys" in say(folder, "desk", "conflicts", TASK)
    found = read(folder, "desk", "agreement", TASK)["agreement"]
    assert (found["texts"], found["agreed"], len(found["pairs"])) == (2, 1, 1)
    shown = say(folder, "desk", "agreement", TASK)
    assert "Krippendorff's alpha" in shown
    assert "human:ada and human:bob, 2 texts" in shown
    assert read(folder, "desk", "accept", TASK, "--at-least", "1")["decided"] == 0
    decided = read(folder, "desk", "decide", TASK, f"{text(2)}=toys", "--person", "eve", "--note", "a toy")
    assert decided == {"decided": 1, "conflicts": 0}
    assert read(folder, "label", "undo", TASK, "--person", "eve")["waiting"] == 5


def test_labels_go_out_and_come_back(folder: Path, tmp_path: Path) -> None:
    say(folder, "label", "give", TASK, f"{text(1)}=food", "--person", "ada")
    out = tmp_path / "tasks.json"
    assert read(folder, "desk", "export", TASK, "--out", str(out), "--format", "label-studio")["texts"] == 6
    taken = read(folder, "desk", "import", TASK, str(out), "--format", "label-studio")["imported"]
    assert (taken["stored"], taken["unchanged"], taken["unlabeled"]) == (0, 1, 5)
    plain = tmp_path / "more.csv"
    plain.write_text("text,label\ntext 2,toys\nelsewhere,food\n")
    said = say(folder, "desk", "import", TASK, str(plain), "--person", "bob")
    assert "1 answers stored by human:bob" in said
    assert "row 2: its text is none of the pool's" in said
    with pytest.raises(AskAgain, match="no form 'xml'"):
        say(folder, "desk", "export", TASK, "--out", str(tmp_path / "x"), "--format", "xml")
    with pytest.raises(AskAgain, match="no texts 'some'"):
        say(folder, "desk", "export", TASK, "--out", str(tmp_path / "x"), "--texts", "some")


def test_known_answers_are_named(folder: Path) -> None:
    assert read(folder, "desk", "known", TASK, f"{text(20)}=food")["known"] == 1
    assert "1 answers are known" in say(folder, "desk", "known", TASK, "--gold")
