"""The real program `laud` as a child process or in this one, workspaces prepared for it, and a look from outside."""

import csv
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from filelock import FileLock

from agent.cli import main
from tools.pool import add_texts
from tools.settings import Settings
from tools.task import create_task, load_task_file
from tools.training import pool_features, pool_texts, zero_shot
from tools.workbench import open_workbench

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tools" / "samples"
PROGRAM = str(Path(sys.executable).with_name("laud"))
PATIENCE = 120.0
"""Seconds after which something that is waited for counts as never coming."""
PROGRESS = re.compile(r"[\w ()-]+: [\d,]+( of [\d,]+)?(, [\d,]+/s)?(, [\d,]+ s left)?")
OTHERS = 200
"""Lines of the sample without baby care in the small pool."""
LOOP = ("--learner", "head", "--gold", "24", "--batch", "6", "--labels", "34")
"""Options of a run over the small pool: a gold sample, the seed of 16, and three rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What the program left behind: exit code and output; `fault` holds the details of a fault of its own."""

    code: int
    out: str
    err: str
    fault: str = ""

    @property
    def json(self) -> Any:
        """The one JSON object on stdout of a command that went well."""
        assert self.code == 0, f"exit code {self.code}\n{self.err}\n{self.fault}"
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that says what was wrong; exit code 2, nothing on stdout, only progress beside it."""
        assert self.code == 2, f"exit code {self.code}\n{self.out}\n{self.err}\n{self.fault}"
        assert self.out == ""
        *progress, said = self.err.splitlines()
        assert all(PROGRESS.fullmatch(line) for line in progress), self.err
        assert said.startswith("laud: "), self.err
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Laud:
    """Starts the program on one workspace; `env` holds variables for it."""

    workspace: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", prefix: Sequence[str] = ()) -> Finished:
        """Run a command to its end; `prefix` is a program that runs it."""
        with self.started(*arguments, stdin=subprocess.PIPE, prefix=prefix) as process:
            out, err = process.communicate(stdin, timeout=PATIENCE)
        faults = self._temporary.glob("laud-fault-*.txt")
        fault = "\n".join(file.read_text(encoding="utf-8") for file in faults)
        return Finished(code=process.returncode, out=out.decode(), err=err.decode(), fault=fault)

    def here(self, *arguments: str | Path, stdin: bytes = b"") -> Finished:
        """Run a command to its end in this process, which starts no other for it: what most of them take is that start.

        A fault of LAUD's own is raised.
        """
        written, complained = io.BytesIO(), io.BytesIO()
        out, err = (io.TextIOWrapper(one, encoding="utf-8", write_through=True) for one in (written, complained))
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.workspace.parent)
            patch.setattr(sys, "argv", [PROGRAM, *map(str, arguments), "--workspace", str(self.workspace)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patch.setattr(sys, "excepthook", sys.excepthook)  # which the program sets
            for name, value in self.env.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main()
        assert isinstance(end.value.code, int)
        return Finished(code=end.value.code, out=written.getvalue().decode(), err=complained.getvalue().decode())

    @contextmanager
    def started(
        self,
        *arguments: str | Path,
        stdin: int = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.PIPE,
        prefix: Sequence[str] = (),
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A command under way; killed at the end if it has not ended by itself."""
        self._temporary.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [*prefix, PROGRAM, *map(str, arguments), "--workspace", str(self.workspace)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=self.workspace.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self._temporary), **self.env},
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    @property
    def _temporary(self) -> Path:
        return self.workspace.parent / "temporary"


def sample_rows(others: int = OTHERS) -> list[dict[str, str]]:
    """All baby care lines of the sample and the first `others` of the rest, as they come."""
    with (SAMPLES / "receipts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rest = [row for row in rows if row["category"] != "baby care"][:others]
    kept = {row["id"] for row in rest}
    return [row for row in rows if row["category"] == "baby care" or row["id"] in kept]


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """The rows as a csv file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def prepared(session: Path) -> Path:
    """A workspace with the small pool embedded, its task, the zero-shot pass and the features; to be copied.

    `session` is the session's folder for temporary files. Made once for all workers of a test run.
    """
    shared = session.parent if "PYTEST_XDIST_WORKER" in os.environ else session
    folder = shared / "prepared"
    with FileLock(shared / "prepared.lock"):
        if folder.exists():
            return folder
        making = shared / "making"
        making.mkdir()
        receipts = write_csv(making / "receipts.csv", sample_rows())
        with open_workbench(Settings(workspace=making / "workspace"), write=True) as bench:
            add_texts(bench, source=str(receipts), name="receipts", id_column="id")
            task = create_task(bench, load_task_file(SAMPLES / "task.yaml"))
            pool = pool_texts(bench, task)
            zero_shot(bench, task, pool)
            pool_features(bench, task, pool)
        (making / "workspace").rename(folder)
    return folder


def copied(workspace: Path, to: Path) -> Path:
    """A copy of a workspace that no program works in."""
    return Path(shutil.copytree(workspace, to))


# --- a look from outside ----------------------------------------------------------------------------------------------


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A database of a workspace, opened for looking."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE)
    try:
        yield connection
    finally:
        connection.close()


def rows(workspace: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on the workspace's database."""
    with database(workspace / "laud.db") as connection:
        return connection.execute(query).fetchall()


def end_state(workspace: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a loop leaves in the database, times left out, labels in the order of their texts."""
    return {
        "gold": rows(workspace, "SELECT text_id, stratum, weight FROM gold ORDER BY place"),
        "rounds": rows(
            workspace,
            "SELECT number, status, strategy, learner, seed, labels, oracle_calls, cost, model_id, scores, agreement,"
            " stop_rule, stop_reason FROM rounds ORDER BY number",
        ),
        "picks": rows(workspace, "SELECT round, rank, text_id, score, strategy FROM picks ORDER BY round, rank"),
        "labels": rows(
            workspace, "SELECT text_id, role, round, outcome, label, confidence, cost FROM labels ORDER BY text_id"
        ),
        "models": rows(workspace, "SELECT id, round, learner, labels, threshold FROM models ORDER BY round"),
    }


def until(condition: Callable[[], object], what: str, *, every: float = 0.001) -> None:
    """Look until the condition holds, each time so many seconds after the last."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {what}"
        time.sleep(every)


def family(process: int) -> set[tuple[int, str]]:
    """The processes that this one started, and those that they did: their ids and start times."""
    parents: dict[int, set[tuple[int, str]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(int(fields[1]), set()).add((int(stat.parent.name), fields[19]))
    found: set[tuple[int, str]] = set()
    reached = [process]
    while reached:
        children = parents.get(reached.pop(), set())
        found |= children
        reached += [child for child, _ in children]
    return found


def gone(member: tuple[int, str]) -> bool:
    """Whether a process of a family has ended."""
    try:
        fields = Path(f"/proc/{member[0]}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return fields[19] != member[1] or fields[0] == "Z"


def kill(process: subprocess.Popen[bytes]) -> set[tuple[int, str]]:
    """End the program as `kill -9` does; returns the processes that it had started."""
    children = family(process.pid)
    process.kill()
    process.communicate(timeout=PATIENCE)
    return children


def half_written(workspace: Path) -> list[str]:
    """Files and folders that were begun and never finished."""
    return sorted(str(path.relative_to(workspace)) for path in workspace.rglob("*.part*"))
