"""What a person wrote while the service was away: kept in the tab until it is sent."""

from typing import Any

import streamlit as st

from ui.parts import look

LINE = "say"
"""The line to write in, by its key."""
_KEPT = "unsent"


def keep(written: Any) -> None:
    """Keep what was written in the line, if anything was."""
    text = str(getattr(written, "text", written) or "").strip()
    if text:
        st.session_state[_KEPT] = text


def text() -> str | None:
    """What was not sent yet."""
    found: str | None = st.session_state.get(_KEPT)
    return found


def drop() -> None:
    """It was sent, or is not wanted any more."""
    st.session_state.pop(_KEPT, None)


def tell() -> None:
    """Show what was not sent yet."""
    if text() is not None:
        look.put(look.html("<p class='dim'>Not sent yet:</p><div class='laud-quote'>{}</div>", text()))
