"""The list of conversations and tasks beside every view."""

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import Page

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look

MARK = (
    '<div class="laud"><span class="laud-mark"><svg viewBox="0 0 24 24" fill="none" aria-hidden="true">'
    '<path d="M3 17.5c3.5 0 4.5-9 8-9s3.5 4.5 6 4.5 3-3.5 4-5.5" stroke="#2c86cc" stroke-width="2.4" '
    'stroke-linecap="round"/><circle cx="11" cy="8.5" r="2.2" fill="#E69F00"/></svg>LAUD</span></div>'
)
LONGEST_TITLE = 60
SHOWN = 12
"""Conversations in the list before the rest is folded away."""


def show(service: Service, views: Mapping[str, Page]) -> None:
    """Conversations, tasks, and who answers."""
    st.session_state["views"] = dict(views)
    with st.sidebar:
        st.html(MARK)
        st.page_link(views["chat"], label="New conversation", icon=":material/add:", width="stretch", query_params={})
        _conversations(service, views["chat"])
        _tasks(service, views)
        _who(service)


def _conversations(service: Service, page: Page) -> None:
    found = service.conversations()
    current = st.query_params.get("chat")
    if found:
        st.caption("Conversations")
    for one in found[:SHOWN]:
        _conversation(service, page, one, current=current)
    if len(found) > SHOWN:
        with st.expander(f"{len(found) - SHOWN} earlier"):
            for one in found[SHOWN:]:
                _conversation(service, page, one, current=current)
    if st.toggle("Show put away", key="archived", value=False) if found or current else False:
        for one in service.conversations(archived=True):
            _conversation(service, page, one, current=current)


def _conversation(service: Service, page: Page, one: wire.Conversation, *, current: str | None) -> None:
    line, more = st.columns([0.84, 0.16], gap="small", vertical_alignment="center")
    icon = ":material/chat_bubble:" if one.id == current else ":material/chat_bubble_outline:"
    line.page_link(page, label=look.label(one.title), icon=icon, width="stretch", query_params={"chat": one.id})
    with more.popover("", icon=":material/more_horiz:", type="tertiary", help="Rename or put away"):
        title = st.text_input("Name", value=one.title, key=f"name-{one.id}", max_chars=LONGEST_TITLE)
        rename, away = st.columns(2)
        try:
            if rename.button("Rename", key=f"rename-{one.id}", width="stretch") and title.strip():
                service.change(one.id, title=title.strip())
                st.rerun()
            word = "Bring back" if one.archived else "Put away"
            if away.button(word, key=f"away-{one.id}", width="stretch"):
                service.change(one.id, archived=not one.archived)
                st.rerun()
        except Refused as error:
            entrance.told(error)


def _tasks(service: Service, views: Mapping[str, Page]) -> None:
    found = service.tasks()
    if not found:
        return
    st.caption("Tasks")
    current = st.query_params.get("task")
    for one in found:
        line, more = st.columns([0.84, 0.16], gap="small", vertical_alignment="center")
        icon = ":material/insights:" if one.name == current else ":material/label_outline:"
        there = {"task": one.name}
        line.page_link(views["results"], label=look.label(one.name), icon=icon, width="stretch", query_params=there)
        more.page_link(views["label"], label="", icon=":material/edit_note:", help="Label", query_params=there)


def _who(service: Service) -> None:
    health = service.health()
    answers = "The built-in interpreter answers" if health.chat == "interpreter" else f"{health.chat} answers"
    st.divider()
    look.put(look.html("<p class='dim small'>{}. Version {}.</p>", answers, health.version))
