"""Spreadsheets (xlsx) as records, read row by row.

openpyxl, because it reads a sheet as a stream: a stray cell at its far end costs nothing, where a reader that holds the
sheet as a grid asks for more memory than there is.
"""

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl

from tools.adapters.cells import excerpt, field
from tools.adapters.records_of_files import SAMPLE, Record, header_of
from tools.engine.errors import UnreadableInput

_LARGEST = 2**29
"""Bytes of all parts of a workbook; its strings are held in memory while it is read."""
_BATCH = 1_000
_TOP = 20
"""Rows at the top of a sheet among which the header is looked for."""
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, ArithmeticError, AttributeError, EOFError, LookupError, RuntimeError, SyntaxError,
    TypeError, ValueError,
)  # fmt: skip
"""openpyxl lets through whatever its parsing runs into."""
_Cells = tuple[Any, ...]


class SheetRecords:
    """The rows of the first sheet that shows any; raises UnreadableInput where there is none, or the file is damaged.

    The header is the first row that fills at least half as many cells as the fullest at the top: titles above a table
    are passed over. Rows without any value are none; cells beyond the header are left out. Of formulas the values are
    read that were stored with them.
    """

    def __init__(self, path: Path, *, text_column: str | None) -> None:
        self._path = path
        names, self._sheet, last = self._first_sheet()
        top = list(islice(self._rows(), SAMPLE))
        fullest = max(_filled(cells) for _, cells in top[:_TOP])
        at = next(at for at, (_, cells) in enumerate(top) if 2 * _filled(cells) >= fullest)
        self._first, header = top[at]
        body = [tuple(map(_shown, cells)) for _, cells in top[at + 1 :]]
        self._columns = header_of([_shown(cell) for cell in header], body, text_column=text_column)
        self.total = max(last - self._first, len(body))
        others = len(names) - 1
        self.notes: tuple[str, ...] = ()
        if others:
            more = "another sheet" if others == 1 else f"{others} other sheets"
            self.notes = (f"read the sheet {excerpt(self._sheet)}; the file has {more}",)

    def records(self, start: int) -> Iterator[Record]:
        """Each row under the header's names."""
        rows = (cells for number, cells in self._rows() if number > self._first)
        for cells in islice(rows, start, None):
            padded = (*cells, *[None] * (len(self._columns) - len(cells)))
            yield dict(zip(self._columns, map(_value, padded), strict=False))

    def _first_sheet(self) -> tuple[list[str], str, int]:
        """The names of the sheets that are shown, the first that holds a value, and its last row as it says."""
        with closing(self._open()) as book:
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            for sheet in shown:
                last = int(sheet.max_row or 0)
                if next(_read(sheet), None) is not None:
                    return [one.title for one in shown], str(sheet.title), last
        raise UnreadableInput("It holds no rows: no sheet that is shown has a value in it.")

    def _rows(self) -> Iterator[tuple[int, _Cells]]:
        with closing(self._open()) as book:
            yield from _read(book[self._sheet])

    def _open(self) -> Any:
        try:
            with zipfile.ZipFile(self._path) as archive:
                size = sum(part.file_size for part in archive.infolist())
            if size > _LARGEST:
                raise UnreadableInput(
                    f"It is a workbook of {size:,} bytes once unpacked; the limit is {_LARGEST:,}. Save it as csv."
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # styles and extensions that it does not know
                return openpyxl.load_workbook(self._path, read_only=True, data_only=True, keep_links=False)
        except _DAMAGED as error:
            raise UnreadableInput(
                "It is not an xlsx file, or it is damaged, cut off or locked with a password. Save it again, or its "
                "sheet as csv."
            ) from error


def _read(sheet: Any) -> Iterator[tuple[int, _Cells]]:
    """The rows that hold a value, with their numbers in the sheet, from 1."""
    sheet.reset_dimensions()  # what the file says about its size may be wrong, and cuts rows off
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # dates out of range
                batch = list(islice(rows, _BATCH))
        except _DAMAGED as error:
            raise UnreadableInput("Its rows are damaged. Save it again, or its sheet as csv.") from error
        if not batch:
            return
        yield from ((number, cells) for number, cells in batch if _filled(cells))


def _filled(cells: _Cells) -> int:
    return sum(cell not in (None, "") for cell in cells)


def _value(cell: object) -> object:
    """A cell's value, empty ones as in a csv file; a line's end is written `_x000D_` by spreadsheet programs."""
    if cell is None:
        return ""
    return cell.replace("_x000D_", "") if isinstance(cell, str) else cell


def _shown(cell: object) -> str:
    return field(_value(cell)) or ""
