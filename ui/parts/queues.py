"""Queues of their own at the desk: texts on which people disagree, and labels that look wrong."""

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, words

SHOWN = 10
SURE = 0.9
"""From which probability on a conflict can be settled together with others."""


def conflicts(service: Service, task: wire.Task) -> None:
    """Each text with what people said of it, and the classes to decide for."""
    found = service.conflicts(task.name)
    if not found:
        st.info("Nobody disagrees. Texts come here when two people give different answers.")
        return
    clear = [one for one in found if max(one.probabilities.values(), default=0.0) >= SURE]
    if clear:
        _together(service, task, clear)
    for one in found[:SHOWN]:
        with st.container(border=True, key=f"conflict-{one.id}"):
            look.put(look.html("<p class='laud-quote'>{}</p>", one.text), _votes(one))
            _classes(service, task, one.id)
    _rest(len(found))


def doubts(service: Service, task: wire.Task) -> None:
    """Labels that a model which had not seen them thinks wrong, likeliest mistakes first."""
    try:
        found = service.results(task.name, "suspicious", limit=50)["labels"]
    except Refused as error:
        st.info(look.label(error.detail))
        return
    if not found:
        st.info("No label looks wrong.")
        return
    for one in found[:SHOWN]:
        with st.container(border=True, key=f"doubt-{one['id']}"):
            look.put(
                look.html(
                    "<p class='laud-quote'>{}</p><p class='dim'>Labeled {} by {}; a model that had not seen it gives "
                    "that {}.</p>",
                    one["text"],
                    one["label"],
                    one["source"],
                    words.percent(one["probability_of_label"]),
                )
            )
            change = f"It is {look.label(one['suggested'])}"
            if st.button(change, key=f"change-{one['id']}", icon=":material/check:"):
                _label(service, task, {one["id"]: one["suggested"]})
    _rest(len(found))


def _together(service: Service, task: wire.Task, clear: list[wire.Conflict]) -> None:
    """Those whose answer is clear by all votes, to be accepted at once after a look."""
    with st.expander(f"{len(clear)} of them are clear: accept them together"):
        likeliest = {one.id: max(one.probabilities, key=lambda name: one.probabilities[name]) for one in clear}
        look.put(
            look.table(
                ["Text", "Class", "Probability"],
                [(one.text, likeliest[one.id], words.percent(one.probabilities[likeliest[one.id]])) for one in clear],
                numbers=[2],
            )
        )
        if st.button(f"Accept these {len(clear)}", key="accept-clear", type="primary"):
            _decide(service, task, likeliest)


def _votes(one: wire.Conflict) -> Markup:
    said = look.joined(
        look.html(
            "<li>{}: <strong>{}</strong>{}</li>",
            vote.source.removeprefix("human:"),
            vote.label or vote.outcome,
            f": “{vote.note}”" if vote.note else "",
        )
        for vote in one.votes
    )
    return look.html("<ul class='dim' style='list-style:none'>{}</ul>", said)


def _classes(service: Service, task: wire.Task, text: str) -> None:
    with st.container(horizontal=True):
        for at, one in enumerate(task.classes):
            if st.button(look.label(one.name), key=f"decide-{text}-{at}"):
                _decide(service, task, {text: one.name})
        if st.button("Leave it out", key=f"decide-{text}-skip", type="tertiary"):
            _decide(service, task, {text: "skip"})


def _decide(service: Service, task: wire.Task, labels: dict[str, str]) -> None:
    try:
        service.decide(task.name, labels)
    except Refused as error:
        entrance.told(error)
    else:
        st.rerun()


def _label(service: Service, task: wire.Task, labels: dict[str, str]) -> None:
    try:
        service.label(task.name, labels)
    except Refused as error:
        entrance.told(error)
    else:
        st.rerun()


def _rest(count: int) -> None:
    if count > SHOWN:
        st.caption(f"{count - SHOWN:,} more come when these are done.")
