"""The conversation: what was said and done, what waits for the person, and a line to write in.

It is drawn from what the service says, again and again; to reload the page or to open it twice changes nothing.
"""

import streamlit as st

from agent.service import wire
from ui.client import Away, Service
from ui.parts import asking, composer, earlier, entrance, opening, timeline, transcript
from ui.parts.timeline import Feed

BUSY = 0.6
REST = 3.0
"""Seconds between two looks at a conversation, while something goes on and while nothing does."""
LOOK_BACK = 3_000
"""Events before the newest one in which a new tab looks for the beginning of what is at work."""
PAGE = 1_000


def show() -> None:
    """The conversation that the address names, or the first screen."""
    service = entrance.service()
    conversation = st.query_params.get("chat")
    if conversation is None:
        opening.show(service)
        return
    view = service.view(conversation)
    every = BUSY if _goes_on(view) else REST
    st.fragment(run_every=every)(follow)(conversation, every)
    composer.show(service, conversation)


def follow(conversation: str, every: float) -> None:
    """Show the conversation as it stands; runs by itself every few moments."""
    with entrance.guarded():
        service = entrance.service()
        try:
            view = earlier.with_earlier(service.view(conversation))
        except Away:
            if transcript.show_again(conversation):
                return
            raise
        if (every == BUSY) != _goes_on(view):
            st.rerun()
        feed = _feed(service, view)
        rounds = {task: service.results(task, "rounds")["rounds"] for task in timeline.runs_of(view)}
        earlier.offer(service, view)
        transcript.show(service, view, feed, rounds)
        asking.show(service, view)


def _feed(service: Service, view: wire.View) -> Feed:
    """This tab's copy of what the events tell, brought up to date."""
    feeds: dict[str, Feed] = st.session_state.setdefault("feeds", {})
    feed = feeds.setdefault(view.conversation.id, Feed(after=max(0, view.last - LOOK_BACK)))
    while True:
        page = service.events(feed.after, view.conversation.id, PAGE)
        feed.take(page)
        if len(page.events) < PAGE:
            return feed


def _goes_on(view: wire.View) -> bool:
    return view.busy or bool(view.jobs)
