"""To say something: in the conversation that is shown, or in a new one."""

import streamlit as st

from ui.client import Away, Refused, Service
from ui.parts import entrance, unsent

LONGEST_TITLE = 60


def say(service: Service, text: str, conversation: str | None = None) -> None:
    """Send a message and show its conversation; one is begun where there is none."""
    try:
        where = conversation or service.begin(_title(text)).id
        service.say(where, text)
    except Refused as error:
        entrance.told(error)
        return
    except Away:
        unsent.keep(text)
        raise
    unsent.drop()
    st.query_params.from_dict({"chat": where})
    st.rerun()


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"
