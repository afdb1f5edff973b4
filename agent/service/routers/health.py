"""Whether the service lives, whether it can work, and its metrics."""

from importlib.metadata import version

from fastapi import APIRouter, Response

from agent.service import metrics, wire
from agent.service.auth import Viewer
from agent.service.problems import responses
from agent.service.running import ServiceDep
from tools.engine.errors import StorageFailed

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Whether it answers")
def live(service: ServiceDep) -> wire.Health:
    """It answers, so it lives; needs no token."""
    return _health(service)


@router.get("/health/ready", summary="Whether it can work", responses=responses(503))
def ready(service: ServiceDep) -> wire.Health:
    """The database answers and the queue of jobs is worked through; needs no token."""
    trouble = service.trouble
    if trouble is not None:
        raise StorageFailed(trouble)
    return _health(service)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses(401, 422)},
)
def prometheus(service: ServiceDep, _: Viewer) -> Response:
    """Requests, events, jobs and spending in Prometheus's text format."""
    return Response(service.metrics.text(), media_type=metrics.CONTENT_TYPE)


def _health(service: ServiceDep) -> wire.Health:
    settings = service.bench.settings
    llm = settings.llm_base_url is not None and settings.llm_model is not None
    chat = str(settings.llm_model) if llm else "interpreter"
    return wire.Health(version=version("laud"), chat=chat, llm=llm, max_upload=settings.max_upload)
