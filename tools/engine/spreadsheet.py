"""Cells of a table that a spreadsheet opens as text, whoever wrote them.

A cell that begins like a formula is run when the file is opened, and can send away what else stands in the table
(OWASP, CSV Injection). An apostrophe in front makes text of it, and is taken off where LAUD reads its own file.
"""

import re
from typing import TypeVar

T = TypeVar("T")
_RUN = r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"
"""How a cell begins that would run, and one that only seems marked already; wide signs count like narrow ones."""
_RUNS = re.compile(_RUN)
_MARKED = re.compile(rf"\A'(?={_RUN})")


def safe_cell(value: T) -> T | str:
    """The value as it may stand in a table: text that would run gets an apostrophe in front, all else stays."""
    return f"'{value}" if isinstance(value, str) and _RUNS.match(value) else value


def plain_cell(cell: str) -> str:
    """A cell without the apostrophe that `safe_cell` put in front of it."""
    return _MARKED.sub("", cell)
