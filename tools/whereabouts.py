"""Where the service of a workspace runs: a file in the workspace, for whoever finds the workspace busy."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
