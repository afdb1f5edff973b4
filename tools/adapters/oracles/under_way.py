"""How many answers are under way, noted before they are asked for: what a kill may have had paid for nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO
from uuid import uuid4

from tools.engine.errors import StorageFailed
from tools.files import runs

WIDTH = 12
"""Digits of the number in a note, which is written over in place."""


class UnderWay:
    """The answers that were asked for and are not kept yet.

    The number stands in a file that outlives the process, not a power cut; writing it takes microseconds, a transaction
    for each request would take as long as the rest.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        """Notes in `file`, or only counts without one."""
        self._file = file
        self._lock = Lock()
        self._count = 0

    def add(self, answers: int) -> None:
        """So many are asked for now; as many below 0 are there, or will not come."""
        if not answers:
            return
        with self._lock:
            self._count += answers
            if self._file is not None:
                self._file.seek(0)
                self._file.write(f"{self._count:{WIDTH}d}".encode())


@contextmanager
def noted(folder: Path | None) -> Iterator[UnderWay]:
    """A note in the folder for as long as answers are asked for; raises StorageFailed where none can be made."""
    if folder is None:
        yield UnderWay()
        return
    path = folder / f"{os.getpid()}-{uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("wb", buffering=0)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}. Make its folder writable.") from error
    try:
        with file:
            yield UnderWay(file)
    finally:
        path.unlink(missing_ok=True)


def left_under_way(folder: Path) -> int:
    """Answers that were under way in processes that were killed, by the notes that they left."""
    notes = [path for path in folder.glob("*-*") if not runs(int(path.name.partition("-")[0]))]
    return sum(int(path.read_bytes().strip() or 0) for path in notes)
