"""The service over an open workbench, on a real HTTP server of this process."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel

from agent.service.app import create_app
from agent.service.server import Server
from tests.support.laud_process import PATIENCE, until
from tools.workbench import Workbench


@contextmanager
def served(
    bench: Workbench, model: BaseChatModel, *, local: bool = True, heartbeat: float = 10.0
) -> Iterator[httpx.Client]:
    """A client of the service, which is ready; it is stopped in order at the end."""
    ready = threading.Event()
    app = create_app(bench, model=model, local=local, heartbeat=heartbeat)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(app, ready=ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: ready.is_set() or not thread.is_alive(), "the service to be ready")
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


def finished(client: httpx.Client, job: str) -> Any:
    """A job when it has ended."""
    return seen(client, f"/jobs/{job}", lambda found: found["status"] not in {"queued", "running"})


def seen(client: httpx.Client, path: str, condition: Callable[[Any], object]) -> Any:
    """What stands at that address when the condition holds; asked for seldom, which costs the service little."""
    last: list[Any] = []

    def look() -> object:
        last[:] = [client.get(path).json()]
        return condition(last[0])

    until(look, f"{path} to change", every=0.05)
    return last[0]


def lines(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream, as dictionaries of their fields; a comment has only the field `comment`."""
    fields: dict[str, Any] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name or "comment"] = value.strip()
        elif fields:
            if "data" in fields:
                fields["data"] = json.loads(fields["data"])
            yield fields
            fields = {}


def kinds(events: Sequence[dict[str, Any]]) -> list[str]:
    """What kinds of events these are."""
    return [event["event"] for event in events if "event" in event]
