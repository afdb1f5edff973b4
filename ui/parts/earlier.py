"""The beginning of a long conversation: the service shows the end of it, and the rest where it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance


@dataclass(slots=True, kw_only=True)
class Kept:
    """What this tab has of a conversation, and whether there are earlier messages."""

    messages: list[wire.Message] = field(default_factory=list)
    more: bool = False


def with_earlier(view: wire.View) -> wire.View:
    """The view, with the messages before it that this tab has; `more` says whether there are still earlier ones."""
    kept = _kept(view)
    before = _before(kept.messages, view.messages)
    if not before:
        kept.more = view.more
    kept.messages = [*before, *view.messages]
    return view.model_copy(update={"messages": kept.messages, "more": kept.more})


def offer(service: Service, view: wire.View) -> None:
    """A way to see what was said earlier."""
    if not view.more or not st.button(
        "Earlier messages", key="earlier", icon=":material/expand_less:", type="tertiary"
    ):
        return
    kept = _kept(view)
    try:
        found = service.earlier(view.conversation.id, view.messages[0].id)
    except Refused as error:
        entrance.told(error)
        return
    kept.messages, kept.more = [*found.messages, *kept.messages], found.more
    st.rerun()


def _kept(view: wire.View) -> Kept:
    every: dict[str, Kept] = st.session_state.setdefault("kept", {})
    return every.setdefault(view.conversation.id, Kept())


def _before(kept: Sequence[wire.Message], now: Sequence[wire.Message]) -> list[wire.Message]:
    """The messages that were kept from before those that the service shows now."""
    first = now[0].id if now else None
    at = next((at for at, one in enumerate(kept) if one.id == first), 0)
    return list(kept[:at])
