"""The first screen: what this is, what can be said, who answers, and where the data stays."""

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import composer, entrance, look, talking

EXAMPLES = (
    ("Find a rare thing", "find the baby care products in the sample", ":material/search:"),
    ("Sort by what there is", "load the sample, then sort the lines by theme", ":material/category:"),
    ("Only look first", "what is in the sample?", ":material/visibility:"),
)
SETTINGS = """export LAUD_LLM_BASE_URL=https://api.openai.com/v1
export LAUD_LLM_API_KEY=your-key
export LAUD_LLM_MODEL=gpt-4o-mini
laud up"""


def show(service: Service) -> None:
    """What a person sees before anything was said."""
    look.put(
        look.html(
            "<div class='laud-hero'><h1>{}</h1><p class='lead'>{}</p></div>",
            "From a pile of text to a classifier of your own",
            "Say what you are looking for. LAUD asks about the few texts that matter, learns from your answers, and "
            "says honestly how good it is.",
        )
    )
    with st.container(key="first-words"):
        composer.show(service, None)
    if entrance.is_owner() and composer.FILE not in st.query_params:
        _examples(service)
    _where(service.health())


def _examples(service: Service) -> None:
    """Requests that work, each at a click."""
    for column, (title, request, icon) in zip(st.columns(len(EXAMPLES)), EXAMPLES, strict=True):
        with column.container(border=True, height="stretch"):
            look.put(look.html("<p><strong>{}</strong></p><p class='dim'>“{}”</p>", title, request))
            if st.button("Try it", key=f"try-{title}", icon=icon, width="stretch"):
                talking.say(service, request)


def _where(health: wire.Health) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if health.llm:
            look.put(
                look.html(
                    "<p class='dim'>{} answers here. Texts are sent to its endpoint only after you have approved the "
                    "price. All else stays on this machine.</p>",
                    health.chat,
                )
            )
            return
        look.put(
            look.html(
                "<p class='dim'>No language model is set: the built-in interpreter answers, and labels come from you "
                "or from a local guess. Nothing leaves this machine.</p>"
            )
        )
        with st.popover("How to set one", type="tertiary"):
            st.write("Stop LAUD, set these in its shell, and start it again. Any endpoint of OpenAI's kind will do.")
            st.code(SETTINGS, language=None)
