"""Bad input: one clear line that says what happened and what to do, exit code 2, nothing half-written."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.laud_process import (
    LOOP,
    PROGRAM,
    ROOT,
    SAMPLES,
    Finished,
    Laud,
    copied,
    half_written,
    prepared,
    rows,
    until,
    write_csv,
)
from tests.support.openai_endpoint import MODEL, OpenAIEndpoint
from tests.support.tiny_encoder import write_tiny_encoder

RUN = ("run", "baby-care", *LOOP, "--json")


@pytest.fixture
def empty(tmp_path: Path) -> Laud:
    """The program on a workspace that is not there yet."""
    return Laud(workspace=tmp_path / "workspace")


@pytest.fixture
def laud(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Laud:
    """The program on a workspace with a pool and a task."""
    return Laud(workspace=copied(prepared(tmp_path_factory.getbasetemp()), tmp_path / "workspace"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Laud:
    """The program on a workspace with a model; tests only read it."""
    place = tmp_path_factory.mktemp("trained") / "workspace"
    laud = Laud(workspace=copied(prepared(tmp_path_factory.getbasetemp()), place))
    assert laud.here("run", "baby-care", "--learner", "head", "--gold", "24", "--labels", "16", "--json").json["model"]
    return laud


def nothing_of_a_loop(workspace: Path) -> bool:
    """Whether no run has begun in the workspace."""
    tables = ("gold", "labels", "rounds", "models")
    return not any(rows(workspace, f"SELECT * FROM {table} LIMIT 1") for table in tables)  # noqa: S608 - fixed names


# --- inputs -----------------------------------------------------------------------------------------------------------


def parquet(path: Path) -> bytes:
    """A small parquet file's bytes."""
    pq.write_table(pa.table({"text": [f"soap {number}" for number in range(500)]}), path)
    return path.read_bytes()


def nothing(folder: Path) -> Path:
    return folder / "nothing.csv"


def no_bytes(folder: Path) -> Path:
    (folder / "empty.csv").touch()
    return folder / "empty.csv"


def no_rows(folder: Path) -> Path:
    (folder / "header.csv").write_text("text,label\n")
    return folder / "header.csv"


def no_texts(folder: Path) -> Path:
    return write_csv(folder / "blank.csv", [{"text": " ", "label": "soap"}] * 3)


