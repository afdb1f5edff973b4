"""Files that people send: checked by name, written whole, never over another one."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tools.engine.errors import UnreadableInput
from tools.files import replacing

KINDS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".xlsx", ".xlsm")
BLOCK = 1 << 20


def store(folder: Path, name: str, content: BinaryIO) -> Path:
    """Write a file into the folder under a plain name; the same content under the same name is the same file.

    Raises UnreadableInput for a kind that cannot be read, StorageFailed.
    """
    plain = plain_name(name)
    if plain.suffix.lower() not in KINDS:
        raise UnreadableInput(f"{plain} is of no kind that can be read. The kinds are: {', '.join(KINDS)}.")
    digest = _digest(content)
    for path in _names(folder / plain):
        if not path.exists():
            with replacing(path) as file:
                for block in iter(lambda: content.read(BLOCK), b""):
                    file.write(block)
            return path
        with path.open("rb") as known:
            if _digest(known) == digest:
                return path
    raise AssertionError("names never end")


def plain_name(name: str) -> Path:
    """A file's name without folders, control characters and a leading dot."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = re.sub(r"[^\w.() -]", "_", last).strip(". ")[-100:].strip(". ")
    return Path(kept or "unnamed")


def _names(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1


def _digest(content: BinaryIO) -> bytes:
    content.seek(0)
    digest = hashlib.sha256()
    for block in iter(lambda: content.read(BLOCK), b""):
        digest.update(block)
    content.seek(0)
    return digest.digest()
