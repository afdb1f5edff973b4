"""Plain csv: a row for each answer to a text, one without an answer for a text that nobody answered.

Any csv with a column `label` (or `said`) and a column `text` or `id` can be read. Cells that a spreadsheet would run as
a formula have an apostrophe in front, which reading takes off.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from tools.adapters.label_formats import provenance
from tools.engine.exchanged import ExchangedText, GivenAnswer, ReadRow
from tools.engine.spreadsheet import plain_cell, safe_cell

ORIGIN = ("source", "confidence", "role", "round", "guideline_version", "at")
COLUMNS = (
    *("id", "text", "who", "said", "note", "seconds", "said_at", "said_confidence", "suggested", "known"),
    *("label", *(f"label_{name}" for name in ORIGIN)),
)


def write(texts: Sequence[ExchangedText]) -> bytes:
    """The table, with a header."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for text in texts:
        label = {f"label_{name}": text.origin.get(name) for name in ORIGIN} | {"label": text.label}
        for one in text.answers or (None,):
            row = {"id": text.id, "text": text.text, **({} if one is None else _said(one)), **label}
            writer.writerow({name: safe_cell(value) for name, value in row.items()})
    return out.getvalue().encode("utf-8-sig")  # the byte order mark makes spreadsheets read UTF-8


def read(content: str) -> list[ReadRow]:
    """The rows; raises ValueError where a column is missing."""
    header = content.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(content, newline=""), delimiter=max(",;\t", key=header.count))
    names = [name.strip().casefold() for name in rows.fieldnames or []]
    if not {"said", "label"} & set(names) or not {"id", "text"} & set(names):
        raise ValueError(
            f"it needs a column `label` and one of `text` and `id`; it has {', '.join(names[:20]) or 'none'}"
        )
    rows.fieldnames = names
    return [_row(number, row) for number, row in enumerate(rows, start=1)]


def _said(one: GivenAnswer) -> dict[str, object]:
    return {
        "who": one.who,
        "said": one.said,
        "note": one.note,
        "seconds": one.seconds or None,
        "said_at": None if one.at is None else one.at.isoformat(),
        "said_confidence": one.confidence,
        "suggested": one.suggested,
        "known": "yes" if one.known else None,
    }


def _row(number: int, row: Mapping[str, str | None]) -> ReadRow:
    cells = {name: plain_cell(cell).strip() for name, cell in row.items() if isinstance(cell, str)}
    if not cells.get("text") and not cells.get("id"):
        return ReadRow(row=number, problem="it has neither text nor id")
    # Where the answers stand in columns of their own, the label is what they came to.
    said = cells.get("said", "") if "said" in cells else cells.get("label", "")
    answers = () if not said else (_answer(said, cells),)
    return ReadRow(row=number, id=cells.get("id") or None, text=cells.get("text") or None, answers=answers)


def _answer(said: str, cells: Mapping[str, str]) -> GivenAnswer:
    sure = _number(cells.get("said_confidence", ""))
    return GivenAnswer(
        who=cells.get("who") or None,
        said=said,
        note=cells.get("note") or None,
        seconds=provenance.number(_number(cells.get("seconds", ""))),
        at=provenance.moment(cells.get("said_at")),
        confidence=sure,
        suggested=cells.get("suggested") or None,
        known=cells.get("known", "").casefold() in {"yes", "true", "1"},
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
