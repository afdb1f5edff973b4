"""Jobs: heavy work in the queue."""

from typing import Annotated

from fastapi import APIRouter, Query

from agent.service import wire
from agent.service.acting import shown_job
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import JobId
from agent.service.running import ServiceDep
from tools.engine.records import JobStatus

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=responses(401, 422))


@router.get("", summary="All jobs", responses=responses(422))
def jobs(
    service: ServiceDep,
    _: Viewer,
    status: Annotated[JobStatus | None, Query(description="Only those that stand so")] = None,
) -> list[wire.Job]:
    """Jobs in the order in which they were queued, of one status or all."""
    return [shown_job(service, job) for job in service.bench.jobs.list(*([status] if status else []))]


@router.get("/{job}", summary="A job", responses=responses(404, 422))
def one(service: ServiceDep, _: Viewer, job: JobId) -> wire.Job:
    """How far it is, or what became of it."""
    return shown_job(service, service.bench.jobs.get(job))


@router.delete("/{job}", summary="Stop a job", responses=responses(403, 404, 422))
def cancel(service: ServiceDep, _: Owner, job: JobId) -> wire.Job:
    """Take it out of the queue, or stop it at its next step; what it did is kept."""
    return shown_job(service, service.jobs.cancel(job))
