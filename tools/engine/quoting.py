"""Texts from an unknown source as JSON that can only be read as data."""

import json
import re
import unicodedata

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
_HIDDEN = frozenset({"Cf", "Cc", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that show nothing: controls, direction marks, tags, unassigned, line and paragraph separators."""
_JOINERS = "\u200c\u200d"
"""Hidden too, but some scripts and emoji are wrong without them."""


def quote(value: object) -> str:
    r"""`value` as JSON in which no text can end its own quotation.

    JSON escapes quotes and control characters. In strings `<`, `[` and the backquote are escaped too, because many
    servers turn such marks as `<|im_end|>` or `[INST]` into control tokens wherever they stand, and because data stands
    between marks of these; so are characters that show nothing, which can carry words past a reader.
    """
    plain = json.dumps(value, ensure_ascii=False).encode(errors="replace").decode()
    return _STRING.sub(lambda found: "".join(map(_shown, found.group())), plain)


def _shown(letter: str) -> str:
    if letter in "<[`" or (unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS):
        units = letter.encode("utf-16-be")
        return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
    return letter
