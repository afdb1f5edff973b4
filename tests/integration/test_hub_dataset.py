"""Hugging Face data sets, read by a program of its own from a hub on loopback, as HF_ENDPOINT would name any other."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

COMMIT = "a" * 40
CONVERTED = "b" * 40
PROGRAM = """
import json, sys
from tools.adapters.readers import open_input
from tools.engine.errors import LaudError
from tools.engine.records import SkippedRow

def answer(name):
    try:
        opened = open_input(name, text_column=None, id_column=None, max_text_length=1_000)
        rows = [row.reason if isinstance(row, SkippedRow) else row.text for row in opened.rows(int(sys.argv[1]))]
    except LaudError as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"source": opened.source, "fingerprint": opened.fingerprint, "notes": opened.notes, "rows": rows,
            "total": opened.rows_total}

print(json.dumps([answer(name) for name in sys.argv[2:]]))
"""


def parquet(*texts: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": list(texts), "label": [0] * len(texts)}), file)
    return file.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What the hub holds: files of a data set by commit; and what it was asked for."""

    files: Mapping[str, Mapping[str, Mapping[str, bytes]]]
    asked: list[str] = field(default_factory=list)


REFUSED: Mapping[str, tuple[int, bytes, dict[str, str]]] = {
    "shop/gated": (403, b"", {"X_Error_Code": "GatedRepo"}),
    "shop/forbidden": (403, b"", {}),
    "shop/busy": (503, b"", {}),
    "shop/portal": (200, b"<html>Please log in to the network</html>", {}),
}


