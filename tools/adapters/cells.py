"""What a cell of an input becomes: a clean text, or the reason why it is none."""

import json
import re
from collections.abc import Iterable

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def clean(text: str) -> str | None:
    """`text` without control characters and outer white space, its line ends written as one newline.

    Tabs and newlines stay. None when it holds bytes that could not be decoded (they arrive as lone surrogates).
    """
    if not text.isprintable():
        if _SURROGATES.search(text):
            return None
        text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return text.strip()


def kind(value: object) -> str:
    """How a person would call what `value` is: null, number, object and so on."""
    return _KINDS.get(type(value), type(value).__name__)


def text_of(value: object) -> str | None:
    """`value` as a string where it is one (bytes as UTF-8, wrong ones as lone surrogates), else None."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value if isinstance(value, str) else None


def field(value: object) -> str | None:
    """Any other cell as a clean string, nested ones as json; None when it cannot be decoded."""
    text = text_of(value)
    if text is None:
        nested = isinstance(value, bool | list | dict)
        try:
            text = json.dumps(value, ensure_ascii=False, default=str) if nested else str(value)
        except RecursionError:
            text = "(nested too deep)"
    return clean(text)


def excerpt(value: object, *, length: int = 60) -> str:
    """`value` on one line, quoted and cut to `length` characters, safe to show in a message."""
    line = " ".join(readable(field(value) or str(value)).split())
    return f'"{line[: length - 1]}…"' if len(line) > length else f'"{line}"'


def readable(name: str) -> str:
    """A column's name that can be stored and shown: what cannot be decoded becomes `?`."""
    return name if name.isprintable() else clean(_SURROGATES.sub("?", name)) or ""


def column_names(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct, readable names: an empty one becomes `column N`, a repeated one gets its place added."""
    taken: list[str] = []
    for place, raw in enumerate(names, start=1):
        name = readable(raw).strip() or f"column {place}"
        taken.append(f"{name} ({place})" if name in taken else name)
    return tuple(taken)
