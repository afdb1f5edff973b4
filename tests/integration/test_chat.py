"""`laud chat` as a program: piped, resumed, at a terminal, and where somebody else holds the workspace."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.laud_process import PATIENCE, PROGRAM, ROOT, Laud, rows, write_csv
from tests.support.small_loop import rows as lines_of_receipts
from tests.support.tiny_encoder import write_tiny_encoder
from tools.settings import Settings
from tools.whereabouts import noted
from tools.workbench import open_workbench


@pytest.fixture(scope="module")
def laud(tmp_path_factory: pytest.TempPathFactory) -> Laud:
    """The program beside a file of receipts, with an encoder that costs nothing."""
    folder = tmp_path_factory.mktemp("chat")
    write_csv(folder / "receipts.csv", lines_of_receipts())
    encoder = write_tiny_encoder(folder / "encoder")
    return Laud(workspace=folder / "workspace", env={"LAUD_ENCODER": str(encoder), "LAUD_PRECISION": "float32"})


def typed(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def test_a_script_talks_labels_at_the_prompt_and_goes_on_the_next_day(laud: Laud) -> None:
    said = laud(
        "chat",
        stdin=typed(
            "find figures in receipts.csv", "enough", "no", "label 8 myself, 4 gold texts", "1", "2", "z", "1", "2",
            "1", "q", "status", "flibbertigibbet",
        ),
    )  # fmt: skip
    assert said.code == 0, said.fault
    assert "Read receipts.csv: 244 rows" in said.out
    assert "Plan: label 200 texts" in said.out
    assert "4 texts wait for your label" in said.out
    assert "did not understand" in said.out
    assert "1 figures   2 other" in said.err
    outcomes = [row[0] for row in rows(laud.workspace, "select outcome from labels order by rowid")]
    assert outcomes == ["label", "label", "withdrawn", "label", "label", "label"]

    # What waits is asked for first; then the task is deleted, when allowed.
    said = laud.here(
        "chat",
        "--json",
        stdin=typed("q", "delete the task", "", "n not yet", "delete the task", "labels=3", "approve", "status"),
    )
    transcript = said.json
    assert transcript["pending"] is None
    assert "Delete the task 'figures'?" in said.err
    assert "labels cannot be changed here" in said.err
    assert "Not done, as you wish: not yet" in said.err
    assert "Task 'figures' is deleted" in said.err
    assert [one["text"] for one in transcript["messages"] if one["role"] == "user"][-1] == "status"
    assert rows(laud.workspace, "select title from conversations") == [("find figures in receipts.csv",)]
    assert rows(laud.workspace, "select name from tasks") == []

    said = laud.here("chat", "--new", stdin=typed("hello"))
    assert "no language model" in said.out
    assert len(rows(laud.workspace, "select title from conversations")) == 2


def test_it_says_who_holds_the_workspace_and_what_to_do(tmp_path: Path) -> None:
    laud = Laud(workspace=tmp_path / "workspace")
    with open_workbench(Settings(workspace=laud.workspace), write=True) as bench:
        assert "Another laud command is working in" in laud.here("chat").complaint
        with noted(bench.folder, "http://127.0.0.1:8765"):
            assert "The service at http://127.0.0.1:8765 works in" in laud.here("chat").complaint


class Terminal:
    """A program at a terminal of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.seen = ""

    def keys(self, typed_: str) -> None:
        """Press keys."""
        os.write(self._terminal, typed_.encode())

    def interrupt(self) -> None:
        """What Ctrl-C sends to every program at the terminal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def until(self, text: str) -> str:
        """What is shown up to a text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._terminal], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._terminal, 4096).decode(errors="replace")
                except OSError as error:  # how Linux tells the end of a terminal
                    raise AssertionError(f"it ended before {text!r}: {self.seen}") from error
        before, _, self.seen = self.seen.partition(text)
        return before


@contextmanager
def at_a_terminal(laud: Laud, *arguments: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *arguments, "--workspace", str(laud.workspace)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=laud.workspace.parent,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **laud.env},
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_at_a_terminal_ctrl_c_gives_the_prompt_back_and_then_leaves(laud: Laud) -> None:
    with at_a_terminal(laud, "chat", "--new") as terminal:
        terminal.until("Say what you want")
        terminal.until("you> ")
        terminal.keys("find words in receipts.csv\n")
        terminal.until("I am reading receipts.csv.")
        terminal.interrupt()
        terminal.until("It goes on meanwhile")
        terminal.until("you> ")
        terminal.keys("help\n")
        terminal.until("What I understand")
        terminal.until("Task 'words' over pool 'receipts'")
        terminal.until("you> ")
        terminal.interrupt()
        terminal.keys("\n")  # readline may look for a signal just before it comes, and then wait for a key
        assert terminal.process.wait(timeout=PATIENCE) == 0
    with at_a_terminal(laud, "chat") as terminal:
        terminal.until("The last conversation goes on")
        terminal.until("Plan: label")
        terminal.until("you> ")
        terminal.keys("quit\n")
        assert terminal.process.wait(timeout=PATIENCE) == 0
