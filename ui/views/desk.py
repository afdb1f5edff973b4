"""The labeling desk of a task: one text after the other, conflicts, and labels that look wrong."""

from collections.abc import Mapping

import streamlit as st

from agent.service import wire
from ui.client import Away, Service
from ui.parts import board, desk_settings, entrance, look, queues

EVERY = 2.0
"""Seconds between two looks at what the service holds for this person."""
LOOKS = 2
"""How often in a row there must be nothing before that is said: a run goes on a moment after the last answer."""
AWAY = "The service does not answer. Go on: your answers are kept here, and sent when it is back."
LABEL, CONFLICTS, DOUBTS = "Label", "Conflicts", "Labels that look wrong"


def show() -> None:
    """The desk of the task that the address names, or the tasks to choose from."""
    service = entrance.service()
    task = _task(service)
    if task is None:
        return
    head, more = st.columns([0.86, 0.14], vertical_alignment="top")
    with head:
        look.put(look.html("<h2>{}</h2><p class='dim'>{}</p>", task.name, task.description))
    side = more.container(horizontal_alignment="right")
    with side.popover("How people label", icon=":material/tune:", help="How people label", key="desk-settings-open"):
        desk_settings.show(service, task)
    queue = st.segmented_control(
        "Queue",
        [LABEL, CONFLICTS, DOUBTS],
        default=LABEL,
        required=True,
        label_visibility="collapsed",
        key="queue",
        bind="query-params",
    )
    if queue == CONFLICTS:
        queues.conflicts(service, task)
    elif queue == DOUBTS:
        queues.doubts(service, task)
    else:
        st.fragment(run_every=EVERY)(_label)(task.name)


def _task(service: Service) -> wire.Task | None:
    tasks = {one.name: one for one in service.tasks()}
    name = st.query_params.get("task")
    if name in tasks:
        return tasks[name]
    if not tasks:
        st.info("There is no task yet. Begin a conversation: say what you are looking for, and in which file.")
        return None
    if name is not None:
        st.warning(f"There is no task {look.label(name)}. Take one from the list at the left.")
        return None
    chosen = st.selectbox("Task", list(tasks), index=None, placeholder="Choose a task", key="desk-task")
    if chosen is not None:
        st.query_params["task"] = chosen
        st.rerun()
    return None


def _label(task: str) -> None:
    """The board; runs again at each answer, and by itself every few moments."""
    with entrance.guarded():
        service = entrance.service()
        seat = _seat(service, task)
        empty: Mapping[str, str] = {"title": "", "what": ""}
        try:
            board.carry_out(service, seat, board.said(task))
            if not seat.queue:
                seat.hold(service.sit(task, ahead=board.AHEAD).hand)
                working = [job for status in ("running", "queued") for job in service.jobs(status)]
                at_work = any(job.args.get("task") == task for job in working)
                seat.looks = 0 if seat.queue or at_work else seat.looks + 1
                empty = _empty(seat, at_work=at_work)
            seat.trouble = seat.trouble if seat.trouble != AWAY else ""
        except Away:
            seat.trouble = AWAY
        board.show(seat, empty=empty)


def _seat(service: Service, task: str) -> board.Seat:
    """This tab's seat: a copy of what the service has handed out, fetched anew with a new tab."""
    seats: dict[str, board.Seat] = st.session_state.setdefault("seats", {})
    if task not in seats:
        seats[task] = board.sit(service, task)
    return seats[task]


def _empty(seat: board.Seat, *, at_work: bool) -> Mapping[str, str]:
    """What is said when the person has nothing to answer."""
    progress = seat.progress
    waiting, conflicts = (progress.waiting, progress.conflicts) if progress else (0, 0)
    if at_work:
        return {"title": "The next model is being made", "what": "The next texts come by themselves, in a moment."}
    if conflicts:
        return {
            "title": f"{conflicts:,} texts wait for a decision",
            "what": "People disagree about them: see Conflicts above.",
        }
    if waiting:
        return {
            "title": "Your part is done",
            "what": f"{waiting:,} texts wait for others, or are held by them for now.",
        }
    if seat.looks < LOOKS:
        return {"title": "Looking for more texts…", "what": ""}
    return {
        "title": "No text waits for a label",
        "what": "Say in a conversation, for example, “label 30 myself”, and the next ones come here.",
    }
