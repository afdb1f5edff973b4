"""Text files as records: tables (csv, tsv), json, json lines, and plain lines.

A record is a mapping from column to value, or `Broken` with the reason why it is none. Every source numbers its
records the same way each time, so that `records(start)` goes on exactly where an earlier pass stopped.
"""

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from tools.adapters.cells import column_names, excerpt, kind, readable
from tools.adapters.text_columns import KNOWN_NAMES, looks_like_a_number, words_of
from tools.adapters.text_files import LONGEST_LINE, LongLine, TextFile, read_lines
from tools.engine.errors import UnreadableInput

TEXT = "text"
"""The column of inputs that have no names for columns."""
SAMPLE = 1_000
SAMPLE_SIZE = 2**23
"""Characters after which a sample ends early: keeps the memory bounded where rows are huge."""
_LARGEST_JSON = 2**30
"""Bytes of a json file, which is read whole; json lines have no such limit."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A place in the input that holds no record, and why."""

    reason: str


Record = Mapping[str, object] | Broken


class RecordSource(Protocol):
    """An input that can be read any number of times."""

    @property
    def total(self) -> int:
        """How many records there are, broken ones included: an estimate where cells can span lines."""
        ...

    def records(self, start: int) -> Iterator[Record]:
        """The records after the first `start`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainLines:
    """A text a line."""

    file: TextFile

    @property
    def total(self) -> int:
        """The number of lines."""
        return self.file.lines

    def records(self, start: int) -> Iterator[Record]:
        """Each line under the column `text`."""
        for line in islice(read_lines(self.file), start, None):
            yield _too_long(line) if isinstance(line, LongLine) else {TEXT: line}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """An object, or a string, a line."""

    file: TextFile

    @property
    def total(self) -> int:
        """The number of lines."""
        return self.file.lines

    def records(self, start: int) -> Iterator[Record]:
        """Each line's object."""
        for line in islice(read_lines(self.file), start, None):
            if isinstance(line, LongLine):
                yield _too_long(line)
            elif line.isspace():
                yield Broken("empty")
            else:
                try:
                    yield _record(json.loads(line))
                except ValueError as error:
                    yield Broken(f"broken json: {error}")
                except RecursionError:
                    yield Broken("broken json: nested too deep")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonArray:
    """The elements of a json array."""

    elements: Sequence[object]

    @classmethod
    def of(cls, file: TextFile) -> "JsonArray":
        """The array of `file`, or the one array in its object; raises UnreadableInput when there is none."""
        if (size := file.path.stat().st_size) > _LARGEST_JSON:
            raise UnreadableInput(
                f"It is a json file of {size:,} bytes, which would have to be read whole: the limit is "
                f"{_LARGEST_JSON:,}. Save it as json lines (`jq -c '.[]'`)."
            )
        try:
            with file.path.open(encoding=file.encoding, errors="surrogateescape") as stream:
                content = json.load(stream)
        except json.JSONDecodeError as error:
            raise UnreadableInput(
                f"It is not valid json: {error.msg} in line {error.lineno:,}, column {error.colno:,}. "
                "A file with an object a line is read as .jsonl."
            ) from error
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(f"It is not json that can be read: {error}.") from error
        arrays = {"": content} if isinstance(content, list) else {}
        if isinstance(content, dict):
            arrays = {name: value for name, value in content.items() if isinstance(value, list)}
        if len(arrays) != 1:
            found = f"one with {len(arrays)} arrays" if isinstance(content, dict) else f"a {kind(content)}"
            names = f" ({', '.join(excerpt(name) for name in list(arrays)[:10])})" if arrays else ""
            raise UnreadableInput(
                f"It should hold an array of objects or strings, or an object with one array; it is {found}{names}."
            )
        return cls(elements=next(iter(arrays.values())))

    @property
    def total(self) -> int:
        """The length of the array."""
        return len(self.elements)

    def records(self, start: int) -> Iterator[Record]:
        """Each element."""
        return map(_record, islice(self.elements, start, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of delimited cells with a header."""

    file: TextFile
    delimiter: str
    columns: tuple[str, ...]
    rows_per_line: float

    @classmethod
    def of(cls, file: TextFile, *, delimiter: str | None, text_column: str | None) -> "Table":
        """The table of `file`; its delimiter is found when not given.

        Raises UnreadableInput when the first row looks like data, unless it holds `text_column`.
        """
        csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST_LINE))
        head = _head(read_lines(file))
        delimiter = delimiter or _delimiter(head)
        sample = [cells for cells in _split(head, delimiter) if cells]
        if not sample:
            raise UnreadableInput("It holds no rows: it is empty.")
        if isinstance(sample[0], Broken):
            raise UnreadableInput(f"Its header cannot be read: {sample[0].reason}.")
        header, rows = sample[0], [cells for cells in sample[1:] if not isinstance(cells, Broken)]
        columns = header_of(header, rows, text_column=text_column)
        rows_per_line = (len(sample) - 1) / max(1, len(head) - 1)
        return cls(file=file, delimiter=delimiter, columns=columns, rows_per_line=rows_per_line)

    @property
    def total(self) -> int:
        """An estimate from the number of lines: cells may span several."""
        return round((self.file.lines - 1) * self.rows_per_line)

    def records(self, start: int) -> Iterator[Record]:
        """Each row under the header's names; a row with another number of cells is broken."""
        rows = _split(read_lines(self.file), self.delimiter)
        for cells in rows:
            if cells:
                break
        width = len(self.columns)
        for cells in islice(rows, start, None):
            if isinstance(cells, Broken):
                yield cells
            elif len(cells) == width:
                yield dict(zip(self.columns, cells, strict=True))
            elif width == 1 and cells:
                yield {self.columns[0]: self.delimiter.join(cells)}
            elif not any(cells) and len(cells) < 2:
                yield Broken("empty")
            elif len(cells) > width and not any(cells[width:]):
                yield dict(zip(self.columns, cells, strict=False))
            else:
                yield Broken(f"{len(cells)} cells where the header has {width}")


def header_of(header: Sequence[str], rows: Sequence[Sequence[str]], *, text_column: str | None) -> tuple[str, ...]:
    """The names of a table's columns by its first row; `rows` are some of the others.

    Raises UnreadableInput when the first row looks like data, unless it holds `text_column`.
    """
    columns = column_names(header)
    if text_column not in columns and _is_data(header, rows):
        shown = ", ".join(excerpt(cell) for cell in header[:8])
        raise UnreadableInput(
            f"Its first row looks like data, not like names of columns: {shown}. Put a row such as `text` or "
            "`id,text` first; if it is the header, say which of its columns holds the texts.",
            argument="text_column",
        )
    return columns


def columns_of(records: Iterable[Record]) -> tuple[str, ...]:
    """Every column of `records` in order of appearance."""
    return tuple(dict.fromkeys(name for record in records if not isinstance(record, Broken) for name in record))


def _record(value: object) -> Record:
    if isinstance(value, dict):
        return {name if name.isprintable() else readable(name): cell for name, cell in value.items()}
    return {TEXT: value} if isinstance(value, str) else Broken(f"not text ({kind(value)})")


def _head(lines: Iterable[str | LongLine]) -> list[str | LongLine]:
    head: list[str | LongLine] = []
    size = 0
    for line in islice(lines, SAMPLE):
        head.append(line)
        size += len(line)
        if size > SAMPLE_SIZE:
            break
    return head


def _too_long(line: LongLine) -> Broken:
    return Broken(f"line of {line.length:,} characters is longer than can be read ({LONGEST_LINE:,})")


class _Feed:
    """Hands lines to csv's reader, remembers those of the record under way, and takes back what was no record."""

    def __init__(self, lines: Iterable[str | LongLine]) -> None:
        self._lines = iter(lines)
        self._returned: deque[str | LongLine] = deque()
        self._record: list[str | LongLine] = []
        self._size = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self._record.append(line)
        self._size += len(line)
        if isinstance(line, LongLine) or self._size > LONGEST_LINE:
            raise csv.Error
        return line

    def begin(self) -> None:
        """A record was read, or given up: the next line begins another."""
        self._record.clear()
        self._size = 0

    def give_up(self) -> str | LongLine:
        """The first line of a record that could not be read; the lines after it will be handed out again."""
        first, *others = self._record
        self._returned.extendleft(reversed(others))
        return first


def _split(lines: Iterable[str | LongLine], delimiter: str) -> Iterator[list[str] | Broken]:
    """The cells of each row. A quote that is never closed costs its own line, not the rest of the file."""
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _mend(feed.give_up(), delimiter)


def _mend(line: str | LongLine, delimiter: str) -> list[str] | Broken:
    """The cells of a line that breaks the rules of quoting, where they are clear all the same."""
    if isinstance(line, LongLine):
        return _too_long(line)
    if delimiter == "\t":
        return line.rstrip("\r\n").split("\t")
    reader = csv.reader([line, ""], delimiter=delimiter)
    cells = next(reader)
    return cells if reader.line_num == 1 else Broken("broken csv: a quote is opened and not closed")


def _delimiter(head: Sequence[str | LongLine]) -> str:
    """Which of comma, semicolon and tab gives most rows the header's number of cells, two or more."""
    scores = {}
    for delimiter in ",;\t":
        widths = [len(cells) for cells in _split(head, delimiter) if cells and not isinstance(cells, Broken)]
        scores[delimiter] = widths.count(widths[0]) if widths and widths[0] > 1 else 0
    return max(scores, key=lambda delimiter: scores[delimiter])


def _is_data(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row looks like the others: numbers, sentences, or values that come again below it."""
    if any(KNOWN_NAMES.intersection(words_of(cell)) and len(words_of(cell)) <= 3 for cell in header):
        return False
    below = [{row[place] for row in rows if place < len(row)} for place in range(len(header))]
    return any(
        looks_like_a_number(cell) or len(cell.split()) > 2 or (cell and cell in values)
        for cell, values in zip(header, below, strict=True)
    )
