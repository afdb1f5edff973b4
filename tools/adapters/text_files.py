"""Files of text before they are rows: their digest, their encoding, their lines, and what format they seem to be."""

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import charset_normalizer

from tools.adapters.text_columns import KNOWN_NAMES
from tools.engine.errors import UnreadableInput

Format = Literal["csv", "tsv", "json", "jsonl", "parquet", "txt", "xlsx"]
LONGEST_LINE = 2**24
"""Characters of a line, or of a csv record, beyond which it is skipped unread: keeps the memory bounded."""
_CHUNK = 2**20
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = ["cp1252", "cp1250"]
_OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "shift_jis", "gb18030", "big5", "euc_kr"]
_MAGIC = {
    b"PK\x03\x04": "a zip archive, or a spreadsheet: let its name end in .xlsx, or save it as csv",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file: save it as xlsx or csv",
    b"\x1f\x8b": "a gzip archive: unpack it",
    b"%PDF": "a PDF: save its text",
    b"\x89PNG": "a picture",
}
_OUT_OF_PLACE = re.compile("(?<=[a-zß-ÿ])[À-Þ]|(?<![A-Za-zÀ-ÿ])[À-Þ](?![A-Za-zÀ-ÿ])|ÿ")
_CUT_UTF8 = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_HEADER_CELL = re.compile(r"[^\W\d]([\w .-]{0,38}[\w])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A file that was read once: SHA-256 of its bytes, encoding, number of line ends, and what to tell people."""

    path: Path
    digest: str
    encoding: str
    lines: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LongLine:
    """Stands for a line of more than LONGEST_LINE characters."""

    length: int

    def __len__(self) -> int:
        return 1


def file_digest(path: Path) -> str:
    """SHA-256 of the bytes of `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def survey(path: Path) -> TextFile:
    """Read `path` once and tell its digest, encoding and number of lines.

    Raises UnreadableInput when it is no text: a known binary format, or bytes of no encoding that fits.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise UnreadableInput(f"It is {what}.")
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
    digest, lines, valid, last = hashlib.sha256(), 0, True, b""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass" if encoding.startswith("utf-") else "strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            last = chunk[-1:]
            valid = valid and _decodes(decoder, chunk, final=False)
    valid = valid and _decodes(decoder, b"", final=True)
    notes: tuple[str, ...] = ()
    if not valid and encoding in {"utf-16", "utf-32"}:
        raise UnreadableInput(f"It begins as {encoding.upper()} but is damaged or cut off. Save it again as UTF-8.")
    if not valid:
        encoding = _other_encoding(path) or encoding
    if encoding not in {"utf-8", "utf-8-sig"}:
        notes = (f"read as {encoding}, because it is not UTF-8",)
    total = lines + (last not in {b"", b"\n"})
    return TextFile(path=path, digest=digest.hexdigest(), encoding=encoding, lines=total, notes=notes)


def read_lines(file: TextFile) -> Iterator[str | LongLine]:
    """The lines with their ends; bytes that are not in the encoding arrive as lone surrogates."""
    errors = "surrogatepass" if file.encoding in {"utf-16", "utf-32"} else "surrogateescape"
    with file.path.open(encoding=file.encoding, errors=errors, newline="") as stream:
        while line := stream.readline(LONGEST_LINE):
            if len(line) < LONGEST_LINE or line[-1] in "\r\n":
                yield line
                continue
            length = len(line)
            while (rest := stream.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
                length += len(rest)
            yield LongLine(length + len(rest))


def sniff(path: Path) -> Format:
    """The format that the beginning of `path` shows; `txt`, a text a line, when it shows none."""
    with path.open("rb") as binary:
        if binary.read(4) == b"PAR1":
            return "parquet"
    lines = read_lines(survey(path))
    head = [line for line, _ in zip(lines, range(200), strict=False) if isinstance(line, str) and not line.isspace()]
    first = head[0].strip() if head else ""
    if first.startswith(("{", "[")):
        return "jsonl" if first.startswith("{") and _is_json(first) and not _holds_rows(first, head) else "json"
    if first.startswith('"') and all(_is_json(line) for line in head):
        return "jsonl"
    return "csv" if _has_header(first, head) else "txt"


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _holds_rows(first: str, head: list[str]) -> bool:
    """Whether the one object of a file is a wrapper around the array of its rows."""
    return len(head) == 1 and sum(isinstance(value, list) for value in json.loads(first).values()) == 1


def _has_header(first: str, head: list[str]) -> bool:
    """Whether the first line names columns, and the others have as many cells (or more, where one is quoted)."""
    delimiter = max(",;\t", key=first.count)
    cells = [cell.strip('"') for cell in first.split(delimiter)]
    if len(cells) == 1:
        return first.lower() in KNOWN_NAMES
    fitting = sum(line.count(delimiter) >= len(cells) - 1 for line in head)
    return all(_HEADER_CELL.fullmatch(cell) for cell in cells) and fitting >= 0.9 * len(head)


def _other_encoding(path: Path) -> str | None:
    """The one encoding that the whole file consistently is in; None for UTF-8 with some bad lines.

    Raises UnreadableInput when most lines are bad and no encoding fits.
    """
    lines = good = bad = 0
    sample = bytearray()
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(_CHUNK), b""):
            lines += 1
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
                if len(sample) < _CHUNK // 4:
                    sample += line
    if 10 * good >= bad:
        return None
    encodings = _LATIN + (_OTHER_SCRIPTS if 10 * bad >= lines else [])
    matches = list(charset_normalizer.from_bytes(bytes(sample), cp_isolation=encodings))
    ties = [m for m in matches if (m.chaos, m.coherence) == (matches[0].chaos, matches[0].coherence)]
    names = {name for match in ties for name in match.could_be_from_charset}
    choice = "cp1252" if "cp1252" in names else ties[0].encoding if ties else None
    if choice and _plausible(bytes(sample), choice) and _is_all(path, choice):
        return choice
    if 2 * bad > lines:
        raise UnreadableInput("It is not text in an encoding that could be told. Save it as UTF-8.")
    return None


def _plausible(sample: bytes, encoding: str) -> bool:
    """Whether accented capitals stand where words have capitals; damaged UTF-8 read as Latin has them anywhere."""
    if encoding not in _LATIN:
        return True
    text = sample.decode(encoding, "replace")
    damaged = len(_OUT_OF_PLACE.findall(text)) + (len(_CUT_UTF8.findall(sample)) if encoding == "cp1252" else 0)
    return 5 * damaged <= sum(not letter.isascii() for letter in text)


def _is_all(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(_CHUNK), b"")
        return all(_decodes(decoder, chunk, final=False) for chunk in chunks) and _decodes(decoder, b"", final=True)
