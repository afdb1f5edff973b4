"""Who works in a workspace: one writer at a time, and where the service runs, for whoever finds it busy."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tools.engine.errors import StorageFailed, WorkspaceBusy
from tools.files import replacing, runs

NAME = "service.json"


@contextmanager
def noted(folder: Path, url: str) -> Iterator[None]:
    """Say in the workspace that this process serves it at `url`, until the end of the block."""
    path = folder / NAME
    with replacing(path) as file:
        file.write(json.dumps({"url": url, "process": os.getpid()}).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def service_url(folder: Path) -> str | None:
    """The address of the service that works in the workspace; None where none does.

    The note of a service that was killed is not believed.
    """
    try:
        found = json.loads((folder / NAME).read_bytes())
        return str(found["url"]) if runs(int(found["process"])) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def acquire(lock: FileLock, folder: Path) -> None:
    """Become the one writer of a workspace; raises WorkspaceBusy when another process is, StorageFailed."""
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        url = service_url(folder)
        if url is not None:
            raise WorkspaceBusy(
                f"The service at {url} works in {folder}. Ask it (the web page or its API), stop it, or give "
                "another --workspace."
            ) from error
        raise WorkspaceBusy(
            f"Another laud command is working in {folder}. Wait until it has finished, or give another --workspace."
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"The workspace {folder} cannot be written: {error.strerror}. Make it writable, or give another with "
            "--workspace."
        ) from error
