"""Which files a conversation may read and write."""

from pathlib import Path

import pytest

from agent.places import Places
from tools.engine.errors import AskAgain


@pytest.fixture
def places(workspace: Path) -> Places:
    (workspace / "uploads" / "folder").mkdir(parents=True)
    (workspace / "uploads" / "lines.csv").write_text("text\na\n", encoding="utf-8")
    (workspace / "laud.db").write_text("not for reading", encoding="utf-8")
    return Places(workspace=workspace, local_files=False)


def test_uploads_and_samples_are_read(places: Places) -> None:
    assert places.source("lines.csv") == str(places.uploads / "lines.csv")
    assert Path(places.source("sample:receipts")).is_file()


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        "../laud.db",
        "folder",
        "uploads/lines.csv",
        "./lines.csv",
        "hf:someone/something",
        "-",
        "sample:../../settings",
        "sample:/etc/passwd",
        "~/.ssh/id_rsa",
        "lines.csv\x00",
    ],
)
def test_nothing_else_is_where_others_can_ask(file: str, places: Places) -> None:
    with pytest.raises(AskAgain, match=r"There is no (uploaded file|sample)"):
        places.source(file)


def test_where_the_person_sits_at_this_machine_its_files_are_read(places: Places) -> None:
    local = Places(workspace=places.workspace, local_files=True)
    assert local.source("/data/lines.csv") == "/data/lines.csv"
    assert local.source("lines.csv") == str(places.uploads / "lines.csv")
    assert local.source("hf:someone/something") == "hf:someone/something"
    with pytest.raises(AskAgain):
        local.source("-")  # the service has no standard input to read


def test_results_stay_in_the_exports(places: Places) -> None:
    assert places.target(None, "babies") == places.exports / "babies"
    assert places.target("mine", "babies") == places.exports / "mine"
    for out in ("../x", "/etc", "a/b", "..", "."):
        with pytest.raises(AskAgain, match="give a plain name"):
            places.target(out, "babies")
    local = Places(workspace=places.workspace, local_files=True)
    assert local.target("/data/out", "babies") == Path("/data/out")
