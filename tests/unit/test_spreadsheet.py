"""Cells that a spreadsheet would run are text, and come back as they were."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.adapters.label_formats import table
from tools.engine.exchanged import ExchangedText
from tools.engine.spreadsheet import plain_cell, safe_cell

RUN = [
    "=1+1",
    "+2 for 1",
    "-20 % off",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\uff1d1+1",
    "\uff20x",
    "'=1",
    "''-1",
]
STAY = ["soap", "", "5-pack", "a=b", "'quoted'", "x@example.org"]


@pytest.mark.parametrize("cell", RUN)
def test_what_would_run_is_text(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"
    assert plain_cell(str(safe_cell(cell))) == cell


@pytest.mark.parametrize("cell", STAY)
def test_all_else_stays_as_it_is(cell: str) -> None:
    assert safe_cell(cell) == cell
    assert plain_cell(cell) == cell


def test_numbers_stay_numbers() -> None:
    assert safe_cell(-0.5) == -0.5
    assert safe_cell(None) is None


@given(st.text(alphabet="'=+-@ \t\r\nab"))
def test_any_cell_comes_back_as_it_was_and_never_begins_like_a_formula(cell: str) -> None:
    kept = str(safe_cell(cell))
    assert plain_cell(kept) == cell
    assert not kept.lstrip().startswith(("=", "+", "-", "@"))


def test_ids_and_texts_of_a_table_of_labels_are_safe() -> None:
    one = ExchangedText(id="=ID()", text="@cmd", label="-x", answers=(), origin={})
    (row,) = csv.DictReader(io.StringIO(table.write([one]).decode("utf-8-sig")))
    assert (row["id"], row["text"], row["label"]) == ("'=ID()", "'@cmd", "'-x")
