"""Parquet files as records, read batch by batch."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tools.adapters.cells import column_names
from tools.adapters.records_of_files import Record
from tools.engine.errors import UnreadableInput

_BATCH = 4_096


class ParquetRecords:
    """The rows of a parquet file. Raises UnreadableInput when it is none or is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as file:
            self._groups: list[int] = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]

    @property
    def total(self) -> int:
        """The number of rows, from the file's own count."""
        return sum(self._groups)

    def records(self, start: int) -> Iterator[Record]:
        """Each row; row groups before `start` are not read, batches before it not converted."""
        first = 0
        while first < len(self._groups) and start >= self._groups[first]:
            start -= self._groups[first]
            first += 1
        with self._open() as file:
            batches = file.iter_batches(batch_size=_BATCH, row_groups=range(first, len(self._groups)))
            while True:
                try:
                    batch = next(batches, None)
                    rows = [] if batch is None or start >= batch.num_rows else _rows(batch.slice(start))
                except (pa.ArrowException, OSError) as error:
                    raise UnreadableInput(f"Its rows are damaged: {_first_line(error)}.") from error
                if batch is None:
                    return
                start = max(0, start - batch.num_rows)
                yield from rows

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self._path)
        except pa.ArrowException as error:
            raise UnreadableInput(
                f"It is not a parquet file, or it is damaged or cut off: {_first_line(error)}."
            ) from error


def _rows(batch: pa.RecordBatch) -> list[Record]:
    names = column_names(batch.schema.names)
    columns = [_values(column) for column in batch.columns]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _values(column: pa.Array) -> list[object]:
    """The column's values; strings that are not UTF-8, which parquet does not check, stay bytes."""
    try:
        values: list[object] = column.to_pylist()
    except UnicodeDecodeError:
        values = column.cast(pa.large_binary()).to_pylist()
    return values


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