def cut_parquet(folder: Path) -> Path:
    content = parquet(folder / "cut.parquet")
    (folder / "cut.parquet").write_bytes(content[: len(content) // 2])
    return folder / "cut.parquet"


def bitten_parquet(folder: Path) -> Path:
    content = bytearray(parquet(folder / "bitten.parquet"))
    content[8:200] = bytes(192)
    (folder / "bitten.parquet").write_bytes(content)
    return folder / "bitten.parquet"


def long_line(folder: Path) -> Path:
    with (folder / "long.txt").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 2**20)
        file.write(b"\n")
    return folder / "long.txt"


def a_folder(folder: Path) -> Path:
    return folder


def two_texts(folder: Path) -> Path:
    row = {"item": "soap, with lavender, of Provence", "remark": "smells of summers long ago"}
    return write_csv(folder / "two.csv", [row] * 20)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (nothing, "There is no such file"),
        (no_bytes, "The file is empty"),
        (no_rows, "It holds no rows"),
        (no_texts, "Pool 'soaps' was not made"),
        (cut_parquet, "damaged or cut off"),
        (bitten_parquet, "damaged"),
        (long_line, "line of 52,428,8"),
        (a_folder, "It is a folder"),
        (two_texts, "--text-column"),
    ],
)
def test_an_input_without_texts(empty: Laud, tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    assert says in empty.here("pool", "add", make(tmp_path), "--name", "soaps", "--json").complaint
    assert not (empty.workspace / "laud.db").exists() or not rows(empty.workspace, "SELECT * FROM pools")
    assert not half_written(empty.workspace)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--text-column", "titel"), '"titel"'),
        (("--id-column", "nr"), '"nr"'),
    ],
)
def test_a_wrong_column_is_answered_with_those_there_are(
    empty: Laud, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    said = empty.here("pool", "add", two_texts(tmp_path), "--name", "soaps", *options).complaint
    assert says in said
    assert "item, remark" in said


def test_a_line_of_50_megabytes_is_skipped_and_the_others_stay(empty: Laud, tmp_path: Path) -> None:
    file = long_line(tmp_path)
    content = file.read_bytes()
    file.write_bytes(b"soap\n" + content + b"milk\n")
    laud = Laud(workspace=empty.workspace, env={"LAUD_ENCODER": str(write_tiny_encoder(tmp_path / "encoder"))})
    added = laud.here("pool", "add", file, "--name", "soaps", "--json").json
    assert (added["rows"], added["added"]) == (3, 2)
    assert [skipped["row"] for skipped in added["skipped"]] == [2]
    assert "52,428,8" in added["skipped"][0]["reason"]


def test_an_encoder_that_is_not_there(empty: Laud, tmp_path: Path) -> None:
    laud = Laud(workspace=empty.workspace, env={"LAUD_ENCODER": str(tmp_path / "none")})
    command = ("pool", "add", two_texts(tmp_path), "--name", "s", "--text-column", "item")
    assert "LAUD_ENCODER" in laud.here(*command).complaint
    assert not rows(empty.workspace, "SELECT * FROM pools")


# --- what is asked for ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*RUN, "--batch", "1000"), "fewer than one batch of 1,000"),
        ((*RUN, "--strategy", "margins"), "'margins'"),
        ((*RUN, "--learner", "heads"), "'heads'"),
        ((*RUN, "--oracle", "oracle"), "replay:COLUMN"),
        ((*RUN, "--oracle", "replay:categories"), "'category'"),
        ((*RUN, "--oracle", "llm"), "LAUD_LLM_BASE_URL"),
        ((*RUN, "--gold-oracle", "nobody"), "'nobody'"),
        ((*RUN, "--until", "precision>=101%"), "precision"),
        ((*RUN, "--until", "enough"), "plateau"),
        ((*RUN, "--labels", "1"), "2 classes"),
        (("run", "tasks"), "'baby-care'"),
        (("run", "baby-care", "--batch", "0"), "--batch"),
        (("run", "baby-care", "--bach", "8"), "--bach"),
        (("run",), "task"),
        (("nonsense",), "nonsense"),
        (("pool", "describe", "pools"), "'receipts'"),
        (("pool", "search", "receipts", " "), "Nothing to search for"),
        (("status", "tasks"), "'baby-care'"),
        (("predict", "baby-care", SAMPLES / "receipts.csv", "--out", "out.csv"), "no model yet"),
        (("predict", "tasks", SAMPLES / "receipts.csv", "--out", "out.csv"), "'baby-care'"),
        (("evaluate", "baby-care", "--test", "none.csv"), "no model yet"),
        (("export", "baby-care", "--out", "result", "--format", "pdf"), "predictions"),
        (("label", "import", "baby-care", "none.csv"), "There is no file"),
    ],
)
def test_a_request_that_cannot_be_met_begins_nothing(laud: Laud, arguments: tuple[str, ...], says: str) -> None:
    assert says in laud.here(*arguments).complaint
    assert nothing_of_a_loop(laud.workspace)
    assert not (laud.workspace.parent / "out.csv").exists()


def test_a_setting_that_makes_no_sense(laud: Laud) -> None:
    wrong = Laud(workspace=laud.workspace, env={"LAUD_PRECISION": "float8"})
    assert "LAUD_PRECISION" in wrong.here("status").complaint