class Handler(BaseHTTPRequestHandler):
    """Speaks the routes of the hub that are used here."""

    hub: ClassVar[Hub]

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole response; underscores in names of headers stand for hyphens."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        """Answer by the kind of path, refusals first."""
        path = unquote(urlsplit(self.path).path).removeprefix("/").removeprefix("api/")
        self.hub.asked.append(f"{self.command} {path}")
        _, owner, short, *rest = path.split("/")
        name = f"{owner}/{short}"
        if name in REFUSED and self.headers.get("Authorization") is None:
            status, body, headers = REFUSED[name]
            self.answer(status, body, **headers)
        elif name not in self.hub.files:
            self.answer(401, b"", X_Error_Code="RepoNotFound")
        elif rest[:1] == ["resolve"]:
            body = self.hub.files[name][rest[1]]["/".join(rest[2:])]
            self.answer(200, body, ETag=f'"{hash(body)}"', X_Repo_Commit=rest[1])
        else:
            self.list_files(name, CONVERTED if rest == ["revision", "refs", "convert", "parquet"] else COMMIT)

    def list_files(self, name: str, commit: str) -> None:
        """What the hub says of a data set at `commit`."""
        if commit not in self.hub.files[name]:
            self.answer(404, b"", X_Error_Code="RevisionNotFound")
            return
        siblings = [{"rfilename": file} for file in self.hub.files[name][commit]]
        self.answer(200, json.dumps({"id": name, "sha": commit, "siblings": siblings}).encode())

    do_HEAD = do_GET  # noqa: N815  the name that http.server looks for


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubHandler", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(
    *inputs: str, endpoint: str, home: Path, start: int = 0, variables: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """What the program says of each of `inputs`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_", "HUGGING"))}
    names = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(start), *inputs],
        env={**kept, **names, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


HUB = {
    "shop/own": {
        COMMIT: {
            "README.md": b"hello",
            "data/train-00000-of-00002.parquet": parquet("one", "two"),
            "data/train-00001-of-00002.parquet": parquet("three", "five"),
            "data/test-00000-of-00001.parquet": parquet("four"),
        }
    },
    "shop/tables": {
        COMMIT: {
            "small/train.csv": b"text,label\none,a\n,b\n",
            "small/dev.csv": b"text,label\ntwo,b\n",
            "large/train.csv": b"text,label\nthree,c\n",
        }
    },
    "shop/converted": {
        COMMIT: {"load.py": b"x", "raw.zip": b"x"},
        CONVERTED: {"plain/train/0000.parquet": parquet("one"), "plain/partial-test/0000.parquet": parquet("two")},
    },
    "shop/both": {COMMIT: {"train.csv": b"text\none\n"}, CONVERTED: {"extra/train/0000.parquet": parquet("two")}},
    "shop/nothing": {COMMIT: {"model.bin": b"x"}},
    "shop/gated": {COMMIT: {"train.jsonl": b'{"text": "secret"}\n'}},
}


READ = [
    ("hf:shop/own", "hf:shop/own:default:train", ["one", "two", "three", "five"]),
    ("hf:shop/own:test", "hf:shop/own:default:test", ["four"]),
    ("hf:shop/tables:small", "hf:shop/tables:small:train", ["one", "empty"]),
    ("hf:shop/tables:small:validation", "hf:shop/tables:small:validation", ["two"]),
    ("hf:shop/both", "hf:shop/both:default:train", ["one"]),
    ("hf:shop/both:extra", "hf:shop/both:extra:train", ["two"]),
    ("hf:shop/converted", "hf:shop/converted:plain:train", ["one"]),
    ("hf:shop/converted:plain:test", "hf:shop/converted:plain:test", ["two"]),
]
REFUSALS = [
    ("hf:shop/gated", "is gated. Ask for access on its page, then set HF_TOKEN"),
    ("hf:shop/forbidden", "refuses the data set shop/forbidden (403)"),
    ("hf:shop/unknown", "There is no data set shop/unknown"),
    ("hf:shop/busy", "answers 503"),
    ("hf:shop/portal", "gives no proper answer"),
    ("hf:shop/nothing", "has no parquet, csv or json lines files"),
    ("hf:shop/tables", "has these configurations: large, small"),
    ("hf:shop/tables:huge", "has these configurations: large, small"),
    ("hf:shop/tables:small:test", "has these splits: train, validation"),
    ("hf:shop/a b", "is not the name of a data set"),
    ("hf:a:b:c:d", "hf:OWNER/NAME:CONFIG:SPLIT"),
]


@pytest.fixture(scope="module")
def hub() -> Hub:
    return Hub(files=HUB)


@pytest.fixture(scope="module")
def endpoint(hub: Hub) -> Iterator[str]:
    with serving(hub) as address:
        yield address


@pytest.fixture(scope="module")
def answers(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What one program says of every input above, one after the other."""
    names = [*(name for name, _, _ in READ), *(name for name, _ in REFUSALS)]
    return dict(zip(names, ask(*names, endpoint=endpoint, home=tmp_path_factory.mktemp("home")), strict=True))


@pytest.mark.parametrize(("name", "source", "rows"), READ)
def test_a_split_is_found_and_read(answers: dict[str, dict[str, Any]], name: str, source: str, rows: list[str]) -> None:
    answer = answers[name]
    assert (answer["source"], answer["rows"], answer["total"]) == (source, rows, len(rows))


def test_the_same_data_set_again_comes_from_the_cache_and_goes_on_in_its_second_file(
    hub: Hub, endpoint: str, tmp_path: Path
) -> None:
    [first] = ask("hf:shop/own", endpoint=endpoint, home=tmp_path)
    assert first["notes"] == ["read the split train; there are test, train"]
    hub.asked.clear()
    [again] = ask("hf:shop/own:default:train", endpoint=endpoint, home=tmp_path, start=3)
    assert again["rows"] == ["five"]
    assert again["fingerprint"] == first["fingerprint"]
    assert not [line for line in hub.asked if line.startswith("GET") and "resolve" in line]


def test_the_token_opens_a_gated_data_set(endpoint: str, tmp_path: Path) -> None:
    [answer] = ask("hf:shop/gated", endpoint=endpoint, home=tmp_path, variables={"HF_TOKEN": "hf_key"})
    assert answer["rows"] == ["secret"]


@pytest.mark.parametrize(("name", "said"), REFUSALS)
def test_what_cannot_be_read_is_one_clear_line(answers: dict[str, dict[str, Any]], name: str, said: str) -> None:
    answer = answers[name]
    assert answer["error"] == "UnreadableInput"
    assert said in answer["message"]
    assert "\n" not in answer["message"]


def test_no_network_and_offline_mode_are_one_clear_line(tmp_path: Path) -> None:
    with serving(Hub(files={})) as address:
        pass
    offline: list[dict[str, str]] = [{}, {"HF_HUB_OFFLINE": "1"}]
    for variables in offline:
        [answer] = ask("hf:shop/own", endpoint=address, home=tmp_path, variables=variables)
        assert answer["error"] == "UnreadableInput"
        assert f"{address} gives no proper answer" in answer["message"]


def test_a_cache_that_cannot_be_written_is_told_apart(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    [answer] = ask("hf:shop/own", endpoint=endpoint, home=tmp_path / "file")
    assert answer["error"] == "StorageFailed"
    assert "Not a directory" in answer["message"]
