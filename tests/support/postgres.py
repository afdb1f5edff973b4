"""A private PostgreSQL server in a folder of its own, stopped at the end; it touches no other server."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy.engine import URL


def programs() -> Path | None:
    """The folder of the newest server programs that Debian installed, or None."""
    folders = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


class Server:
    """A running server, reached over a Unix socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new_database(self) -> str:
        """The SQLAlchemy URL of a fresh, empty place for tables: a schema, which is made far faster than a database."""
        name = f"laud_{uuid4().hex}"
        with psycopg.connect(host=str(self._folder), user="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        query = {"host": str(self._folder), "options": f"-csearch_path={name}"}
        url = URL.create("postgresql", username="postgres", database="postgres", query=query)
        return url.render_as_string(hide_password=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        # Durable as in production is not needed here, and costs most of the time.
        flags = f"-F -c listen_addresses= -c unix_socket_directories={self._folder} -c max_connections=30"
        log = str(self._folder / "log")
        _run(self._folder, "pg_ctl", "start", "-w", "-D", str(self._folder / "data"), "-l", log, "-o", flags)

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        _run(self._folder, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self._folder / "data"))


@contextmanager
def server() -> Iterator[Server]:
    """A fresh server. Ask `programs()` first whether there are any."""
    # Socket paths are bounded at about 100 bytes, which pytest's folders can exceed.
    folder = Path(tempfile.mkdtemp(prefix="laud-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        _run(folder, "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        running = Server(folder)
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder)


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Run a server program; as user `postgres` for root, whom they refuse to serve."""
    found = programs()
    assert found is not None
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    with (folder / "output").open("ab") as output:
        subprocess.run(
            [str(found / program), *arguments],
            check=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=60,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
