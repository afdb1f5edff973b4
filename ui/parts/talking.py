"""To say something: in the conversation that is shown, or in a new one."""

import streamlit as st

from ui.client import Away, Refused, Service
from ui.parts import entrance, unsent
from ui.parts.unsent import Unsent

LONGEST_TITLE = 60


def say(service: Service, said: str | Unsent, conversation: str | None = None) -> None:
    """Send a message and show its conversation; one is begun where there is none.

    Where no answer comes, the message is kept. Sent again it has the same key, and counts once.
    """
    message = said if isinstance(said, Unsent) else unsent.new(said.strip())
    where = conversation
    try:
        where = where or service.begin(_title(message.text)).id
        service.say(where, message.text, key=message.key)
    except Refused as error:
        entrance.told(error)
        return
    except Away:
        unsent.keep(message)
        if where is not None:
            st.query_params.from_dict({"chat": where})
        raise
    unsent.drop()
    st.query_params.from_dict({"chat": where})
    st.rerun()


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"
