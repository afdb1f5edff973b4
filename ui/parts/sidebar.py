"""The list of conversations and tasks beside every view."""

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import Page

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look

LOCAL = "local"
"""The name of the one user of a service without users."""
LONGEST_TITLE = 200
AWAY = "away"
SHOWN = 12
"""Conversations in the list before the rest is folded away."""


def show(service: Service, views: Mapping[str, Page]) -> None:
    """Conversations, tasks, and who answers."""
    st.session_state["views"] = dict(views)
    me = service.me()
    entrance.rank(me)
    with st.sidebar:
        look.put(look.html("<span class='laud-mark'>LAUD</span>"))
        st.page_link(views["chat"], label="New conversation", icon=":material/add:", width="stretch")
        _conversations(service, views["chat"])
        _tasks(service, views)
        _who(service, me)


def _conversations(service: Service, page: Page) -> None:
    current = st.query_params.get("chat")
    away = st.session_state.get(AWAY, False)
    found = service.conversations(archived=away)
    if found or away:
        st.caption("Put away" if away else "Conversations")
    for one in found[:SHOWN]:
        _conversation(service, page, one, current=current)
    if len(found) > SHOWN:
        with st.expander(f"{len(found) - SHOWN} earlier"):
            for one in found[SHOWN:]:
                _conversation(service, page, one, current=current)
    st.toggle("Those put away", key=AWAY)


def _conversation(service: Service, page: Page, one: wire.Conversation, *, current: str | None) -> None:
    line = st.container(key="here" if one.id == current else f"there-{one.id}")
    name, more = line.columns([0.86, 0.14], gap=None, vertical_alignment="center")
    icon = ":material/chat_bubble:"
    name.page_link(page, label=look.label(one.title), icon=icon, width="stretch", query_params={"chat": one.id})
    if not entrance.is_owner():
        return
    called = look.label(f"More about {one.title}")  # heard, not seen
    menu = more.popover(
        called, icon=":material/more_horiz:", type="tertiary", help="Rename or put away", key=f"more-{one.id}"
    )
    with menu:
        title = st.text_input("Name", value=one.title, key=f"name-{one.id}", max_chars=LONGEST_TITLE)
        try:
            if st.button("Rename", key=f"rename-{one.id}", width="stretch") and title.strip():
                service.change(one.id, title=title.strip())
                st.rerun()
            word = "Bring back" if one.archived else "Put away"
            if st.button(word, key=f"away-{one.id}", width="stretch"):
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
        there = {"task": one.name}
        line = st.container(key="here" if one.name == current else f"task-{one.name}")
        name, more = line.columns([0.86, 0.14], gap=None, vertical_alignment="center")
        icon = ":material/monitoring:"
        name.page_link(views["results"], label=look.label(one.name), icon=icon, width="stretch", query_params=there)
        desk, called = ":material/edit_note:", look.label(f"Label texts of {one.name}")  # heard, not seen
        more.page_link(views["label"], label=called, icon=desk, help="Label its texts", query_params=there)


def _who(service: Service, me: wire.User) -> None:
    health = service.health()
    answers = "The built-in interpreter answers" if health.chat == "interpreter" else f"{health.chat} answers"
    st.divider()
    if me.name != LOCAL:
        look.put(look.html("<p class='small'>{}, {}</p>", me.name, me.role))
        entrance.leave()
    look.put(look.html("<p class='dim small'>{}. Version {}.</p>", answers, health.version))
