"""The labeling desk of a task: texts that wait, groups, conflicts, and labels in doubt, all on the same board."""

from collections.abc import Mapping, Sequence

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Away, Refused, Service
from ui.parts import board, desk_settings, entrance, look, queues, words
from ui.parts.seat import Item, Seat, carry_out, sit

EVERY = 2.0
"""Seconds between two looks at what the service holds for this person."""
LOOKS = 2
"""How often in a row there must be nothing before that is said: a run goes on a moment after the last answer."""
AWAY = "The service does not answer. Go on: your answers are kept here, and sent when it is back."
SURE = 0.9
"""From which probability on a conflict can be settled together with others."""
SEAT, CONFLICTS = "seat", "conflicts"
NOTHING: Mapping[str, Mapping[str, str]] = {
    "groups": {
        "title": "No groups",
        "what": "Texts come here when three or more without a label mean about the same.",
    },
    CONFLICTS: {
        "title": "Nobody disagrees",
        "what": "Texts come here when two people give different answers.",
    },
    "doubts": {
        "title": "No label is in doubt",
        "what": "Labels come here when a model that had not seen them thinks otherwise.",
    },
}
"""What is said when a queue is empty, but for that of the texts that wait."""


def show() -> None:
    """The desk of the task that the address names, or the tasks to choose from."""
    service = entrance.service()
    task = _task(service)
    if task is None:
        return
    with st.container(horizontal=True, vertical_alignment="top", key="desk-head"):
        look.put(look.html("<h2>{}</h2><p class='dim'>{}</p>", task.name, task.description))
        if entrance.is_owner():
            with st.popover(
                "How people label", icon=":material/tune:", help="How people label", key="desk-settings-open"
            ):
                desk_settings.show(service, task)
    if not entrance.may_label():
        st.info("You may read along. To label takes the role annotator.")
        return
    offered = [one.name.capitalize() for one in queues.ALL if one.name != CONFLICTS or entrance.is_owner()]
    chosen = st.segmented_control(
        "Queue",
        offered,
        default=offered[0],
        required=True,
        label_visibility="collapsed",
        key="queue",
        bind="query-params",
    )
    st.fragment(run_every=EVERY)(_work)(task, str(chosen).lower())


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


def _work(task: wire.Task, queue: str) -> None:
    """The board of a queue; runs again at each answer, and by itself every few moments."""
    with entrance.guarded():
        service = entrance.service()
        seat = _seat(task.name, queue)
        empty: Mapping[str, str] = {"title": "", "what": ""}
        try:
            carry_out(service, seat, board.said(task.name, queue))
            if not seat.items:
                empty = _look(service, seat)
            seat.trouble = seat.trouble if seat.trouble != AWAY else ""
        except Away:
            seat.trouble = AWAY
        if queue == CONFLICTS:
            _together(service, seat)
        board.show(seat, task.classes, empty=empty)


def _seat(task: str, queue: str) -> Seat:
    """This tab's seat; another queue of the desk is fetched anew."""
    seat: Seat | None = st.session_state.get(SEAT)
    if seat is None or (seat.task, seat.queue.name) != (task, queue):
        seat = sit(entrance.service(), queues.BY_NAME[queue], task)
        st.session_state[SEAT] = seat
    return seat


def _look(service: Service, seat: Seat) -> Mapping[str, str]:
    """Look for more to do; what is said when there is nothing."""
    label = seat.queue is queues.LABEL
    if label or seat.looks < LOOKS:
        seat.queue.load(service, seat)
    working = [job for status in ("running", "queued") for job in service.jobs(status)] if label else []
    at_work = any(job.args.get("task") == seat.task for job in working)
    seat.looks = 0 if seat.items or at_work else seat.looks + 1
    if label:
        return _no_text(seat, at_work=at_work)
    return NOTHING[seat.queue.name]


def _no_text(seat: Seat, *, at_work: bool) -> Mapping[str, str]:
    """What is said when no text waits for the person."""
    waiting, conflicts = seat.progress.waiting, seat.progress.conflicts
    if at_work:
        return {"title": "The next model is being made", "what": "The next texts come by themselves, in a moment."}
    if conflicts:
        one = conflicts == 1
        return {
            "title": f"{conflicts:,} {'text waits' if one else 'texts wait'} for a decision",
            "what": f"People disagree about {'it' if one else 'them'}: see Conflicts above.",
        }
    if waiting:
        return {
            "title": "Your part is done",
            "what": f"{waiting:,} {'text waits' if waiting == 1 else 'texts wait'} for others, who may hold "
            "them for now.",
        }
    if seat.looks < LOOKS:
        return {"title": "Looking for more texts…", "what": ""}
    return {
        "title": "No text waits for a label",
        "what": "Say in a conversation, for example, “label 30 myself”, and the next ones come here. Groups above hold "
        "texts to label without being asked.",
    }


def _together(service: Service, seat: Seat) -> None:
    """Conflicts whose answer is clear by all votes, to be accepted at once after a look."""
    clear = [one for one in seat.items if one["sure"] >= SURE]
    if not clear:
        return
    with st.expander(f"{len(clear)} of them are clear by all votes: accept them together", key="clear"):
        look.put(_table(clear))
        if st.button(f"Accept these {len(clear)}", key="accept-clear", type="primary"):
            try:
                service.decide(seat.task, {"labels": {one["id"]: one["likeliest"] for one in clear}})
            except Refused as error:
                entrance.told(error)
                return
            seat.queue.load(service, seat)
            st.rerun(scope="fragment")


def _table(clear: Sequence[Item]) -> Markup:
    rows = [(one["text"], one["likeliest"], words.percent(one["sure"])) for one in clear]
    return look.table(["Text", "Class", "Probability"], rows, numbers=[2])
