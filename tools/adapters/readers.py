"""Opens an input named on the command line and gives its rows: each a text with its other columns, or a skipped row."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.adapters.cells import clean, excerpt, field, kind, text_of
from tools.adapters.parquet_records import ParquetRecords
from tools.adapters.records_of_files import (
    SAMPLE,
    SAMPLE_SIZE,
    TEXT,
    Broken,
    JsonArray,
    JsonLines,
    PlainLines,
    Record,
    RecordSource,
    Table,
    columns_of,
)
from tools.adapters.text_columns import check_columns, find_text_column
from tools.adapters.text_files import Format, TextFile, file_digest, sniff, survey
from tools.engine.errors import StorageFailed, UnreadableInput
from tools.engine.ports import Progress
from tools.engine.records import SkippedRow

_FORMATS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".txt": "txt",
}
_READ = "csv, tsv, json, jsonl, parquet, txt, xlsx, `-` for standard input, hf:OWNER/NAME"
_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that holds a text: `row` counts from 1, `fields` has the other columns (those without a value left out)."""

    row: int
    text: str
    external_id: str | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An opened input.

    `source` is how people know it; `fingerprint` is the same for the same content read by the same columns;
    `rows_total` is an estimate for tables, whose cells may span lines; `notes` are for the person.
    """

    source: str
    fingerprint: str
    text_column: str
    id_column: str | None
    other_columns: tuple[str, ...]
    rows_total: int
    notes: tuple[str, ...]
    max_text_length: int
    records: RecordSource

    def rows(self, start: int) -> Iterator[Row | SkippedRow]:
        """The rows after the first `start`, in order; each row of the input comes as a Row or as a SkippedRow.

        Texts have no control characters and no outer white space; tabs and newlines within stay. Raises
        UnreadableInput when the input turns out to be damaged on the way.
        """
        try:
            for row, record in enumerate(self.records.records(start), start=start + 1):
                yield self._row(row, record)
        except UnreadableInput as error:
            raise UnreadableInput(f"{self.source}: {error}") from error
        except OSError as error:
            raise UnreadableInput(_refused(self.source, error)) from error

    def _row(self, row: int, record: Record) -> Row | SkippedRow:
        if isinstance(record, Broken):
            return SkippedRow(row=row, reason=record.reason)
        value = record.get(self.text_column)
        raw = text_of(value)
        if raw is None:
            what = kind(value) if self.text_column in record else "missing"
            return SkippedRow(row=row, reason=f"not text ({what})")
        text = clean(raw)
        fields: dict[str, str] = {}
        for name, cell in record.items():
            if cell is None or name == self.text_column:
                continue
            shown = field(cell)
            if shown is None:
                text = None
                break
            fields[name] = shown
        if text is None:
            return SkippedRow(row=row, reason="bad encoding")
        if not text:
            return SkippedRow(row=row, reason="empty")
        if len(text) > self.max_text_length:
            return SkippedRow(
                row=row, reason=f"text of {len(text):,} characters is over the cap of {self.max_text_length:,}"
            )
        external_id = None
        if self.id_column is not None:
            external_id = text if self.id_column == self.text_column else fields.pop(self.id_column, None)
        return Row(row=row, text=text, external_id=external_id or None, fields=fields)


def open_input(  # noqa: PLR0913 - what to open, and how to read it
    name: str,
    *,
    text_column: str | None,
    id_column: str | None,
    max_text_length: int,
    exclude: Sequence[str] = (),
    shown_as: str | None = None,
) -> Input:
    """Open a file (csv, tsv, json, jsonl, parquet, txt, xlsx) or a data set `hf:OWNER/NAME[:CONFIG][:SPLIT]`.

    Standard input is first kept by `spool`, then opened like any file. Without `text_column` it is found, by names
    and by the first 1,000 rows, among those that `exclude` does not name. `max_text_length` is in characters.
    Downloads stay in Hugging Face's own cache (HF_HOME). `shown_as` replaces the name that people see. Raises
    UnreadableInput, in one line, when the input does not exist, cannot be read, holds no rows, or leaves open which
    column is the text.
    """
    source = shown_as or name
    notes: tuple[str, ...]
    try:
        if name.startswith("hf:"):
            records, identity, notes, source = _hub_records(name, text_column=text_column)
        else:
            records, identity, notes = _file_records(Path(name), text_column=text_column)
        sample, complete = _sample(records)
        columns, text_column = _columns(records, sample, text_column=text_column, id_column=id_column, exclude=exclude)
    except UnreadableInput as error:
        raise UnreadableInput(f"{excerpt(source, length=200)[1:-1]}: {error}", argument=error.argument) from error
    except OSError as error:
        raise UnreadableInput(_refused(source, error)) from error
    chosen = "\0".join((identity, text_column, id_column or ""))
    return Input(
        source=source,
        fingerprint=hashlib.sha256(chosen.encode()).hexdigest(),
        text_column=text_column,
        id_column=id_column,
        other_columns=tuple(column for column in columns if column not in {text_column, id_column}),
        rows_total=len(sample) if complete else records.total,
        notes=notes,
        max_text_length=max_text_length,
        records=records,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """The beginning of a file: columns, a few rows as they stand, and the column that seems to hold the texts.

    `text_column` is None where more than one could; `more` says that the file goes on after `rows_seen` rows; `notes`
    are for the person.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_seen: int
    more: bool
    text_column: str | None
    notes: tuple[str, ...]


