"""Labels: what oracles and people answered, and what waits for an answer."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from agent.arguments import LabelTexts, Undo
from agent.service import wire
from agent.service.acting import done, named
from agent.service.auth import RANKS, Annotator, Viewer
from agent.service.problems import responses
from agent.service.routers.names import LARGEST, PageSize, TaskName
from agent.service.running import ServiceDep
from tools.engine.records import Label, Role
from tools.labeling import waiting

router = APIRouter(prefix="/tasks/{task}", tags=["labels"], responses=responses(401, 404, 422))
FAILS = responses(403, 409, 503)


@router.get("/labels", summary="The labels of a task")
def labels(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    role: Annotated[Role | None, Query(description="gold judges, seed and train teach")] = None,
    history: Annotated[bool, Query(description="Every answer ever given, not only those that hold")] = False,
    start: Annotated[int, Query(ge=0, le=LARGEST, description="How many to leave out first")] = 0,
    limit: PageSize = 100,
) -> wire.Labels:
    """The answers that hold, or all that were ever given, with who gave them and when."""
    known = service.bench.tasks.get(task)
    if history:
        found = [one for one in service.bench.labels.history(task) if role in (None, one.role)]
    else:
        found = list(service.bench.labels.current(task, role).values())
    page = found[start : start + limit]
    texts = {text.id: text.text for text in service.bench.pools.texts(known.pool, [one.text_id for one in page])}
    return wire.Labels(labels=[_shown(one, texts[one.text_id]) for one in page], total=len(found))


@router.get("/waiting", summary="Texts that wait for a person's label")
def waiting_texts(service: ServiceDep, _: Viewer, task: TaskName, limit: PageSize = 50) -> wire.Waiting:
    """The gold sample's first, then those of the open round."""
    known = service.bench.tasks.get(task)
    gold = {item.text_id for item in service.bench.rounds.gold(task) or []}
    teaching = "train" if len(service.bench.rounds.rounds(task)) > 1 else "seed"
    found = waiting(service.bench, known)
    return wire.Waiting(
        texts=[
            wire.WaitingText.model_validate(
                {"id": text.id, "text": text.text, "role": "gold" if text.id in gold else teaching}
            )
            for text in found[:limit]
        ],
        total=len(found),
        classes=list(known.class_names),
    )


@router.post("/labels", summary="Label texts", responses=FAILS)
def label(service: ServiceDep, user: Annotator, task: TaskName, body: LabelTexts) -> wire.Labeled:
    """Store a person's labels; a conversation that waits for the last of them goes on by itself."""
    receipt = done(service, "label_texts", named(body, task=task), user=user)
    service.conversations.labeled(task)
    return wire.Labeled.model_validate(receipt)


@router.post("/labels/undo", summary="Take labels back", responses=FAILS)
def undo(service: ServiceDep, user: Annotator, task: TaskName, body: Undo) -> wire.Undone:
    """Withdraw the latest labels that this person gave; or, for an owner, doubtful ones of whomever."""
    if body.doubtful and RANKS[user.role] < RANKS["owner"]:
        raise HTTPException(403, f"{user.name!r} is {user.role}; labels of others are taken back by an owner.")
    return wire.Undone.model_validate(done(service, "undo", named(body, task=task), user=user))


def _shown(label: Label, text: str) -> wire.Label:
    answer = label.answer
    return wire.Label(
        text_id=answer.text_id,
        text=text,
        outcome=answer.outcome,
        label=answer.label,
        role=label.role,
        round=label.round,
        source=answer.source,
        model=answer.model,
        confidence=answer.confidence,
        cost=answer.cost,
        guideline_version=label.guideline_version,
        at=label.at,
        note=answer.note,
    )
