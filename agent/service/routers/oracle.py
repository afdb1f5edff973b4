"""Oracles: how far they can be trusted."""

from fastapi import APIRouter

from agent.service import wire
from agent.service.auth import Viewer
from agent.service.problems import responses
from agent.service.routers.names import TaskName
from agent.service.running import ServiceDep

router = APIRouter(prefix="/tasks/{task}/oracles", tags=["oracles"], responses=responses(401, 404, 422))


@router.get("", summary="What is known of a task's oracles")
def reports(service: ServiceDep, _: Viewer, task: TaskName) -> list[wire.OracleReport]:
    """What a person's checks of their answers proved, by class and with intervals, and how steady they are.

    A run with a language model begins with such checks unless it is told to skip them.
    """
    from tools.oracle_report import oracle_reports  # noqa: PLC0415 - brings the learning libraries

    found = oracle_reports(service.bench, service.bench.tasks.get(task))
    return [wire.OracleReport.model_validate(one, from_attributes=True) for one in found]
