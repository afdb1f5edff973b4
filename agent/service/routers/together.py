"""A model and people together: what each way costs, labels to give anew, and repair of the guideline."""

from typing import Annotated

from fastapi import APIRouter, Query

from agent.service import wire
from agent.service.auth import Annotator, Owner, Viewer, person_of
from agent.service.problems import responses
from agent.service.routers.names import TaskName
from agent.service.running import ServiceDep
from tools.engine.records import TextId

router = APIRouter(prefix="/tasks/{task}", tags=["together"], responses=responses(401, 404, 422))
FAILS = responses(403, 409, 503)


@router.get("/benefit", summary="Model, person or both: quality, dollars, minutes", responses=responses(409))
def benefit(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    oracle: Annotated[
        str | None, Query(description="An oracle that was checked; the first without", examples=["llm:gpt-4o-mini"])
    ] = None,
    labels: Annotated[int | None, Query(ge=1, description="For so many labels; those there are without")] = None,
    quality: Annotated[float, Query(ge=0, le=1, description="Share of labels that should be right")] = 0.95,
    minutes: Annotated[float | None, Query(ge=0, description="Time that a person has, at most", examples=[30])] = None,
) -> wire.Benefit:
    """By the checks of the task's own data."""
    from tools.benefit import benefit as compare  # noqa: PLC0415 - brings the learning libraries

    of = service.bench.tasks.get(task)
    found = compare(service.bench, of, oracle=oracle, labels=labels, quality=quality, minutes=minutes)
    return wire.Benefit.model_validate(found, from_attributes=True)


@router.get("/doubts", summary="Labels that are likely wrong", responses=responses(409))
def doubts(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many, at most")] = 20,
) -> list[wire.Doubt]:
    """The least likely right first, and whether a person's time is worth more on them than on new texts."""
    from tools.doubts import doubts as find  # noqa: PLC0415 - as above

    found = find(service.bench, service.bench.tasks.get(task), limit=limit)
    return [wire.Doubt.model_validate(one, from_attributes=True) for one in found]


@router.post("/doubts", summary="Have labels given anew by a person", responses=FAILS)
def put_again(service: ServiceDep, _: Owner, task: TaskName, body: wire.AgainBody) -> wire.PutAgain:
    """The labels are taken back; their texts wait for a person before those of the round do."""
    from tools.doubts import put_again as put  # noqa: PLC0415 - as above

    return wire.PutAgain(put_again=put(service.bench, service.bench.tasks.get(task), [TextId(i) for i in body.texts]))


@router.post("/doubts/decisions", summary="Decide about labels in doubt", responses=FAILS)
def decide(service: ServiceDep, user: Annotator, task: TaskName, body: wire.Decisions) -> wire.Labeled:
    """A class for each, which may be the one that it has: none of them is doubted again."""
    from tools.doubts import decide as settle  # noqa: PLC0415 - as above

    known = service.bench.tasks.get(task)
    stored = settle(service.bench, known, body.labels, person=person_of(user), note=body.note)
    service.conversations.labeled(task)
    return wire.Labeled(task=known.name, stored=stored.stored, unchanged=stored.unchanged, waiting=stored.waiting)


@router.get("/guideline/edits", summary="Edits that disagreements suggest")
def edits(service: ServiceDep, _: Viewer, task: TaskName) -> list[wire.GuidelineEdit]:
    """Each with its diff, the texts that a model and people disagree about, and the labels that it puts in doubt."""
    from tools.repair import proposals  # noqa: PLC0415 - as above

    found = proposals(service.bench, service.bench.tasks.get(task))
    return [wire.GuidelineEdit.model_validate(one, from_attributes=True) for one in found]


@router.post("/guideline/edits", summary="Accept edits of the guideline", responses=FAILS)
def accept(service: ServiceDep, _: Owner, task: TaskName, body: wire.AcceptEdits) -> wire.EditsAccepted:
    """They make a new version; the next run asks again about the labels that it puts in doubt, and no others."""
    from tools.repair import accept as take_over  # noqa: PLC0415 - as above

    done = take_over(service.bench, service.bench.tasks.get(task), body.edits)
    return wire.EditsAccepted(guideline_version=done.task.guideline_version, requeued=done.requeued)