CLASSES = "classes: [soap, milk]"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name: t\npool: receipts\nclasses: [Soap, milk, soap]", "'Soap', 'soap'"),
        ("name: t\npool: receipts\nclasses: [soap]", "2"),
        ("name: t\npool: receipts\nclasses: [soap, '']", "classes"),
        (f"name: t\npool: receipts\n{CLASSES}\npositive: tea", "'tea'"),
        (f"name: t\npool: receipts\n{CLASSES}\npositive: soap\nrest: soap", "'soap'"),
        (f"name: t\npool: receipts\n{CLASSES}\nclases: 1", "clases"),
        (f"name: t\npool: receipts\n{CLASSES}\nstop: soon", "'soon'"),
        (f"name: t\npool: receipts\n{CLASSES}\nbudget: -1", "budget"),
        (f"name: t\n{CLASSES}", "pool"),
        (f"name: t\npool: pools\n{CLASSES}", "'receipts'"),
        (f"name: ../t\npool: receipts\n{CLASSES}", "name"),
        ("name: [t\n", "not valid YAML"),
        ("- soap\n- milk\n", "mapping"),
        ("", "mapping"),
        ("name: caf\udce9", "cannot be read"),
    ],
)
def test_a_task_file_with_a_mistake(laud: Laud, tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "task.yaml"
    file.write_text(content, encoding="utf-8", errors="surrogateescape")
    said = laud.here("task", "create", file, "--json").complaint
    assert says in said
    assert rows(laud.workspace, "SELECT name FROM tasks") == [("baby-care",)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("none.yaml",), "There is no file"),
        ((SAMPLES / "task.yaml", "--name", "t"), "not both"),
        (("--name", "t", "--pool", "receipts"), "--classes"),
        (("--name", "t", "--pool", "receipts", "--classes", "soap"), "2"),
        (("--name", "t", "--pool", "receipts", "--classes", "a,b", "--definitions", SAMPLES / "task.yaml"), "defines"),
    ],
)
def test_a_task_that_is_not_said_whole(laud: Laud, arguments: tuple[str, ...], says: str) -> None:
    assert says in laud.here("task", "create", *arguments).complaint


# --- labels -----------------------------------------------------------------------------------------------------------


def test_recorded_labels_outside_the_classes_are_named(laud: Laud) -> None:
    classes = ("--classes", "baby care,produce")
    assert laud.here("task", "create", "--name", "t", "--pool", "receipts", *classes).code == 0
    said = laud.here("run", "t", "--oracle", "replay:category").complaint
    assert "'bakery'" in said
    assert "'produce'" in said
    assert nothing_of_a_loop(laud.workspace)


def test_a_filled_in_file_with_an_unknown_label_is_not_taken_at_all(laud: Laud, tmp_path: Path) -> None:
    waiting = laud.here("run", "baby-care", "--oracle", "human", "--gold", "3", "--json").json
    assert waiting["stop"]["rule"] == "waiting"
    batch = tmp_path / "batch.csv"
    assert laud.here("label", "export", "baby-care", "--out", batch, "--json").json["texts"] == 3
    header, *lines = batch.read_text(encoding="utf-8-sig").splitlines()
    filled = [",".join([*line.rsplit(",", 3)[:1], label, "", ""]) for line, label in zip(lines, "abc", strict=True)]
    filled[0] = filled[0].replace(",a,", ",other,")
    batch.write_text("\n".join([header, *filled]), encoding="utf-8")
    said = laud.here("label", "import", "baby-care", batch, "--json").complaint
    assert "row 2 'b', row 3 'c'" in said
    assert "'baby care'" in said
    assert not rows(laud.workspace, "SELECT * FROM labels")


def test_a_labeled_file_that_does_not_fit_the_task(trained: Laud, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "test.csv", [{"text": "soap", "truth": "soap"}] * 3)
    said = trained.here("evaluate", "baby-care", "--test", file).complaint
    assert "'truth'" in said
    assert "--label-column" in said


# --- endpoints --------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_is_not_there(laud: Laud) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and never listens
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        wrong = Laud(workspace=laud.workspace, env={"LAUD_LLM_BASE_URL": address, "LAUD_LLM_MODEL": MODEL})
        said = wrong.here(*RUN, "--oracle", "llm").complaint
    assert address in said
    assert "LAUD_LLM_BASE_URL" in said
    assert not rows(laud.workspace, "SELECT * FROM labels")


def test_a_wrong_key_is_named_without_being_shown(laud: Laud) -> None:
    with OpenAIEndpoint(lambda _: "other") as endpoint:
        env = {"LAUD_LLM_BASE_URL": endpoint.url, "LAUD_LLM_MODEL": MODEL, "LAUD_LLM_API_KEY": "sk-wrong-wrong"}
        said = Laud(workspace=laud.workspace, env=env).here(*RUN, "--oracle", "llm").complaint
    assert "LAUD_LLM_API_KEY" in said
    assert "sk-wrong" not in said
    assert not rows(laud.workspace, "SELECT * FROM labels")