def peek(path: Path, *, rows: int) -> Peek:
    """Look at the beginning of a file without taking it in. Raises UnreadableInput."""
    shown = excerpt(path.name, length=200)[1:-1]
    try:
        records, _, notes = _file_records(path, text_column=None)
        sample, complete = _sample(records)
        columns = _names(records, sample)
        readable = [record for record in sample if not isinstance(record, Broken)]
        try:
            text_column = TEXT if columns == (TEXT,) else find_text_column(columns, readable)
        except UnreadableInput:
            text_column = None
    except UnreadableInput as error:
        raise UnreadableInput(f"{shown}: {error}") from error
    except OSError as error:
        raise UnreadableInput(_refused(path.name, error)) from error
    cells = tuple(tuple(_cell(record.get(column)) for column in columns) for record in readable[:rows])
    return Peek(
        columns=columns, rows=cells, rows_seen=len(sample), more=not complete, text_column=text_column, notes=notes
    )


def _cell(value: object) -> str:
    return "" if value is None else (clean(field(value) or "") or "")[:500]


def spool(stream: BinaryIO, folder: Path, *, progress: Progress) -> Path:
    """Keep what `stream` holds as a file in `folder`, named by its content and by the format that it seems to have.

    `progress` is told the bytes read. The same content again gives the same file. Raises UnreadableInput when there
    is nothing to read or it is no text, StorageFailed when it cannot be written; nothing half-written stays.
    """
    size = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="standard-input-", delete=False) as file:
            kept = Path(file.name)
            try:
                while chunk := stream.read(_CHUNK):
                    file.write(chunk)
                    size += len(chunk)
                    progress("read standard input", size, None)
                file.close()
                if not size:
                    raise UnreadableInput("Standard input was empty.")
                target = folder / f"standard-input-{file_digest(kept)[:16]}.{sniff(kept)}"
                kept.replace(target)
            finally:
                kept.unlink(missing_ok=True)
    except UnreadableInput as error:
        raise UnreadableInput(str(error).replace("It is", "Standard input is", 1)) from error
    except OSError as error:
        raise StorageFailed(
            f"Standard input could not be kept in {folder} after {size:,} bytes: {error.strerror or error}. "
            "Free space there, or give a file."
        ) from error
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """Several files of one data set, one after the other."""

    sources: tuple[RecordSource, ...]

    @property
    def total(self) -> int:
        return sum(source.total for source in self.sources)

    def records(self, start: int) -> Iterator[Record]:
        for source in self.sources:
            if isinstance(source, ParquetRecords):
                yield from source.records(start)
                start = max(0, start - source.total)
            else:
                for record in source.records(0):
                    if start:
                        start -= 1
                    else:
                        yield record


