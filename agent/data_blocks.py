"""Data for the chat model: quoted JSON between marks, each text cut, so that nothing in it can pass for a message."""

import json
from collections.abc import Mapping
from typing import Any

from tools.engine.quoting import quote

LONGEST_TEXT = 400
"""Characters of one text that are shown to the chat model."""
LONGEST_BLOCK = 12_000
"""Characters of one block; where there is more, texts are cut shorter, then lists."""
_OPENING = '<data source="{}">\n'
_CLOSING = "\n</data>"


def write_block(source: str, receipt: Mapping[str, Any]) -> str:
    """A receipt as a block. `source` is a name of ours, such as that of a tool."""
    return f"{_OPENING.format(source)}{fitted(receipt, LONGEST_BLOCK)}{_CLOSING}"


def read_block(content: str) -> dict[str, Any]:
    """The receipt of a block; empty when `content` is none."""
    _, _, tail = content.partition("\n")
    try:
        found = json.loads(tail.removesuffix(_CLOSING))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def fitted(value: Mapping[str, Any], longest: int) -> str:
    """The value as quoted JSON of at most `longest` characters, as far as cutting texts and lists can bring it."""
    quoted = quote(_cut(value, LONGEST_TEXT, items=1_000))
    for text_length, items in ((200, 50), (100, 30), (60, 15), (40, 5), (30, 2)):
        if len(quoted) <= longest:
            break
        quoted = quote(_cut(value, text_length, items=items))
    return quoted


def _cut(value: Any, length: int, *, items: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= length else f"{value[: length - 1]}…"
    if isinstance(value, Mapping):
        return {_cut(str(key), length, items=items): _cut(one, length, items=items) for key, one in value.items()}
    if isinstance(value, list | tuple):
        kept = [_cut(one, length, items=items) for one in value[:items]]
        return kept if len(value) <= items else [*kept, f"… {len(value) - items} more"]
    return value
