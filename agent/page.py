"""How the web page is started: a program of its own that knows the service by its address alone."""

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tools.engine.errors import CannotDo

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The program of the page, what it needs in its environment, and where it will be reached."""

    command: Sequence[str]
    environment: Mapping[str, str]
    url: str


def page_of(service: str, *, host: str, port: int, max_upload: int) -> Page:
    """The page of the service at that address. Raises CannotDo where it cannot listen.

    `max_upload` is in bytes: what is larger is refused in the browser already.

    A page that others can reach asks everybody for a token: it must not lend them the trust that the service has in
    this machine.
    """
    free = usable_port(host, port)
    megabytes = max(1, max_upload >> 20)
    options = {
        "server.address": host,
        "server.port": str(free),
        "server.maxUploadSize": str(megabytes),
        "logger.hideWelcomeMessage": "true",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    environment = {"LAUD_SERVICE_URL": service, "LAUD_PAGE_FOR": "this machine" if host in LOOPBACK else "others"}
    command = [sys.executable, "-P", "-m", "agent.supervised", "streamlit", "run", str(_script()), *flags]
    return Page(command=command, environment=environment, url=reached(host, free))


def usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises CannotDo where it is taken or the address is none of this machine."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family) as listener:
            return int(listener.getsockname()[1])
    except (OSError, OverflowError) as error:
        raise CannotDo(
            f"{host}:{port} cannot be listened at ({getattr(error, 'strerror', None) or error}). Give another port, or "
            "stop the program that is there."
        ) from error


def reached(host: str, port: int) -> str:
    """The address at which this machine reaches what listens there."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a listener's address, as it is reached from here
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _script() -> Path:
    """The script that Streamlit runs; it is found without importing it."""
    found = find_spec("ui")
    if found is None or found.origin is None:
        raise CannotDo("The web page is not installed. Install LAUD whole: `make install`.")
    return Path(found.origin).with_name("app.py")
