"""`kill -9` at any moment, then the same command: it goes on, no label is lost, none is asked for twice."""

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.laud_process import (
    LOOP,
    PATIENCE,
    ROOT,
    Laud,
    copied,
    database,
    end_state,
    gone,
    half_written,
    kill,
    prepared,
    rows,
    sample_rows,
    until,
    write_csv,
)
from tests.support.openai_endpoint import KEY, MODEL, Fault, OpenAIEndpoint
from tests.support.tiny_encoder import write_tiny_encoder
from tools.files import replacing
from tools.task import model_stem

RUN = ("run", "baby-care", *LOOP, "--json")
GOLD = 24
STATUSES = ("selected", "labeled", "trained", "scored", "closed")


@pytest.fixture
def laud(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Laud:
    return Laud(workspace=copied(prepared(tmp_path_factory.getbasetemp()), tmp_path / "workspace"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The workspace of a run that was left alone, and what it said; tests only look at it."""
    workspace = copied(prepared(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("alone") / "workspace")
    return workspace, Laud(workspace=workspace).here(*RUN).json


def kill_whole(process: subprocess.Popen[bytes]) -> int:
    """Kill the program and see that nothing it started outlives it; returns how many processes that were."""
    children = kill(process)
    until(lambda: all(map(gone, children)), "the children of the killed program to end")
    return len(children)


# --- the loop ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Moment:
    """How far a loop is; a later moment is greater.

    `gold` is 1 when the sample is drawn and one more for each of its labels, `round` the number of the last round plus
    one. `training` is 1 while the round's model is written, 2 when its folder is there, 3 when it is recorded.
    """

    gold: int = GOLD + 1
    round: int = 0
    status: int = 0
    training: int = 0
    answers: int = 0
    stopped: int = 0


def look(connection: sqlite3.Connection, workspace: Path) -> Moment:
    """How far the loop is."""

    def one(query: str, *values: object) -> Any:
        return (connection.execute(query, values).fetchone() or (None,))[0]

    number = one("SELECT max(number) FROM rounds")
    training = 0
    if number is not None:
        model = f"baby-care-*-round-{number:03d}"
        if one("SELECT count(*) FROM models WHERE round = ?", number):
            training = 3
        elif list((workspace / "models").glob(model)):
            training = 2
        elif list((workspace / "models").glob(f".{model}.partial")):
            training = 1
    return Moment(
        gold=one("SELECT (SELECT gold_drawn FROM tasks) + (SELECT count(*) FROM labels WHERE role = 'gold')"),
        round=0 if number is None else number + 1,
        status=0 if number is None else STATUSES.index(one("SELECT status FROM rounds WHERE number = ?", number)),
        training=training,
        answers=one("SELECT count(*) FROM labels WHERE role <> 'gold' AND round = ?", number),
        stopped=one("SELECT count(*) FROM rounds WHERE stop_rule IS NOT NULL"),
    )


def kill_at(process: subprocess.Popen[bytes], workspace: Path, moment: Moment) -> Moment:
    """Kill the program once it has come to `moment`; returns where it died.

    The database is held for writing meanwhile, so that nothing is committed between the look and the kill.
    """
    holding = sqlite3.connect(workspace / "laud.db", timeout=0, isolation_level=None)
    deadline = time.monotonic() + PATIENCE
    try:
        with database(workspace / "laud.db") as looking:
            while True:
                assert process.poll() is None, f"it ended before {moment}"
                assert time.monotonic() < deadline, f"it never came to {moment}"
                if look(looking, workspace) < moment:
                    time.sleep(0.0005)
                    continue
                try:
                    holding.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    continue  # the program is writing just now
                died = look(holding, workspace)
                kill_whole(process)
                return died
    finally:
        holding.close()


MOMENTS = (
    Moment(gold=1),
    Moment(gold=1 + GOLD // 2),
    Moment(gold=1 + GOLD),
    Moment(round=1),
    Moment(round=1, answers=8),
    Moment(round=1, status=1),
    Moment(round=1, status=1, training=1),
    Moment(round=1, status=1, training=2),
    Moment(round=1, status=2),
    Moment(round=1, status=3),
    Moment(round=1, status=4),
    Moment(round=2),
    Moment(round=2, answers=3),
    Moment(round=3, answers=5),
    Moment(round=4, status=1, training=2),
    Moment(round=4, status=4, stopped=1),
)
"""Where the program is killed. A busy machine may let a moment slip by; the program then dies at the next one."""


def test_a_run_killed_again_and_again_ends_like_one_that_was_left_alone(
    laud: Laud, alone: tuple[Path, dict[str, Any]]
) -> None:
    left_alone, wanted = alone
    deaths: list[Moment] = [Moment(gold=0)]
    for moment in MOMENTS:
        if moment > deaths[-1]:
            with laud.started(*RUN) as process:
                deaths.append(kill_at(process, laud.workspace, moment))
    found = laud.here(*RUN).json
    assert len({astuple(death) for death in deaths[1:]}) >= 10, deaths
    assert end_state(laud.workspace) == end_state(left_alone)
    assert [timeless(one) for one in found["rounds"]] == [timeless(one) for one in wanted["rounds"]]
    assert [one["labels"] for one in found["rounds"]] == [16, 22, 28, 34]
    assert found["stop"] == wanted["stop"]
    answers = Counter(text for (text,) in rows(laud.workspace, "SELECT text_id FROM labels"))
    assert set(answers.values()) == {1}
    assert not rows(laud.workspace, "SELECT * FROM picks WHERE text_id IN (SELECT text_id FROM gold)")
    assert half_written(laud.workspace) == []


def timeless(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "seconds"}


def test_answers_that_were_paid_for_are_never_asked_for_again(laud: Laud, alone: tuple[Path, dict[str, Any]]) -> None:
    category = {row["text"]: "baby care" if row["category"] == "baby care" else "other" for row in sample_rows()}
    lanes = 4
    seed_calls = alone[1]["seed_calls"]
    with OpenAIEndpoint(category.__getitem__) as endpoint:
        paying = Laud(
            workspace=laud.workspace,
            env={
                "LAUD_LLM_BASE_URL": endpoint.url,
                "LAUD_LLM_API_KEY": KEY,
                "LAUD_LLM_MODEL": MODEL,
                "LAUD_LLM_CONCURRENCY": str(lanes),
                "LAUD_ORACLE_GATE": "skip",
                "LAUD_ORACLE_REPEATS": "0",
            },
        )
        lost: Counter[str] = Counter()
        # It dies in the gold sample, in the seed and as a round begins, each time with four requests under way.
        for stored in (10, GOLD + 9, GOLD + seed_calls):
            answered = stored - count_labels(laud.workspace)
            wanted = len(endpoint.requests) + answered + lanes
            endpoint.faults.extend([None] * answered + [Fault(hold=True)] * lanes)
            with paying.started(*RUN, "--oracle", "llm") as process:
                until(lambda w=wanted: len(endpoint.requests) == w, "requests to be held back")  # type: ignore[misc]
                until(lambda n=stored: count_labels(laud.workspace) == n, "the answers to be stored")  # type: ignore[misc]
                kill_whole(process)
            lost.update(endpoint.texts()[-lanes:])
        done = paying.here(*RUN, "--oracle", "llm").json
        assert done["stop"]["rule"] == "labels=34"
        asked = Counter(endpoint.texts())
    stored = rows(laud.workspace, "SELECT t.text, l.label FROM labels l JOIN texts t ON t.id = l.text_id")
    assert len(stored) == len(dict(stored)), "one answer a text"
    assert dict(stored) == {text: category[text] for text in asked}
    assert asked == Counter(dict.fromkeys(asked, 1)) + lost


def count_labels(workspace: Path) -> int:
    count: int = rows(workspace, "SELECT count(*) FROM labels")[0][0]
    return count


# --- the pool ---------------------------------------------------------------------------------------------------------

ROWS, DISTINCT = 6_400, 6_300
"""Four chunks: two of them are in Chroma and not yet in the matrix while there are others before and after."""
ADD = ("pool", "add", "receipts.csv", "--name", "receipts", "--json")


def read_rows(workspace: Path) -> int:
    """Rows of the input that are stored."""
    return counted(workspace / "laud.db", "SELECT rows_done FROM imports")


def in_chroma(workspace: Path) -> int:
    """Vectors in Chroma."""
    return counted(workspace / "chroma" / "chroma.sqlite3", "SELECT count(*) FROM embeddings")


def in_matrix(workspace: Path) -> int:
    """Rows of the matrix: each has an id of 8 bytes."""
    return len(matrix(workspace, "ids")) // 8


def counted(path: Path, query: str) -> int:
    """A number from a database that may not be there yet."""
    try:
        with database(path) as connection:
            return int((connection.execute(query).fetchone() or (0,))[0])
    except sqlite3.OperationalError:
        return 0


def matrix(workspace: Path, kind: str) -> bytes:
    return b"".join(path.read_bytes() for path in (workspace / "vectors").glob(f"*.{kind}"))


def test_a_pool_killed_while_it_is_read_and_embedded_is_made_whole(tmp_path: Path) -> None:
    write_csv(tmp_path / "receipts.csv", [{"text": f"Item {number % DISTINCT}"} for number in range(ROWS)])
    env = {"LAUD_ENCODER": str(write_tiny_encoder(tmp_path / "encoder"))}
    alone, laud, other = (Laud(workspace=tmp_path / name, env=env) for name in ("alone", "workspace", "other"))
    wanted = alone.here(*ADD).json
    place = laud.workspace
    kill_when(laud, "rows in the pool", lambda: 0 < read_rows(place) < ROWS)
    what = "vectors in Chroma that the matrix lacks"
    kill_when(laud, f"{what}, which has some", lambda: 0 < in_matrix(place) < in_chroma(place) < DISTINCT)
    kill_when(other, what, lambda: in_matrix(other.workspace) < in_chroma(other.workspace) < DISTINCT)
    for killed in (laud, other):
        found = killed.here(*ADD).json
        assert {**found, "seconds": 0} == {**wanted, "seconds": 0}
        assert (found["rows"], found["added"], found["duplicates"]) == (ROWS, DISTINCT, ROWS - DISTINCT)
        texts = "SELECT id, ordinal, text, copies, fields FROM texts ORDER BY ordinal"
        assert rows(killed.workspace, texts) == rows(alone.workspace, texts)
        assert killed.here("pool", "describe", "receipts", "--json").json  # which mends a matrix that is short
        for kind in ("ids", "f16", "json"):
            assert matrix(killed.workspace, kind) == matrix(alone.workspace, kind)
        assert in_matrix(killed.workspace) == in_chroma(killed.workspace) == in_chroma(alone.workspace) == DISTINCT
        assert half_written(killed.workspace) == []


def kill_when(laud: Laud, what: str, condition: Callable[[], bool]) -> None:
    """Kill the program while it adds the pool, as soon as the condition holds."""
    with laud.started(*ADD) as process:
        until(lambda: condition() or process.poll() is not None, what)
        assert process.poll() is None, f"it ended before there were some {what}, but not all"
        kill_whole(process)


# --- a file -----------------------------------------------------------------------------------------------------------

WRITE_HALF = """
import sys
from pathlib import Path
from tools.files import replacing
from tools.task import model_stem
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_a_file_that_was_half_written_is_taken_away_by_the_next_try(tmp_path: Path) -> None:
    path = tmp_path / "out[1].csv"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", WRITE_HALF, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        with replacing(path) as file:
            file.write(b"meanwhile")
        assert path.read_bytes() == b"meanwhile"
        assert len(half_written(tmp_path)) == 1, "the other process is at work"
        kill_whole(process)
    assert path.read_bytes() == b"meanwhile"
    assert len(half_written(tmp_path)) == 1
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert half_written(tmp_path) == []


# --- a deletion -------------------------------------------------------------------------------------------------------

CLUTTER = 20_000
"""Files in a model's folder, so that taking it away takes a while."""


def test_a_deletion_killed_half_way_is_finished_by_the_same_command(laud: Laud) -> None:
    folder = laud.workspace / "models" / f"{model_stem('baby-care')}000"
    folder.mkdir(parents=True)
    for number in range(CLUTTER):
        (folder / f"{number}.bin").touch()
    assert rows(laud.workspace, "SELECT name FROM tasks") == [("baby-care",)]
    with laud.started("task", "delete", "baby-care", "--yes") as process:
        until(lambda: not rows(laud.workspace, "SELECT name FROM tasks"), "the database to forget the task")
        kill_whole(process)
    assert folder.exists(), "it was killed before the folder was gone"
    for table in ("tasks", "guidelines", "labels", "rounds", "picks", "gold", "models"):
        assert rows(laud.workspace, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608 - names from here
    done = laud.here("task", "delete", "baby-care", "--yes", "--json").json["deleted"]
    assert done == {"task": "baby-care", "labels": 0, "models": 0}
    assert not folder.exists()
    assert "no task 'baby-care'" in laud.here("task", "delete", "baby-care", "--yes").complaint
    assert rows(laud.workspace, "SELECT count(*) FROM pools") == [(1,)]
