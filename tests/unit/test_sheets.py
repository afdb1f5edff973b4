"""Spreadsheets: which sheet and which row begins the table, what a cell becomes, and what cannot be read."""

import io
import random
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tools.adapters.readers import Input, Row, open_input, peek
from tools.engine.errors import UnreadableInput
from tools.engine.records import SkippedRow

HEADER = ("id", "text", "day")


def sheet_file(path: Path, **sheets: Iterable[Sequence[object]]) -> Path:
    """A workbook with these sheets, in order; a text that begins like a formula stays a text."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
            cell.data_type = "s"
    book.save(path)
    return path


def read(path: Path, **columns: str) -> Input:
    text_column, id_column = columns.get("text_column"), columns.get("id_column")
    return open_input(str(path), max_text_length=1_000, text_column=text_column, id_column=id_column)


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableInput) as caught:
        list(read(path).rows(0))
    message = str(caught.value)
    assert f"{path.name}: " in message
    assert "\n" not in message
    return message


def test_a_sheet_is_read_like_a_table(tmp_path: Path) -> None:
    rows = [HEADER, (1, "Nappies, 44", date(2026, 1, 2)), (2, "RICE_x000D_\n1KG", None), (), (3, None, "x"), (4, 5, "")]
    opened = read(sheet_file(tmp_path / "a.XLSX", lines=rows), id_column="id")
    assert (opened.text_column, opened.other_columns, opened.notes) == ("text", ("day",), ())
    assert list(opened.rows(0)) == [
        Row(row=1, text="Nappies, 44", external_id="1", fields={"day": "2026-01-02 00:00:00"}),
        Row(row=2, text="RICE\n1KG", external_id="2", fields={"day": ""}),
        SkippedRow(row=3, reason="empty"),
        SkippedRow(row=4, reason="not text (number)"),
    ]
    assert list(opened.rows(2)) == list(opened.rows(0))[2:]
    assert opened.rows_total == 4


def test_the_table_begins_below_its_title_on_the_first_sheet_that_shows_one(tmp_path: Path) -> None:
    rows = [("Receipts of 2026",), (), (None, *HEADER), ("first", 1, "a b", "x", "beyond"), (None, 2, "c d")]
    path = sheet_file(tmp_path / "a.xlsx", empty=[], lines=rows, more=[HEADER])
    opened = read(path, text_column="text")
    assert [(row.row, row.text) for row in opened.rows(0) if isinstance(row, Row)] == [(1, "a b"), (2, "c d")]
    assert opened.notes == ('read the sheet "lines"; the file has 2 other sheets',)
    assert peek(path, rows=5).columns == ("column 1", *HEADER)


def test_a_hidden_sheet_is_not_read(tmp_path: Path) -> None:
    path = sheet_file(tmp_path / "a.xlsx", secret=[("text",), ("hidden",)], lines=[("text",), ("shown",)])
    book = openpyxl.load_workbook(path)
    book["secret"].sheet_state = "hidden"
    book.save(path)
    assert [row.text for row in read(path).rows(0) if isinstance(row, Row)] == ["shown"]
    book["lines"].sheet_state, book["secret"].sheet_state = "hidden", "visible"
    book["secret"].delete_rows(1, 2)
    book.save(path)
    assert "no sheet that is shown has a value" in refusal(path)


def test_a_stray_cell_at_the_far_end_costs_nothing(tmp_path: Path) -> None:
    path = sheet_file(tmp_path / "a.xlsx", lines=[("id", "text"), (1, "a b")])
    book = openpyxl.load_workbook(path)
    book["lines"]["XFD1048576"] = "stray"
    book.save(path)
    assert list(read(path).rows(0)) == [
        Row(row=1, text="a b", external_id=None, fields={"id": "1"}),
        SkippedRow(row=2, reason="empty"),
    ]


@settings(max_examples=40)
@example(content=["=0", " =A1", "@x"])
@given(content=st.lists(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])), min_size=1, max_size=9))
def test_any_texts_come_back_in_order(tmp_path_factory: pytest.TempPathFactory, content: list[str]) -> None:
    rows = [("n", "text"), *enumerate(content)]
    path = sheet_file(tmp_path_factory.mktemp("sheet") / "a.xlsx", lines=rows)
    found = list(read(path, id_column="n").rows(0))
    given = [text.strip() for text in content]
    assert [row.text if isinstance(row, Row) else "" for row in found] == given


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04rest", "It is not an xlsx file, or it is damaged, cut off or locked with a password"),
        (b"\xd0\xcf\x11\xe0rest", "locked with a password"),
        (b"text\na\n", "It is not an xlsx file"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    assert said in refusal(path)


def test_a_workbook_that_unfolds_to_more_than_fits_is_refused(tmp_path: Path) -> None:
    path = sheet_file(tmp_path / "a.xlsx", lines=[("text",), ("a",)])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book, book.open("xl/media/bomb.xml", "w") as part:
        for _ in range(600):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 1_000_000
    assert "once unpacked; the limit is 536,870,912" in refusal(path)


def test_a_first_row_of_data_is_asked_about(tmp_path: Path) -> None:
    rows = [(1, "I love it"), (2, "I hate it")]
    assert "looks like data" in refusal(sheet_file(tmp_path / "a.xlsx", lines=rows))


def test_damage_is_always_told_in_words(tmp_path: Path) -> None:
    whole = sheet_file(tmp_path / "a.xlsx", lines=[HEADER, *((n, f"text {n}", date(2026, 1, 1)) for n in range(9))])
    path = tmp_path / "b.xlsx"
    refused = 0
    for seed in range(150):
        path.write_bytes(_damaged(whole.read_bytes(), random.Random(seed)))  # noqa: S311 - damage, no secret
        try:
            list(read(path).rows(0))
        except UnreadableInput:
            refused += 1
    assert refused > 50


def _damaged(content: bytes, chance: random.Random) -> bytes:
    """The workbook with a part left out, cut off, or with some signs changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as broken:
        hit = chance.choice(whole.namelist())
        for name in whole.namelist():
            part = bytearray(whole.read(name))
            if name != hit:
                broken.writestr(name, part)
            elif chance.random() < 0.3:
                broken.writestr(name, part[: chance.randrange(len(part))])
            elif chance.random() < 0.8:
                for _ in range(chance.randint(1, 8)):
                    part[chance.randrange(len(part))] = chance.choice(b'abc0129<>/"=')
                broken.writestr(name, part)
    return out.getvalue()
