"""A service in a process of its own, to be measured over HTTP."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

LAUD = str(Path(sys.executable).with_name("laud"))
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A service that is ready: a connection to it, and the seconds from its start until it was."""

    connection: HTTPConnection
    ready_after: float

    def asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the service answers; ends the program where that is an error."""
        sent = None if body is None else json.dumps(body)
        self.connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise SystemExit(f"{path}: {response.status} {content.decode()}")
        return json.loads(content)


@contextmanager
def served(workspace: Path) -> Iterator[Served]:
    """The service over a workspace, on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [LAUD, "serve", "--workspace", str(workspace), "--port", str(port)]
    started = time.perf_counter()
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        _wait(connection, service)
        yield Served(connection=connection, ready_after=time.perf_counter() - started)
    finally:
        service.terminate()
        service.wait(PATIENCE)


def _wait(connection: HTTPConnection, service: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and service.poll() is None:
        try:
            connection.request("GET", "/health/ready")
            ready = connection.getresponse()
            ready.read()
            if ready.status == HTTPStatus.OK:
                return
        except OSError:
            connection.close()
        time.sleep(0.02)
    raise SystemExit("the service did not get ready")
