"""Jobs and events."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, JsonValue

from agent.service.wire.forms import Receipt, example
from tools.engine.records import JobStatus


class Stage(BaseModel):
    """How far a running job is; `total` is null where the end is not known."""

    model_config = example(stage="labeling (train)", done=12, total=25)

    stage: str
    done: int
    total: int | None


class Job(BaseModel):
    """Heavy work in the queue; `error` is for the person, `place` counts from 1 among those that wait."""

    model_config = example(
        id="b1946ac9",
        kind="run_rounds",
        conversation=None,
        status="running",
        args={"task": "baby-care", "oracle": "replay:category", "labels": 91},
        receipt=None,
        error=None,
        at="2026-03-04T05:06:07Z",
        started_at="2026-03-04T05:06:08Z",
        finished_at=None,
        stage={"stage": "labeling (train)", "done": 12, "total": 25},
        place=None,
    )

    id: str
    kind: str
    conversation: str | None
    status: JobStatus
    args: dict[str, JsonValue]
    receipt: Receipt | None
    error: str | None
    at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stage: Stage | None = None
    place: int | None = None


_EVENT: dict[str, Any] = {
    "offset": 41,
    "at": "2026-03-04T05:06:07Z",
    "kind": "job.progress",
    "conversation": None,
    "job": "b1946ac9",
    "data": {"kind": "run_rounds", "stage": "labeling (train)", "done": 12, "total": 25},
}


class Event(BaseModel):
    """Something that happened; `offset` is what a client reads on from."""

    model_config = example(**_EVENT)

    offset: int
    at: datetime
    kind: str
    conversation: str | None
    job: str | None
    data: dict[str, JsonValue]


class Events(BaseModel):
    """A page of events, oldest first; `last` is the offset to ask on from."""

    model_config = example(events=[_EVENT], last=41)

    events: list[Event]
    last: int
