"""How things look: the style sheet, and HTML in which every word from outside is escaped.

Texts of a pool, answers and names never go through Markdown, which would make links, icons and formulas of them.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import streamlit as st
from markupsafe import Markup

_STYLE = Path(__file__).with_name("look.css")
MARK = Path(__file__).with_name("mark.svg")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"
"""Seen by nobody; between two letters it keeps Markdown from making an icon or a link of them."""


@cache
def _style() -> str:
    return _STYLE.read_text(encoding="utf-8")


def apply() -> None:
    """Lay the style sheet over the page."""
    st.html(f"<style>{_style()}</style>")


def put(*pieces: Markup) -> None:
    """Show HTML that was put together by this module's functions."""
    st.html(f'<div class="laud">{Markup("").join(pieces)}</div>')


def html(form: str, *given: object, **named: object) -> Markup:
    """HTML of a form that stands in the code; what is given is escaped."""
    return Markup(form).format(*given, **named)  # noqa: S704 - forms are literals, what is given is escaped


def joined(pieces: Iterable[Markup], between: str = "") -> Markup:
    """Pieces one after the other."""
    return Markup(between).join(pieces)  # noqa: S704 - the separator is a literal


def label(text: str) -> str:
    """A word from outside as the label of a button, which Streamlit takes for Markdown: every sign is escaped."""
    plain = " ".join(text.split())
    escaped = _PUNCTUATION.sub(rf"\\\1{_JOINER}", plain)
    return re.sub(r"(?i)\bwww", f"w{_JOINER}ww", escaped)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Iterable[int] = ()) -> Markup:
    """A table; the columns in `numbers` stand at the right."""
    right = set(numbers)

    def cells(tag: str, values: Sequence[object]) -> Markup:
        return joined(
            html(f"<{tag} class='{{}}'>{{}}</{tag}>", "n" if at in right else "", value)
            for at, value in enumerate(values)
        )

    body = joined(html("<tr>{}</tr>", cells("td", row)) for row in rows)
    return html(
        "<div class='laud-scroll' tabindex='0' role='group' aria-label='Table'>"
        "<table class='laud-table'><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        cells("th", head),
        body,
    )


def tile(name: str, value: str, more: str) -> Markup:
    """A number in big figures, what it is, and what belongs to it."""
    return html(
        "<div class='laud-tile'><div class='dim small'>{}</div><div class='big'>{}</div>"
        "<div class='dim small num more'>{}</div></div>",
        name,
        value,
        more,
    )


def tiles(*made: Markup) -> Markup:
    """Tiles side by side."""
    return html("<div class='laud-tiles'>{}</div>", joined(made))


def bar(done: int, total: int | None) -> Markup:
    """How far something is; without a total, that it goes on."""
    if not total:
        return Markup("<div class='laud-bar endless' role='progressbar' aria-label='At work'><i></i></div>")
    share = max(0, min(100, round(100 * done / total)))
    return html(
        "<div class='laud-bar' role='progressbar' aria-label='Progress' aria-valuenow='{0}' aria-valuemin='0' "
        "aria-valuemax='100'><i style='width:{0}%'></i></div>",
        share,
    )
