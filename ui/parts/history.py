"""Where labels came from: why texts were picked, and who said what of them."""

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import look, origin, words

PAGE = 50
ROLES = {"All": None, "To judge by": "gold", "The seed": "seed", "Of the rounds": "train"}


def picked(service: Service, task: wire.Task) -> None:
    """The texts of the latest round, why each was picked, and what became of it."""
    found = service.results(task.name, "why", limit=50)["texts"]
    if not found:
        st.info("Nothing was picked yet.")
        return
    look.put(look.html("<h3>Why the texts of round {} were picked</h3>", found[0]["round"]))
    rows = [(one["text"], one["why"], one["label"] or "waits") for one in found]
    look.put(look.table(["Text", "Why it was picked", "Label"], rows))


def labels(service: Service, task: wire.Task) -> None:
    """A page of the labels, or of all answers ever given."""
    which, every = st.columns([0.6, 0.4], vertical_alignment="bottom")
    role = ROLES[str(which.selectbox("Labels", list(ROLES), key="role"))]
    history = every.toggle("Also what was changed or taken back", key="history")
    at = f"labels-at-{role}-{history}"
    start = PAGE * (int(st.session_state.get(at, 1)) - 1)
    found = service.labels(task.name, role=role, history=history, start=start, limit=PAGE)
    if not found.labels:
        st.info("There are no such labels.")
        return
    texts = {one.text_id: one.text for one in found.labels}
    chosen = st.selectbox(
        "Where does a label come from?",
        list(texts),
        index=None,
        placeholder="Choose a text of this page",
        format_func=texts.__getitem__,
        key=f"origin-{at}-{start}",
    )
    if chosen is not None:
        origin.show(service.origin(task.name, chosen))
    head = ["Text", "Label", "By", "When", "Round", "Guideline"]
    look.put(look.table(head, map(_row, found.labels), numbers=[4, 5]))
    pages = -(-found.total // PAGE)
    if pages > 1:
        st.number_input(f"Page, of {pages}", 1, pages, key=at)


def _row(one: wire.Label) -> tuple[object, ...]:
    by = one.source.removeprefix("human:") + (
        "" if one.confidence is None else f" ({words.percent(one.confidence)} sure)"
    )
    said = one.label or one.outcome
    noted = look.html("{}<div class='dim'>{}</div>", said, one.note) if one.note else said
    return one.text, noted, by, f"{one.at:%Y-%m-%d %H:%M}", one.round, f"v{one.guideline_version}"
