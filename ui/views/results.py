"""Results of a task: how good its model is, what it gets wrong, what a threshold means, and the model to take home."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import (
    confidence,
    entrance,
    history,
    look,
    mistakes,
    oracles,
    pool_map,
    rounds,
    scores,
    takeaway,
    words,
    working,
)

EVERY = 1.0
"""Seconds between two looks at a job."""
Section = Callable[[Service, wire.Task], None]
SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "Map": pool_map.show,
        "Mistakes": mistakes.show,
        "Confidence": confidence.show,
        "Predictions": takeaway.returned,
        "Rounds": rounds.show,
        "Labels": history.labels,
        "Oracle": oracles.show,
        "Take it home": takeaway.show,
    }
)
"""What can be looked at beside the overview."""


def show() -> None:
    """The results of the task that the address names."""
    service = entrance.service()
    name = st.query_params.get("task")
    task = next((one for one in service.tasks() if one.name == name), None)
    if task is None:
        st.info("Choose a task at the left. There is none yet? Say in a conversation what you are looking for.")
        return
    look.put(look.html("<h2>{}</h2><p class='dim'>{}</p>", task.name, task.description))
    if _work(service, task.name):
        st.fragment(run_every=EVERY)(_follow)(task.name)
    standing = service.results(task.name, "status")
    _what_waits(standing, task)
    if not standing["rounds"] or standing["scores"] is None:
        _nothing_yet(task)
        return
    sections: dict[str, Section] = {"Overview": lambda service, task: scores.show(service, task, standing), **SECTIONS}
    see = st.segmented_control(
        "View",
        list(sections),
        default="Overview",
        required=True,
        label_visibility="collapsed",
        key="see",
        bind="query-params",
    )
    try:
        sections[str(see)](service, task)
    except Refused as error:
        entrance.told(error)


def _what_waits(standing: Mapping[str, Any], task: wire.Task) -> None:
    waiting = standing.get("waiting")
    if waiting:
        line, act = st.columns([0.7, 0.3], vertical_alignment="center")
        with line:
            look.put(look.html("<p>{} texts wait for a label.</p>", f"{waiting:,}"))
        if act.button("Label them", icon=":material/edit_note:", type="primary", width="stretch", key="to-desk"):
            st.switch_page(st.session_state["views"]["label"], query_params={"task": task.name})


def _nothing_yet(task: wire.Task) -> None:
    st.info(
        "No model yet. Say in a conversation “label 30 myself”, or with a language model “run until 95 % precision”; "
        "the first model comes after the seed and the texts to judge by."
    )
    look.put(
        look.table(["Class", "What belongs to it"], [(one.name, one.definition or words.NONE) for one in task.classes]),
    )


def _work(service: Service, task: str) -> list[wire.Job]:
    """The jobs about a task, the one that runs first."""
    found = [job for status in ("running", "queued") for job in service.jobs(status)]
    return [job for job in found if job.args.get("task") == task]


def _follow(task: str) -> None:
    """What is at work for the task; the results are shown anew when it has ended."""
    with entrance.guarded():
        service = entrance.service()
        jobs = _work(service, task)
        if not jobs:
            st.rerun()
        for job in jobs:
            working.show(service, job)
