"""Files that people send, and files that they fetch."""

import io
from pathlib import Path

import httpx
import openpyxl
import pytest

from agent.service.uploads import plain_name
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench


def _send(client: httpx.Client, name: str, content: bytes = b"text\na\n") -> httpx.Response:
    return client.post("/uploads", files={"file": (name, content)})


def test_a_file_is_kept_under_its_name(client: httpx.Client, workspace: Path) -> None:
    sent = _send(client, "Äpfel (1).csv", b"text\n\xff\n")
    assert (sent.status_code, sent.json()) == (201, {"file": "Äpfel (1).csv", "bytes": 7})
    assert (workspace / "uploads" / "Äpfel (1).csv").read_bytes() == b"text\n\xff\n"
    assert client.get("/uploads").json() == [{"file": "Äpfel (1).csv", "bytes": 7}]


def test_the_same_file_is_kept_once_and_another_of_the_name_beside_it(client: httpx.Client) -> None:
    names = [_send(client, "a.csv", content).json()["file"] for content in (b"1", b"2", b"1", b"2", b"3")]
    assert names == ["a.csv", "a-2.csv", "a.csv", "a-2.csv", "a-3.csv"]


def test_the_beginning_of_a_file_is_shown_without_reading_it_in(client: httpx.Client) -> None:
    rows = "".join(f"{n},A <b>title</b>,A text that is a good deal longer than that {n}\n" for n in range(1_200))
    _send(client, "a b.csv", f"id,title,description\n{rows}".encode())
    found = client.get("/uploads/a b.csv/preview").json()
    assert (found["columns"], found["text_column"]) == (["id", "title", "description"], "description")
    assert found["rows"][0] == ["0", "A <b>title</b>", "A text that is a good deal longer than that 0"]
    assert (len(found["rows"]), found["rows_seen"], found["more"]) == (5, 1_000, True)
    assert client.get("/pools").json() == []


def test_a_preview_leaves_open_which_column_is_meant_and_says_why_nothing_can_be_shown(client: httpx.Client) -> None:
    _send(client, "two.csv", b"title,subject\n" + b"One line here,Another line\n" * 5)
    assert client.get("/uploads/two.csv/preview").json()["text_column"] is None
    _send(client, "empty.csv", b"")
    refused = client.get("/uploads/empty.csv/preview")
    assert (refused.status_code, refused.json()["detail"]) == (422, "empty.csv: The file is empty.")
    assert client.get("/uploads/elsewhere.csv/preview").status_code == 404
    assert client.get("/uploads/..%2Flaud.db/preview").status_code == 404


def test_a_spreadsheet_is_shown_with_the_sheet_that_is_read(client: httpx.Client) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("more")):
        for row in [("id", "text"), (1, "A text that is a good deal longer"), (2, "=1+1")]:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    assert _send(client, "a.xlsx", content.getvalue()).status_code == 201
    found = client.get("/uploads/a.xlsx/preview").json()
    assert (found["columns"], found["text_column"], found["rows_seen"]) == (["id", "text"], "text", 2)
    assert found["rows"][0] == ["1", "A text that is a good deal longer"]
    assert found["notes"] == ['read the sheet "Sheet"; the file has another sheet']


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\data\\x.CSV", "x.CSV"),
        (".hidden.csv", "hidden.csv"),
        ("a\x1b[31m\nb.csv", "a__31m_b.csv"),
        ("x" * 300 + ".csv", "x" * 96 + ".csv"),
        ("", "unnamed"),
        ("..", "unnamed"),
    ],
)
def test_names_are_made_plain(name: str, kept: str) -> None:
    assert str(plain_name(name)) == kept


@pytest.mark.parametrize("name", ["a.exe", "csv", "a.csv.html"])
def test_a_file_of_another_kind_is_refused(client: httpx.Client, workspace: Path, name: str) -> None:
    refused = _send(client, name)
    assert (refused.status_code, refused.json()["kind"]) == (422, "UnreadableInput")
    assert not (workspace / "uploads").exists()


def test_too_much_is_refused(workspace: Path) -> None:
    with (
        open_workbench(Settings(workspace=workspace, max_upload=1_000), write=True, attended=False) as bench,
        served(bench, in_turn()) as client,
    ):
        assert _send(client, "a.csv", b"x" * 500).status_code == 201
        refused = _send(client, "b.csv", b"x" * 5_000)
        assert (refused.status_code, refused.headers["content-type"]) == (413, "application/problem+json")
        assert [one["file"] for one in client.get("/uploads").json()] == ["a.csv"]
        large = client.post(
            "/conversations", content=b'{"title": "' + b"x" * (5 << 20), headers={"Content-Type": "application/json"}
        )
        assert large.status_code == 413


def test_exports_are_fetched_and_nothing_else_is(client: httpx.Client, bench: Workbench, workspace: Path) -> None:
    folder = workspace / "exports" / "baby"
    folder.mkdir(parents=True)
    (folder / "labels.csv").write_bytes(b"a,b\n")
    (folder / ".labels.csv.1.partial").write_bytes(b"a")
    (workspace / "exports" / "out").symlink_to(workspace)
    bench.events.append("a", {})
    assert client.get("/exports").json() == [{"path": "baby/labels.csv", "bytes": 4}]
    fetched = client.get("/exports/baby/labels.csv")
    assert (fetched.content, fetched.headers["content-type"]) == (b"a,b\n", "application/octet-stream")
    assert fetched.headers["content-disposition"] == 'attachment; filename="labels.csv"'
    for path in ("../laud.db", "%2e%2e/laud.db", "out/laud.db", "baby", "baby/.labels.csv.1.partial", "x" * 500, "%00"):
        assert client.get(f"/exports/{path}").status_code in {404, 422}, path
