"""Tasks: what to learn from a pool."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from agent.arguments import AnswerQuestions, Estimate, SetTask, Show
from agent.service import wire
from agent.service.acting import Approve, done, named
from agent.service.auth import Annotator, Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import TaskName
from agent.service.running import ServiceDep
from agent.service.wire.forms import shown
from agent.service.wire.looks import RESULTS_SHOWN

router = APIRouter(prefix="/tasks", tags=["tasks"], responses=responses(401, 422))
FAILS = responses(403, 404, 409, 422, 503)


@router.get("", summary="All tasks")
def tasks(service: ServiceDep, _: Viewer) -> list[wire.Task]:
    """Every task in its newest version, by name."""
    return [_task(service, name) for name in service.bench.tasks.names()]


@router.get("/{task}", summary="A task", responses=responses(404, 422))
def one(service: ServiceDep, _: Viewer, task: TaskName) -> wire.Task:
    """Its classes and definitions in the newest version."""
    return _task(service, task)


@router.put("/{task}", summary="Create or change a task", responses=FAILS)
def put(service: ServiceDep, _: Owner, task: TaskName, body: SetTask) -> wire.TaskSet:
    """What is left out stays as it is; another description, class or example makes a new version of the guideline."""
    return wire.TaskSet.model_validate(done(service, "set_task", named(body, name=task)))


@router.delete("/{task}", summary="Delete a task", responses=FAILS)
def delete(service: ServiceDep, _: Owner, task: TaskName, approve: Approve = False) -> wire.Deleted:
    """Delete it with its labels and models, for good."""
    return wire.Deleted.model_validate(done(service, "delete_task", {"task": task}, approve=approve))


@router.post("/{task}/answers", summary="Answer questions about borderline texts", responses=FAILS)
def answer(service: ServiceDep, user: Annotator, task: TaskName, body: AnswerQuestions) -> wire.Answered:
    """The answers become examples of the guideline, and labels."""
    receipt = done(service, "answer_questions", named(body, task=task), user=user)
    service.conversations.labeled(task)
    return wire.Answered.model_validate(receipt)


@router.post("/{task}/estimate", summary="What a run would take", responses=FAILS)
def estimate(service: ServiceDep, _: Viewer, task: TaskName, body: Estimate) -> wire.RunEstimate:
    """Calls, dollars, time, and a person's minutes. Changes and spends nothing."""
    return wire.RunEstimate.model_validate(done(service, "estimate", named(body, task=task)))


@router.get("/{task}/results", summary="How good it is, and why", responses={**shown(RESULTS_SHOWN), **FAILS})
def results(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    show: Annotated[Show, Query(description="What to show")] = "status",
    cls: Annotated[str | None, Query(max_length=100, description="Only this class", examples=["baby care"])] = None,
    compare: Annotated[
        list[Annotated[int, Query(ge=0, le=1_000_000)]] | None,
        Query(min_length=2, max_length=2, description="Two round numbers to compare", examples=[[0, 3]]),
    ] = None,
    number: Annotated[
        int | None,
        Query(alias="round", ge=0, le=1_000_000, description="why: of this round; else of the latest", examples=[3]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Texts to show")] = 10,
) -> wire.Receipt:
    """Where it stands, its scores with intervals, the texts it is confused about, labels that look wrong, and more."""
    given = {"task": task, "show": show, "cls": cls, "compare": compare, "round": number, "limit": limit}
    asked = {name: value for name, value in given.items() if value is not None}
    return done(service, "show_results", asked)


@router.get("/{task}/thresholds", summary="What thresholds would mean", responses=FAILS)
def thresholds(service: ServiceDep, _: Viewer, task: TaskName) -> wire.Thresholds:
    """Precision, recall, and what each threshold for the class that is looked for would return of the pool."""
    from tools.evaluation import thresholds as found_for  # noqa: PLC0415 - brings the learning libraries

    return wire.Thresholds.model_validate(found_for(service.bench, service.bench.tasks.get(task)), from_attributes=True)


@router.get(
    "/{task}/report",
    summary="The report",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **responses(404, 409, 422, 503)},
)
def report(service: ServiceDep, _: Viewer, task: TaskName) -> HTMLResponse:
    """Curve, scores, hard texts and samples on one page that stands alone."""
    from tools.account import run_report  # noqa: PLC0415 - brings the learning libraries
    from tools.report import render_report  # noqa: PLC0415 - as above
    from tools.standing import status  # noqa: PLC0415 - as above

    made = run_report(service.bench, status(service.bench, task))
    # Texts of a pool stand in it, escaped; nothing of it may run all the same.
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}
    return HTMLResponse(render_report(made), headers=policy)


def _task(service: ServiceDep, name: str) -> wire.Task:
    return wire.Task.model_validate(service.bench.tasks.get(name), from_attributes=True)
