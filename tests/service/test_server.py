"""The service as a program: where it listens, who may start it, how it ends, and what its death leaves."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.laud_process import PATIENCE, Laud, copied, end_state, family, gone, kill, until
from tests.support.running_service import finished, seen
from tests.support.small_loop import small_bench, small_run, small_task
from tools.whereabouts import service_url

RUN = {"oracle": "replay:figures", "learner": "head", "gold": 24, "batch": 6, "labels": 40}


@pytest.fixture
def laud(workspace: Path) -> Laud:
    return Laud(workspace=workspace)


def _log(laud: Laud) -> Path:
    return laud.workspace.parent / "log"


@contextmanager
def serving(laud: Laud, command: str = "serve") -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """The service as a process, ready, and a client of it."""
    # Into a file: who reads no log must not hold the service up by a full pipe.
    ports = ["--port", "0", *(["--page-port", "0"] if command == "up" else [])]
    with _log(laud).open("ab") as log, laud.started(command, *ports, stderr=log) as process:
        assert process.stdout
        said = process.stdout.readline().decode()
        assert said.startswith("LAUD serves "), said
        with httpx.Client(base_url=said.split()[-1], timeout=PATIENCE, trust_env=False) as client:
            yield process, client


def test_it_serves_until_it_is_stopped_and_others_are_told_where(laud: Laud, workspace: Path) -> None:
    with serving(laud) as (process, client):
        assert client.get("/health/ready").json()["chat"] == "interpreter"
        url = str(client.base_url)
        assert service_url(workspace) == url
        busy = laud.here("demo").complaint
        assert f"The service at {url} works in" in busy
        assert laud.here("status", "--json").json == {"pools": [], "tasks": []}
        added = laud.here("user", "add", "ada", "--role", "owner", "--json").json
        assert client.get("/me").status_code == 401
        assert client.get("/me", headers={"Authorization": f"Bearer {added['token']}"}).json()["name"] == "ada"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    for line in _log(laud).read_text(encoding="utf-8").splitlines():
        noted = json.loads(line)
        assert added["token"] not in line
        assert noted["level"] == "info"
    assert "service.json" not in {path.name for path in workspace.iterdir()}
    assert laud.here("user", "list", "--json").json["users"][0]["name"] == "ada"


def test_an_address_that_is_taken_and_a_first_user_who_could_add_nobody_are_refused(laud: Laud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        assert f"127.0.0.1:{taken} cannot be listened at" in laud("serve", "--port", taken).complaint
    assert "first user must be an owner" in laud.here("user", "add", "ada").complaint


def test_a_job_that_the_service_died_in_goes_on_when_it_is_started_again(tmp_path: Path) -> None:
    with small_bench(tmp_path) as bench:
        task = small_task(bench, "babies")
        begun = copied(bench.folder, tmp_path / "begun" / "workspace")
        small_run(bench, task, **RUN)
        whole = end_state(bench.folder)
        for made in ("features", "zero_shot"):  # what takes longest to make, and is no part of the job's steps
            copied(bench.folder / made, begun / made)
    laud = Laud(workspace=begun, env={"LAUD_ENCODER": str(tmp_path / "encoder"), "LAUD_PRECISION": "float32"})
    with serving(laud) as (process, client):
        job = client.post("/tasks/babies/rounds", json=RUN).json()["id"]
        seen(client, "/tasks/babies/rounds", lambda rounds: len(rounds) > 1)
        children = kill(process)
    assert (begun / "service.json").exists()
    assert service_url(begun) is None, "the note of a killed service is not believed"
    until(lambda: all(map(gone, children)), "its children to end")
    with serving(laud) as (process, client):
        done = finished(client, job)
        assert (done["status"], done["receipt"]["stop"]["rule"]) == ("done", "labels=40")
        seen(client, "/events", lambda page: any(one["kind"] == "job.finished" for one in page["events"]))
        assert [_kinds(client, job).count(f"job.{kind}") for kind in ("queued", "started", "finished")] == [2, 2, 1]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert end_state(begun) == whole


def _kinds(client: httpx.Client, job: str) -> list[str]:
    return [one["kind"] for one in client.get("/events").json()["events"] if one["job"] == job]


def test_up_starts_the_service_and_the_page_again_and_stops_them_with_itself(laud: Laud, workspace: Path) -> None:
    with serving(laud, "up") as (supervisor, client):
        first = json.loads((workspace / "service.json").read_bytes())["process"]
        (child,) = [member for member in family(supervisor.pid) if member[0] == first]
        subprocess.run(["kill", "-9", str(first)], check=True)
        assert supervisor.stdout
        again = supervisor.stdout.readline().decode()
        assert again.startswith("LAUD serves ")
        assert gone(child)
        assert httpx.get(f"{again.split()[-1]}/health/live", trust_env=False).status_code == 200
        assert client.base_url == again.split()[-1], "it is found where it was"
        page = _page_of(laud)
        _kill_page(supervisor)
        until(lambda: "the page ended with exit code -9 and is started again." in _said(laud), "the page to be missed")
        until(lambda: _is_up(page), "the page where it was", every=0.05)
        children = family(supervisor.pid)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(PATIENCE) == 0
        assert all(map(gone, children))
    assert "laud: the service ended with exit code -9 and is started again.\n" in _said(laud)


def test_what_up_started_ends_when_up_is_killed(laud: Laud, workspace: Path) -> None:
    with serving(laud, "up") as (supervisor, _):
        _page_of(laud)
        children = kill(supervisor)
        assert len(children) >= 2
        until(lambda: all(map(gone, children)), "the service and the page to end", every=0.05)
    assert not (workspace / "service.json").exists(), "the service ended in order"


def _kill_page(supervisor: subprocess.Popen[bytes]) -> None:
    """End the page of `laud up` as `kill -9` does."""
    (page,) = [one for one, _ in family(supervisor.pid) if b"streamlit" in Path(f"/proc/{one}/cmdline").read_bytes()]
    subprocess.run(["kill", "-9", str(page)], check=True)


def _page_of(laud: Laud) -> str:
    """The address of the page of `laud up` when it is there."""
    until(lambda: "the page is at " in _said(laud), "the page to begin", every=0.05)
    page: str = re.findall(r"the page is at (\S+)", _said(laud))[0]
    until(lambda: _is_up(page), "the page", every=0.05)
    return page


def _said(laud: Laud) -> str:
    return _log(laud).read_text(encoding="utf-8")


def _is_up(page: str) -> bool:
    try:
        return httpx.get(f"{page}/_stcore/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_page_whose_port_is_taken_is_refused(laud: Laud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        assert f"127.0.0.1:{taken} cannot be listened at" in laud.here("ui", "--port", taken).complaint


def test_up_ends_with_what_the_person_must_mend(laud: Laud) -> None:
    ended = laud("up", "--host", "0.0.0.0", "--port", "0", "--page-port", "0")  # noqa: S104 - refused
    assert ended.code == 2
    assert "laud user add NAME --role owner" in ended.err
    assert "is not started again" in ended.err
