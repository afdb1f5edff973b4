"""What every test gets: no network, no settings from the outside, and a workspace of its own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import postgres

# Set before any test module loads a library that reads it; child processes inherit it.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
# No setting of the person who runs the tests reaches them.
for _setting in [name for name in os.environ if name.startswith("LAUD_")]:
    del os.environ[_setting]

# The same examples in every run: a test that fails today fails tomorrow too.
settings.register_profile("laud", deadline=None, derandomize=True, database=None)
settings.load_profile("laud")

_LOOPBACK = ("127.", "localhost", "::1")
_forbidden: list[str] = []


def _watch(name: str, arguments: tuple[object, ...]) -> None:
    """Refuse connections to anything but this machine; an audit hook sees them whichever library opens them."""
    if name == "socket.connect":
        address = arguments[1]
        # A tuple holds host and port; a Unix socket is a path on this machine.
        if isinstance(address, tuple) and isinstance(address[0], str) and not address[0].startswith(_LOOPBACK):
            _forbidden.append(str(address))
            raise PermissionError(f"a test tried to reach the network: {address}")
    elif name == "socket.getaddrinfo" and arguments[0] and not _is_local(arguments[0]):
        _forbidden.append(str(arguments[0]))
        raise PermissionError(f"a test tried to look up a name: {arguments[0]!r}")


def _is_local(host: object) -> bool:
    return (host.decode() if isinstance(host, bytes) else str(host)).startswith((*_LOOPBACK, "0.0.0.0"))  # noqa: S104 - a listener's address


def pytest_configure() -> None:
    """Begin to watch; an audit hook stays for the life of the process."""
    sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    """Fails the test that tried to leave this machine, also where a library swallowed the refusal."""
    _forbidden.clear()
    yield
    attempts, _forbidden[:] = list(_forbidden), []
    assert not attempts, f"the test tried to reach {attempts}"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty folder for one test."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server of this test run."""
    if postgres.programs() is None:
        pytest.skip("PostgreSQL's server programs are not installed (apt-get install postgresql)")
    with postgres.server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, workspace: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{workspace / 'laud.db'}"
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.new_database()