# --- workspaces -------------------------------------------------------------------------------------------------------


def test_a_workspace_in_which_another_program_works(laud: Laud) -> None:
    with laud.started("pool", "add", "-", "--name", "more", stdin=subprocess.PIPE):
        until((laud.workspace / "inputs").exists, "the other program to read its input")
        assert "Another laud command is working" in laud.here(*RUN).complaint
        assert laud.here("status", "--json").json["tasks"], "looking is allowed"
        assert nothing_of_a_loop(laud.workspace)


@pytest.mark.parametrize("content", [b"this is no database at all " * 400, b""])
def test_a_damaged_database(laud: Laud, content: bytes) -> None:
    file = laud.workspace / "laud.db"
    whole = file.read_bytes()
    file.write_bytes(content or whole[:4096] + bytes(len(whole) - 4096))
    assert "laud.db is damaged" in laud.here("status").complaint
    assert "laud.db is damaged" in laud.here(*RUN).complaint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("laud.json", None),
        ("laud.json", b"{"),
        ("laud.json", b"{}"),
        ("head.safetensors", None),
        ("head.safetensors", b"damaged"),
    ],
)
def test_a_damaged_model(trained: Laud, tmp_path: Path, name: str, content: bytes | None) -> None:
    out = tmp_path / "out.csv"
    with damaged(trained, name, content):
        said = trained.here("predict", "baby-care", SAMPLES / "receipts.csv", "--out", out).complaint
    assert "round-000" in said
    assert not list(tmp_path.iterdir())


def test_damaged_held_out_probabilities_of_a_model(trained: Laud) -> None:
    """Scores of a run without gold stand on them, and so do the hard texts of every report."""
    with damaged(trained, "held_out.npy", b"\x93NUMPY"):
        said = trained.here("run", "baby-care", "--learner", "head", "--gold", "24", "--labels", "16").complaint
    assert "round-000" in said


def test_damaged_pool_probabilities_are_made_anew(trained: Laud) -> None:
    """They are a copy of what the model says."""
    with damaged(trained, "pool.npy", b"\x93NUMPY"):
        again = trained.here("run", "baby-care", "--learner", "head", "--gold", "24", "--labels", "16", "--json")
    assert again.json["model"]["id"].endswith("round-000")


@contextmanager
def damaged(laud: Laud, name: str, content: bytes | None) -> Iterator[None]:
    """The file of the model with other content, or none; whole again at the end."""
    file = next((laud.workspace / "models").glob(f"*/{name}"))
    whole = file.read_bytes()
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(whole)


