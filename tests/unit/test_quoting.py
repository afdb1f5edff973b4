"""Any value, quoted, is the same value when read, and holds nothing that could end its quotation."""

import json
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tools.engine.quoting import quote

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)


@given(VALUES)
def test_a_quoted_value_is_the_same_value(value: Any) -> None:
    assert json.loads(quote(value)) == value


@given(TEXTS)
def test_a_quoted_text_has_no_marks_and_nothing_hidden(text: str) -> None:
    quoted = quote(text)
    assert not set("<[`\n") & set(quoted)
    hidden = {"Cf", "Cc", "Co", "Cn", "Zl", "Zp"}
    assert not [letter for letter in quoted if unicodedata.category(letter) in hidden and letter not in "\u200c\u200d"]


def test_half_a_character_is_shown_as_a_question_mark() -> None:
    assert quote("\ud800") == '"?"'
