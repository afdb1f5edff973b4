"""The conversation: what was said and done, what waits for the person, and a line to write in.

It is drawn from what the service says, again and again; to reload the page or to open it twice changes nothing.
"""

from collections.abc import Sequence

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import asking, composer, entrance, opening, timeline, transcript

BUSY = 0.6
REST = 3.0
"""Seconds between two looks at a conversation, while something goes on and while nothing does."""
LOOK_BACK = 3_000
"""Events before the newest one in which the beginning of the turn at work is looked for."""


def show() -> None:
    """The conversation that the address names, or the first screen."""
    service = entrance.service()
    conversation = st.query_params.get("chat")
    if conversation is None:
        opening.show(service)
    else:
        view = service.view(conversation)
        every = BUSY if _goes_on(view) else REST
        st.fragment(run_every=every)(_follow)(conversation, every)
        composer.show(service, conversation)


def _follow(conversation: str, every: float) -> None:
    """Show the conversation as it stands; runs by itself every few moments."""
    with entrance.guarded():
        service = entrance.service()
        view = service.view(conversation)
        if (every == BUSY) != _goes_on(view):
            st.rerun()
        news = timeline.news_of(_events(service, view), view)
        transcript.show(service, view, news)
        asking.show(service, view)


def _events(service: Service, view: wire.View) -> Sequence[wire.Event]:
    """What happened in the latest turns; nothing is needed of a conversation at rest."""
    if not _goes_on(view) and not view.last:
        return ()
    return service.events(max(0, view.last - LOOK_BACK), view.conversation.id).events


def _goes_on(view: wire.View) -> bool:
    return view.busy or bool(view.jobs)
