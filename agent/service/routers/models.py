"""Models: what was learnt, and its answers."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from agent.arguments import Export, Predict
from agent.service import wire
from agent.service.acting import Approve, Key, done, named, queued
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import ModelId, TaskName
from agent.service.running import ServiceDep
from agent.service.wire import NO_CONTROLS

router = APIRouter(tags=["models"], responses=responses(401, 404, 422))
FAILS = responses(403, 409, 503)


@router.get("/models", summary="All models")
def models(
    service: ServiceDep,
    _: Viewer,
    task: Annotated[
        str | None,
        Query(max_length=200, pattern=NO_CONTROLS, description="Only those of this task", examples=["baby-care"]),
    ] = None,
) -> list[wire.Model]:
    """The models of all tasks or of one, oldest first."""
    names = service.bench.tasks.names() if task is None else [service.bench.tasks.get(task).name]
    return [
        wire.Model.model_validate(one, from_attributes=True) for n in names for one in service.bench.rounds.models(n)
    ]


@router.post("/models/{model}/predictions", summary="Classify some texts", responses=FAILS)
def predict_texts(service: ServiceDep, _: Viewer, model: ModelId, body: wire.Texts) -> list[wire.Prediction]:
    """The class and probabilities of each text, in order, by that model; a task's name stands for its latest one."""
    from tools.export import predict_texts as predict  # noqa: PLC0415 - brings the learning libraries

    return [
        wire.Prediction.model_validate(one, from_attributes=True) for one in predict(service.bench, model, body.texts)
    ]


@router.post(
    "/tasks/{task}/predictions", summary="Classify a file", status_code=status.HTTP_202_ACCEPTED, responses=FAILS
)
def predict_file(
    service: ServiceDep, _: Owner, task: TaskName, body: Predict, approve: Approve = False, key: Key = None
) -> wire.Job:
    """Give every text of a file its class with the task's latest model, into a file among the exports; a job."""
    service.bench.tasks.get(task)
    return queued(service, "predict", named(body, task=task), key=key, approve=approve)


@router.post("/tasks/{task}/exports", summary="Export the result", responses=FAILS)
def export(service: ServiceDep, _: Owner, task: TaskName, body: Export, approve: Approve = False) -> wire.ExportMade:
    """Write the model, its card, the labels and the predictions into a folder among the exports."""
    return wire.ExportMade.model_validate(done(service, "export", named(body, task=task), approve=approve))
