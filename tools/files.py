"""Files that are there whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO

from tools.engine.errors import StorageFailed


def make_folder(path: Path) -> None:
    """Make a folder and those above it; raises StorageFailed when that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"The folder {path} cannot be made: {error.strerror}. Give another place.") from error


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the name `path` when the block ends well, in place of an older one.

    Raises StorageFailed when it cannot be written; nothing half-written is left, and what a killed process left of the
    file before is taken away.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(path)
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise StorageFailed(
            f"{path} cannot be written: {error.strerror or error}. Free some space, or give another place."
        ) from error
    finally:
        # Where it could not be made it cannot be taken away either, which must not hide why.
        with suppress(OSError):
            partial.unlink()


def _remove_left_behind(path: Path) -> None:
    for partial in path.parent.glob(f".{escape(path.name)}.*.partial"):
        owner = partial.suffixes[-2].removeprefix(".")
        if owner.isdecimal() and not runs(int(owner)):
            partial.unlink(missing_ok=True)


def runs(process: int) -> bool:
    """Whether there is a process of that number."""
    if sys.platform == "win32":  # where signal 0 is no question but Ctrl-C
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True
