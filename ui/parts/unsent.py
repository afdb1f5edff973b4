"""What a person wrote while the service was away: kept in the tab until it is sent."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import streamlit as st

from ui.parts import look

LINE = "say"
"""The line to write in, by its key."""
_KEPT = "unsent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """Words, and the key by which the service knows them should they have reached it after all."""

    text: str
    key: str


def new(text: str) -> Unsent:
    """Words that were not sent before."""
    return Unsent(text=text, key=uuid4().hex)


def keep(words: Unsent) -> None:
    """Keep these words."""
    st.session_state[_KEPT] = words


def keep_line(written: Any) -> None:
    """Keep what stands in the line, if anything does and it is not kept already."""
    text = str(getattr(written, "text", written) or "").strip()
    held = kept()
    if text and (held is None or held.text != text):
        keep(new(text))


def kept() -> Unsent | None:
    """What was not sent yet."""
    found: Unsent | None = st.session_state.get(_KEPT)
    return found


def drop() -> None:
    """It was sent, or is not wanted any more."""
    st.session_state.pop(_KEPT, None)


def tell() -> None:
    """Show what was not sent yet."""
    held = kept()
    if held is not None:
        look.put(look.html("<p class='dim'>Not sent yet:</p><div class='laud-quote'>{}</div>", held.text))