def _file_records(path: Path, *, text_column: str | None) -> tuple[RecordSource, str, tuple[str, ...]]:
    """The records of a file, the digest of its bytes, and what to tell people."""
    if path.is_dir():
        raise UnreadableInput("It is a folder: name one file in it.")
    if not path.exists():
        raise UnreadableInput(f"There is no such file (looked in {path.absolute().parent}).")
    if not path.is_file():
        raise UnreadableInput("It is not a regular file: pipe it in and give `-`.")
    if path.stat().st_size == 0:
        raise UnreadableInput("The file is empty.")
    known = _FORMATS.get(path.suffix.lower())
    try:
        found = known or sniff(path)
        if found == "parquet":
            return ParquetRecords(path), file_digest(path), ()
        if found == "xlsx":
            return _sheet_records(path, text_column=text_column)
        file = survey(path)
    except UnreadableInput as error:
        if known:
            raise
        raise UnreadableInput(f"{error} These can be read: {_READ}.") from error
    notes = file.notes if known else (*file.notes, f"read as {found}, by the look of its first lines")
    return _text_records(file, found, text_column=text_column), file.digest, notes


def _sheet_records(path: Path, *, text_column: str | None) -> tuple[RecordSource, str, tuple[str, ...]]:
    from tools.adapters.sheet_records import SheetRecords  # noqa: PLC0415  only spreadsheets wait for openpyxl to load

    records = SheetRecords(path, text_column=text_column)
    return records, file_digest(path), records.notes


def _text_records(file: TextFile, found: Format, *, text_column: str | None) -> RecordSource:
    if found == "json":
        return JsonArray.of(file)
    if found == "jsonl":
        return JsonLines(file=file)
    if found == "txt":
        return PlainLines(file=file)
    return Table.of(file, delimiter="\t" if found == "tsv" else None, text_column=text_column)


def _hub_records(name: str, *, text_column: str | None) -> tuple[RecordSource, str, tuple[str, ...], str]:
    from tools.adapters.hub_dataset import download  # noqa: PLC0415  only such inputs wait for huggingface_hub to load

    dataset, *parts = name.removeprefix("hf:").split(":")
    if len(parts) > 2:
        raise UnreadableInput(
            "A data set is given as hf:OWNER/NAME, hf:OWNER/NAME:CONFIG or hf:OWNER/NAME:CONFIG:SPLIT."
        )
    config, split = (*[part or None for part in parts], None, None)[:2]
    files = download(dataset, config=config, split=split)
    opened = [_file_records(path, text_column=text_column) for path in files.paths]
    records = _Chain(sources=tuple(source for source, _, _ in opened))
    notes = dict.fromkeys((*files.notes, *(note for _, _, notes in opened for note in notes)))
    return records, files.identity, tuple(notes), f"hf:{files.name}"


def _sample(records: RecordSource) -> tuple[list[Record], bool]:
    """The first records, SAMPLE or as many as make up SAMPLE_SIZE characters, and whether these are all."""
    sample: list[Record] = []
    size = 0
    for record in records.records(0):
        if len(sample) == SAMPLE or size > SAMPLE_SIZE:
            return sample, False
        sample.append(record)
        if not isinstance(record, Broken):
            size += sum(len(cell) for cell in record.values() if isinstance(cell, str | bytes))
    return sample, True


def _columns(
    records: RecordSource,
    sample: list[Record],
    *,
    text_column: str | None,
    id_column: str | None,
    exclude: Sequence[str],
) -> tuple[tuple[str, ...], str]:
    """The input's columns and the one that holds the texts."""
    columns = _names(records, sample)
    check_columns(columns, text_column=text_column, id_column=id_column)
    readable = [record for record in sample if not isinstance(record, Broken)]
    eligible = [column for column in columns if column not in exclude]
    return columns, text_column or (TEXT if columns == (TEXT,) else find_text_column(eligible, readable))


def _names(records: RecordSource, sample: list[Record]) -> tuple[str, ...]:
    """The input's columns; raises UnreadableInput where there are none, or no rows."""
    columns = records.columns if isinstance(records, Table) else columns_of(sample)
    if not sample:
        raise UnreadableInput("It holds no rows" + (f", only a header: {', '.join(columns)}." if columns else "."))
    if not columns:
        first = next(record for record in sample if isinstance(record, Broken))
        raise UnreadableInput(f"None of its first {len(sample):,} rows can be read; the first one: {first.reason}.")
    return tuple(columns)


def _refused(source: str, error: OSError) -> str:
    return f"{excerpt(source, length=200)[1:-1]}: It cannot be read: {error.strerror or error}."
