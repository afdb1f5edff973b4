"""Which column of an input holds the texts, judged by names and by a sample of its rows."""

import re
from collections.abc import Mapping, Sequence
from statistics import median

from tools.adapters.cells import excerpt, text_of
from tools.engine.errors import UnreadableInput

Sample = Sequence[Mapping[str, object]]


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


_TEXTS = _words("""
    text texts txt content contents sentence sentences utterance utt review reviews message messages comment
    comments tweet post body question query document doc passage paragraph headline transcript note notes
    complaint feedback prompt
""")
_TITLES = _words("""
    description descriptions desc name title subject summary product item commodity line abstract caption
""")
_LABELS = _words("""
    label labels category categories class target tag tags sentiment topic intent split lang language
""")
_IDS = _words("id ids uuid guid key index idx sku ean url date time timestamp")
KNOWN_NAMES = _TEXTS | _TITLES | _LABELS | _IDS
"""Words that stand in the header of a table, hardly alone in its data."""

_NUMBER = re.compile(r"[-+]?[€$£]?\s?[\d.,  ]*\d[\d.,]*\s?[%€$£]?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{1,2}:\d{2}(:\d{2})?")
_CODE = re.compile(r"\S*\d\S*|\w+://\S+")
_LONGEST_CODE = 200
"""Longer values are neither ids, dates nor numbers; it also keeps the patterns above from long searches."""
_FEW_VALUES = 0.3
"""Below this share of distinct values in a sample of 20 or more, a column looks like labels."""
_FAR_LONGER = 2.0
"""A text column wins by length when its median is this many times the next one's."""


def words_of(name: str) -> list[str]:
    """The words of a column's name in lower case: `reviewText` and `review_text` both give review, text."""
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def looks_like_a_number(value: str) -> bool:
    """Whether `value` is a number, a price or a percentage."""
    return len(value) <= _LONGEST_CODE and _NUMBER.fullmatch(value.strip()) is not None


def find_text_column(columns: Sequence[str], sample: Sample) -> str:
    """The column of `columns` that holds the texts: the only one with strings, or a clear winner.

    A winner is called text, or is the only one with a telling name, or is far longer than the others. Columns that
    look like numbers, dates, ids or labels do not compete. Raises UnreadableInput that names the candidates.
    """
    if "text" in columns:
        return "text"
    values = {column: _strings(column, sample) for column in columns}
    strings = [column for column in columns if values[column]]
    if len(strings) == 1:
        return strings[0]
    if not strings:
        raise UnreadableInput(f"No column holds text: there are {_named(columns)}.")
    candidates = [column for column in strings if not _is_no_text(column, values[column])]
    best = min((_rank(column) for column in candidates), default=None)
    finalists = [column for column in candidates if _rank(column) == best]
    if len(finalists) == 1 and (best != _UNKNOWN or len(candidates) == 1):
        return finalists[0]
    lengths = sorted(((median(map(len, values[c])), c) for c in finalists), reverse=True)
    if len(lengths) > 1 and lengths[0][0] >= _FAR_LONGER * lengths[1][0]:
        return lengths[0][1]
    shown = ", ".join(f"{column} ({excerpt(values[column][0])})" for column in candidates or strings)
    raise UnreadableInput(f"The text could be in more than one column: {shown}. Say which one.", argument="text_column")


def check_columns(columns: Sequence[str], *, text_column: str | None, id_column: str | None) -> None:
    """Raise UnreadableInput, naming the columns that there are, when one that was asked for is not among them."""
    for role, column in (("texts", text_column), ("ids", id_column)):
        if column is not None and column not in columns:
            raise UnreadableInput(f"There is no column {excerpt(column)} for the {role}: there are {_named(columns)}.")


def _named(columns: Sequence[str]) -> str:
    shown = ", ".join(excerpt(column)[1:-1] for column in columns[:30])
    return shown + (f" and {len(columns) - 30:,} more" if len(columns) > 30 else "")


def _strings(column: str, sample: Sample) -> list[str]:
    """The column's texts in the sample; none when most of its values are something else."""
    present = [row[column] for row in sample if row.get(column) is not None]
    texts = [text for value in present if (text := text_of(value)) is not None]
    filled = [text for text in texts if text and not text.isspace()]
    numeric = sum(looks_like_a_number(text) for text in filled)
    return filled if 2 * len(texts) >= len(present) and 10 * numeric < 9 * len(filled) else []


_UNKNOWN = 3


def _rank(column: str) -> int:
    words = words_of(column)
    if len(words) == 1 and words[0] in _TEXTS:
        return 0
    if _TEXTS.intersection(words):
        return 1
    return 2 if _TITLES.intersection(words) else _UNKNOWN


def _is_no_text(column: str, texts: Sequence[str]) -> bool:
    """Whether its values (or its name) are those of labels, ids or dates."""
    if not (_TEXTS | _TITLES).intersection(words := words_of(column)) and (_LABELS | _IDS).intersection(words):
        return True
    if len(texts) >= 20 and len(set(texts)) < _FEW_VALUES * len(texts):
        return True
    short = [text.strip() for text in texts if len(text) <= _LONGEST_CODE]
    return 10 * sum(bool(_CODE.fullmatch(text) or _DATE.fullmatch(text)) for text in short) >= 9 * len(texts)
