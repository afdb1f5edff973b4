"""A job at work: what it does, how far it is, how long it still takes, and a way to stop it."""

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, words


def show(service: Service, job: wire.Job, *, stage: wire.Stage | None = None, left: float | None = None) -> None:
    """The job; `stage` and `left` (seconds) are newer than what the job says itself, where they are known."""
    stage = job.stage or stage
    file = {"file": str(job.args["file"]).rpartition("/")[2]} if "file" in job.args else {}
    name = words.step(job.kind, {**job.args, **file}, {}, running=True)
    line, stop = st.columns([0.82, 0.18], vertical_alignment="center")
    with line:
        look.put(
            look.html(
                "<div class='laud-card' role='status'><h3>{}</h3><p class='dim num'>{}</p>{}</div>",
                name,
                _how_far(job, stage, left),
                look.bar(0, None) if stage is None else look.bar(stage.done, stage.total),
            )
        )
    if entrance.is_owner() and stop.button("Stop", key=f"stop-{job.id}", help="What was done is kept", width="stretch"):
        try:
            service.stop(job.id)
        except Refused as error:
            entrance.told(error)


def _how_far(job: wire.Job, stage: wire.Stage | None, left: float | None) -> str:
    if stage is None:
        return f"waits in the queue, place {job.place}" if job.place else "begins"
    of = f" of {stage.total:,}" if stage.total else " labels" if stage.stage.startswith("round ") else ""
    return f"{stage.stage}: {stage.done:,}{of}" + ("" if left is None else f", about {words.seconds(left)} left")
