"""A language model as oracle: offline batches, texts a request, and what was spent."""

from typing import Any

from fastapi import APIRouter

from agent.service import wire
from agent.service.acting import Approve, NeedsApproval
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import TaskName
from agent.service.running import ServiceDep
from tools.engine.errors import AskAgain
from tools.engine.paid import OfflineBatch

router = APIRouter(prefix="/tasks/{task}/llm", tags=["language models"], responses=responses(401, 404, 422))
FAILS = responses(403, 409, 503)


@router.get("/costs", summary="What a task has cost")
def costs(service: ServiceDep, _: Viewer, task: TaskName) -> wire.Costs:
    """Dollars by source, what batches under way may still cost, and what is left of budget and cap."""
    from tools.costs import costs as account  # noqa: PLC0415 - brings the learning libraries

    return wire.Costs.model_validate(account(service.bench, service.bench.tasks.get(task)))


@router.get("/batches", summary="The offline batches of a task")
def batches(service: ServiceDep, _: Viewer, task: TaskName) -> list[wire.OfflineBatch]:
    """Batch files that were written, submitted, or collected, oldest first."""
    service.bench.tasks.get(task)
    return [_shown(one) for one in service.bench.language_models.batches.of(task)]


@router.post("/batches", summary="Submit an offline batch", responses=FAILS)
def submit(service: ServiceDep, _: Owner, task: TaskName, approve: Approve = False) -> wire.BatchSent:
    """Hand what waits for a label to the endpoint as a file; it answers within hours, for less."""
    from tools.labeling import waiting  # noqa: PLC0415 - as above
    from tools.offline import submit as hand_over  # noqa: PLC0415 - as above

    known = service.bench.tasks.get(task)
    texts = waiting(service.bench, known)
    if not approve:
        price = service.bench.language_models.offline(known).price(texts)
        raise _needs_approval("Submit a batch", f"{len(texts):,} texts go to the endpoint.", len(texts), price)
    sent = hand_over(service.bench, known)
    return wire.BatchSent(batch=None if sent.batch is None else _shown(sent.batch), known=sent.known)


@router.post("/batches/collect", summary="Collect offline batches", responses=FAILS)
def collect(service: ServiceDep, _: Owner, task: TaskName) -> wire.BatchesCollected:
    """Look after the batches under way and label what has come back; doing it again changes nothing."""
    from tools.offline import collect as bring_back  # noqa: PLC0415 - as above

    found = bring_back(service.bench, service.bench.tasks.get(task))
    service.conversations.labeled(task)
    return wire.BatchesCollected(
        batches=[_shown(one) for one in found.batches],
        labels=found.labels,
        unsure=found.unsure,
        failed=found.failed,
        cost=found.cost,
    )


@router.post("/request-size", summary="Measure how many texts a request can be about", responses=FAILS)
def request_size(
    service: ServiceDep, _: Owner, task: TaskName, body: wire.RequestSize, approve: Approve = False
) -> wire.RequestSizes:
    """Ask about the same texts alone and in requests of each size, and compare. It costs what the answers cost."""
    from tools.request_size import measure_request_size  # noqa: PLC0415 - as above

    known = service.bench.tasks.get(task)
    if min(body.sizes) < 2 or max(body.sizes) > 50:
        raise AskAgain("Sizes are 2 to 50 texts a request.")
    if not approve:
        texts = body.sample * (len(body.sizes) + 1)
        raise _needs_approval("Measure requests", f"The model is asked {texts:,} times about texts.", texts, None)
    found = measure_request_size(
        service.bench, known, model=body.model, sizes=body.sizes, sample=body.sample, seed=body.seed
    )
    return wire.RequestSizes.model_validate(found)


def _shown(batch: OfflineBatch) -> wire.OfflineBatch:
    fields: dict[str, Any] = {name: getattr(batch, name) for name in wire.OfflineBatch.model_fields}
    return wire.OfflineBatch(**fields | {"texts": len(batch.texts)})


def _needs_approval(title: str, what: str, texts: int, price: float | None) -> NeedsApproval:
    dollars = None if price is None else [0.0, price]
    return NeedsApproval({"title": title, "what": what, "texts": texts, "dollars": dollars})
