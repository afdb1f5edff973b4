"""Rounds: the loop of a task."""

from fastapi import APIRouter, status

from agent.arguments import RunRounds
from agent.service import wire
from agent.service.acting import Approve, Key, named, queued
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import TaskName
from agent.service.running import ServiceDep

router = APIRouter(prefix="/tasks/{task}/rounds", tags=["rounds"], responses=responses(401, 404, 422))


@router.get("", summary="The rounds of a task")
def rounds(service: ServiceDep, _: Viewer, task: TaskName) -> list[wire.Round]:
    """All rounds with their scores, in order; the last one's status says how far it is."""
    known = service.bench.tasks.get(task)
    return [wire.Round.model_validate(one) for one in service.bench.rounds.rounds(known.name)]


@router.post("", summary="Run rounds", status_code=status.HTTP_202_ACCEPTED, responses=responses(403, 409, 503))
def run(
    service: ServiceDep, _: Owner, task: TaskName, body: RunRounds, approve: Approve = False, key: Key = None
) -> wire.Job:
    """Carry the loop on from where it stands, until a rule holds or texts wait for a person; a job."""
    service.bench.tasks.get(task)
    return queued(service, "run_rounds", named(body, task=task), key=key, approve=approve)