# --- disks ------------------------------------------------------------------------------------------------------------

ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=$SIZE small "$PLACE"
cp -r "$FROM/." "$PLACE"
"$@" < /dev/null > "$LEFT/first.out" 2> "$LEFT/first.err" && code=0 || code=$?
echo $code > "$LEFT/first.code"
find "$PLACE" -name '*.part*' > "$LEFT/half"
mount -o remount,size=200m "$PLACE"
"$@" < /dev/null > "$LEFT/second.out" 2> "$LEFT/second.err" && code=0 || code=$?
echo $code > "$LEFT/second.code"
"""


@pytest.fixture
def own_mounts(tmp_path: Path) -> None:
    """Skips where a program may not mount in a namespace of its own."""
    allowed = shutil.which("unshare") and subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", str(tmp_path)], check=False, capture_output=True
    )
    if not allowed or allowed.returncode:
        pytest.skip("small and read-only disks need the right to mount (run as root)")


def on_a_small_disk(laud: Laud, folder: Path, *arguments: str | Path, size: str, of: Path) -> tuple[Finished, Finished]:
    """The command where `folder`, filled with what is in `of`, has `size` in all; then again with more room.

    Sees that the first try leaves nothing half-written.
    """
    left = laud.workspace.parent / "left"
    left.mkdir()
    folder.mkdir(exist_ok=True)
    env = {**laud.env, "SIZE": size, "PLACE": str(folder), "FROM": str(of), "LEFT": str(left)}
    prefix = ("unshare", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh")
    script = Laud(workspace=laud.workspace, env=env)(*arguments, prefix=prefix)
    assert script.code == 0, script.err
    assert (left / "half").read_text() == ""
    first, second = (
        Finished(
            code=int((left / f"{name}.code").read_text()),
            out=(left / f"{name}.out").read_text(),
            err=(left / f"{name}.err").read_text(),
            fault=script.fault,
        )
        for name in ("first", "second")
    )
    return first, second


@pytest.mark.usefixtures("own_mounts")
@pytest.mark.parametrize("size", ["100k", "700k"])
def test_a_disk_that_fills_while_a_pool_is_added(empty: Laud, tmp_path: Path, size: str) -> None:
    texts = write_csv(tmp_path / "soaps.csv", [{"text": f"soap number {number}"} for number in range(3_000)])
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    laud = Laud(workspace=empty.workspace, env={"LAUD_ENCODER": str(write_tiny_encoder(tmp_path / "encoder"))})
    command = ("pool", "add", texts, "--name", "soaps", "--json")
    first, second = on_a_small_disk(laud, laud.workspace, *command, size=size, of=nowhere)
    assert "ree " in first.complaint
    assert (second.json["rows"], second.json["added"]) == (3_000, 3_000)


@pytest.mark.usefixtures("own_mounts")
@pytest.mark.parametrize("room", [20, 160])
def test_a_disk_that_fills_during_a_run(laud: Laud, tmp_path: Path, room: int) -> None:
    full = copied(laud.workspace, tmp_path / "full")
    used = int(subprocess.run(["du", "-sk", full], check=True, capture_output=True).stdout.split()[0])
    first, second = on_a_small_disk(laud, laud.workspace, *RUN, size=f"{used + room}k", of=full)
    assert "ree " in first.complaint
    assert second.json["stop"]["rule"] == "labels=34"


@pytest.mark.usefixtures("own_mounts")
def test_a_disk_that_fills_with_predictions(trained: Laud, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    texts = write_csv(tmp_path / "soaps.csv", [{"text": f"soap number {number} " * 12} for number in range(120)])
    out = tmp_path / "disk" / "out.csv"
    first, second = on_a_small_disk(
        trained, out.parent, "predict", "baby-care", texts, "--out", out, "--json", size="16k", of=nowhere
    )
    assert str(out) in first.complaint
    assert "Free some space" in first.complaint
    assert second.json["predicted"]["rows"] == 120


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


@pytest.mark.usefixtures("own_mounts")
@pytest.mark.parametrize(
    "arguments",
    [
        RUN,
        ("status",),
        ("pool", "add", SAMPLES / "receipts.csv", "--name", "more"),
        ("task", "create", SAMPLES / "task.yaml"),
    ],
)
def test_a_workspace_that_cannot_be_written(laud: Laud, arguments: tuple[str, ...]) -> None:
    prefix = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(laud.workspace))
    said = laud(*arguments, prefix=prefix).complaint
    assert str(laud.workspace) in said
    assert "writ" in said


@pytest.mark.usefixtures("own_mounts")
def test_a_workspace_that_cannot_be_made(laud: Laud) -> None:
    prefix = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(laud.workspace))
    inside = Laud(workspace=laud.workspace / "inner" / "workspace")
    done = subprocess.run(
        [*prefix, PROGRAM, "status", "--workspace", str(inside.workspace)], check=False, capture_output=True, text=True
    )
    assert Finished(code=done.returncode, out=done.stdout, err=done.stderr).complaint


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_a_cluster_is_named_and_ray_is_not_installed(laud: Laud) -> None:
    elsewhere = Laud(workspace=laud.workspace, env={**laud.env, "LAUD_RAY_ADDRESS": "127.0.0.1:6379"})
    said = elsewhere("pool", "add", SAMPLES / "receipts.csv", "--name", "more").complaint
    assert "pip install 'laud[ray]'" in said


BROKEN = """
import sys
from agent.cli.main import app, main

@app.command()
def broken() -> None:
    raise RuntimeError("nappies")

sys.argv = ["laud", "broken"]
main()
"""


def test_a_fault_of_its_own_is_one_line_and_a_file_with_the_details(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    (details,) = tmp_path.glob("laud-fault-*.txt")
    assert done.returncode == 1
    assert done.stderr == (f"laud: a fault of LAUD's own, RuntimeError; what was done is kept. Details: {details}\n")
    assert "nappies" in details.read_text()
