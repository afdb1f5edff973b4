"""A pool's vectors as one growing file that is read through a memory map.

Beside the raw float16 rows (`.f16`) lie 8-byte digests of the ids they belong to (`.ids`) and what the rows are
(`.json`). A chunk's rows reach the disk before its digests do, so a row counts only once its digest is there: what a
killed process left behind them is cut off by the next append.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.engine.errors import StorageFailed
from tools.engine.ports import Vectors
from tools.engine.records import Pool, TextId

_DIGEST_BYTES = 8


class MatrixFile:
    """The rows of one pool and encoder, in order of arrival.

    `path` is the files' common name without suffix. One process may append while others read.
    """

    def __init__(self, path: Path, pool: Pool) -> None:
        self._rows = path.with_suffix(".f16")
        self._ids = path.with_suffix(".ids")
        self._about = path.with_suffix(".json")
        self._pool = pool

    def __len__(self) -> int:
        """The number of whole rows."""
        dimension = self._dimension()
        if dimension == 0:
            return 0
        return min(_size(self._rows) // (2 * dimension), _size(self._ids) // _DIGEST_BYTES)

    def append(self, ids: Sequence[TextId], vectors: Vectors) -> None:
        """Add one row an id at the end; on the disk when the call returns.

        Raises StorageFailed when it cannot be written, ValueError for vectors of another dimension.
        """
        dimension = self._dimension() or vectors.shape[1]
        if vectors.shape != (len(ids), dimension):
            raise ValueError(f"vectors of shape {vectors.shape} for {len(ids)} ids and {dimension} columns")
        with in_words(self._rows.parent):
            if not self._about.exists():
                self._rows.parent.mkdir(parents=True, exist_ok=True)
                about = {"pool": self._pool.name, "encoder": self._pool.encoder, "dimension": dimension}
                _write(self._about, 0, json.dumps(about, ensure_ascii=False).encode())
            rows = len(self)
            _write(self._rows, rows * 2 * dimension, np.ascontiguousarray(vectors, dtype="<f2").tobytes())
            _write(self._ids, rows * _DIGEST_BYTES, _digests(ids).tobytes())

    def lacking(self, ids: Sequence[TextId]) -> NDArray[np.bool_]:
        """(n,) whether an id has no row yet."""
        return ~np.isin(_digests(ids), self._stored())

    def agrees(self, ids: Sequence[TextId]) -> bool:
        """Whether the rows there are, as far as `ids` go, belong to these ids in this order."""
        stored = self._stored()[: len(ids)]
        return bool(np.array_equal(stored, _digests(ids[: len(stored)])))

    def read(self, count: int) -> Vectors:
        """The first `count` rows as a read-only memory map, (count, dimension); raises StorageFailed."""
        if count == 0:
            return np.empty((0, self._dimension()), dtype=np.float16)
        with in_words(self._rows.parent):
            return np.memmap(self._rows, dtype="<f2", mode="r", shape=(count, self._dimension()))

    def remove(self) -> None:
        """Forget all rows; memory maps that are open stay as they are."""
        with in_words(self._rows.parent):
            for path in (self._ids, self._rows, self._about):
                path.unlink(missing_ok=True)

    def _stored(self) -> NDArray[np.uint64]:
        if len(self) == 0:
            return np.empty(0, dtype="<u8")
        with in_words(self._rows.parent):
            return np.fromfile(self._ids, dtype="<u8", count=len(self))

    def _dimension(self) -> int:
        """The number of columns; 0 before the first row, or when a kill left the description half-written."""
        with in_words(self._rows.parent):
            try:
                return int(json.loads(self._about.read_bytes())["dimension"])
            except (FileNotFoundError, json.JSONDecodeError):
                return 0


@contextmanager
def in_words(folder: Path) -> Iterator[None]:
    """Turns an OSError under `folder` into StorageFailed with what to do next."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = (
            "The disk is full: free some space" if full else "Check that the folder exists and may be read and written"
        )
        raise StorageFailed(
            f"The vectors in {folder} cannot be stored or read: {error.strerror or error}. {advice}, then run the same "
            "command again: it goes on from there."
        ) from error


def _digests(ids: Sequence[TextId]) -> NDArray[np.uint64]:
    joined = b"".join(hashlib.blake2b(i.encode(), digest_size=_DIGEST_BYTES).digest() for i in ids)
    return np.frombuffer(joined, dtype="<u8")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write(path: Path, start: int, content: bytes) -> None:
    """Make `content` the end of the file, from byte `start` on, and wait until the disk has it."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.truncate(start)
        file.seek(start)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
