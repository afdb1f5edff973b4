"""How people label the texts of a task: how many a text, and whether they see what the model thinks."""

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance

MOST = 20


def show(service: Service, task: wire.Task) -> None:
    """The settings, to be changed by an owner."""
    now = service.desk_settings(task.name)
    with st.form("desk-settings", border=False):
        overlap = st.number_input("People who answer each text", 1, MOST, now.overlap, key="overlap")
        suggestions = st.toggle("Show what the model thinks", now.suggestions, key="suggestions")
        blind = st.slider(
            "Of these texts, shown without it",
            0,
            100,
            round(100 * now.blind_share),
            format="%d %%",
            key="blind",
            help="Suggestions bias people. The difference between the two parts measures by how much.",
        )
        if not st.form_submit_button("Set", type="primary", width="stretch"):
            return
    wanted = now.model_copy(update={"overlap": int(overlap), "suggestions": suggestions, "blind_share": blind / 100})
    try:
        service.set_desk(task.name, wanted)
    except Refused as error:
        entrance.told(error)
    else:
        st.session_state.pop("seat", None)  # texts are handed out anew
        st.rerun()
