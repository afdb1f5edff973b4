"""The labeling desk: texts to answer, answers, conflicts, and how people agree."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Query, Response

from agent.service import wire
from agent.service.auth import Annotator, Owner, Viewer, person_of
from agent.service.problems import responses
from agent.service.routers.names import TaskName, TextName
from agent.service.running import ServiceDep
from tools import adjudication, annotators, desk, exchange
from tools.engine.exchanged import LabelForm
from tools.engine.records import Task, TextId, User
from tools.task import set_desk

router = APIRouter(prefix="/tasks/{task}/desk", tags=["desk"], responses=responses(401, 404, 422))
FAILS = responses(403, 409, 503)
KEYS = "123456789"
MEDIA: Mapping[str, str] = {"csv": "text/csv", "label-studio": "application/json", "argilla": "application/json",
                            "doccano": "application/x-ndjson"}  # fmt: skip


@router.post("", summary="Sit down at the desk", responses=FAILS)
def sit(service: ServiceDep, user: Annotator, task: TaskName, body: wire.Sitting) -> wire.DeskOpened:
    """The classes with their keys, and the next texts, which are held for this person until the lease ends."""
    known = service.bench.tasks.get(task)
    settings = service.bench.tasks.desk(task)
    with service.desks[known.name]:
        hand = desk.next_items(service.bench, known, _seat(user, body))
    keys = (*KEYS, *("" for _ in known.classes[len(KEYS) :]))
    return wire.DeskOpened(
        task=known.name,
        guideline_version=known.guideline_version,
        description=known.description,
        classes=[
            wire.DeskClass(key=key, name=one.name, definition=one.definition, examples=list(one.examples))
            for key, one in zip(keys, known.classes, strict=False)
        ],
        settings=wire.DeskSettings.model_validate(settings),
        hand=_shown(hand),
    )


@router.post("/answers", summary="Answer a text and get the next", responses=FAILS)
def answer(service: ServiceDep, user: Annotator, task: TaskName, body: wire.DeskAnswer) -> wire.DeskTaken:
    """Store an answer; the next texts come back, of which those that the client has are left out.

    The same answer again changes nothing, so it may be sent again when the connection broke. A conversation that waits
    for the last label goes on by itself.
    """
    reply = desk.Reply(
        text_id=TextId(body.id),
        said=body.said,
        note=body.note or None,
        seconds=body.seconds,
        also=tuple(map(TextId, body.also)),
    )
    known = service.bench.tasks.get(task)
    with service.desks[known.name]:
        taken = desk.answer(service.bench, known, _seat(user, body), reply)
    _tell(service, task, taken.hand)
    return wire.DeskTaken(stored=taken.stored, hand=_shown(taken.hand))


@router.post("/undo", summary="Take the last answer back", responses=FAILS)
def undo(service: ServiceDep, user: Annotator, task: TaskName, body: wire.Sitting) -> wire.DeskUndone:
    """Withdraw this person's last answer; its text comes next."""
    known = service.bench.tasks.get(task)
    with service.desks[known.name]:
        undone, hand = desk.take_back(service.bench, known, _seat(user, body))
    withdrawn = undone.withdrawn[-1].id if undone.withdrawn else None
    return wire.DeskUndone(withdrawn=withdrawn, hand=_shown(hand))


@router.delete("", summary="Leave the desk", responses=FAILS)
def leave(service: ServiceDep, user: Annotator, task: TaskName) -> wire.DeskProgress:
    """Give the texts that are held for this person to the others at once."""
    known = service.bench.tasks.get(task)
    desk.leave(service.bench, known, person_of(user))
    return wire.DeskProgress.model_validate(desk.progress(service.bench, known, person_of(user)))


@router.get("/answered", summary="What one answered")
def answered(
    service: ServiceDep,
    user: Annotator,
    task: TaskName,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many, at most")] = 50,
) -> list[wire.DeskGiven]:
    """This person's own answers, the latest first: where one can jump back to."""
    found = desk.answered(service.bench, service.bench.tasks.get(task), person_of(user), limit=limit)
    return [wire.DeskGiven.model_validate(one, from_attributes=True) for one in found]


@router.get("/answered/{text}", summary="Jump back to a text")
def jump(service: ServiceDep, user: Annotator, task: TaskName, text: TextName) -> wire.DeskItem:
    """A text that this person answered, with the answer; another answer to it takes its place."""
    return wire.DeskItem.model_validate(
        desk.jump(service.bench, service.bench.tasks.get(task), TextId(text), person_of(user))
    )


@router.get("/groups", summary="Texts that mean about the same")
def groups(
    service: ServiceDep,
    _: Annotator,
    task: TaskName,
    limit: Annotated[int, Query(ge=1, le=50, description="How many groups, at most")] = 10,
) -> list[wire.DeskGroup]:
    """Unlabeled texts to look at together and to label at once, those that teach most first."""
    from tools.groups import groups as find  # noqa: PLC0415 - brings the learning libraries

    found = find(service.bench, service.bench.tasks.get(task), limit=limit)
    return [wire.DeskGroup.model_validate(one, from_attributes=True) for one in found]


@router.get("/settings", summary="How people label")
def settings(service: ServiceDep, _: Viewer, task: TaskName) -> wire.DeskSettings:
    """Overlap, suggestions, known texts, and how long a text is one person's."""
    return wire.DeskSettings.model_validate(service.bench.tasks.desk(task))


@router.put("/settings", summary="Set how people label", responses=FAILS)
def set_settings(service: ServiceDep, _: Owner, task: TaskName, body: wire.DeskSettings) -> wire.DeskSettings:
    """Takes effect with the next text that is handed out; labels that there are stay."""
    return wire.DeskSettings.model_validate(set_desk(service.bench, task, body.model_dump()))


@router.get("/conflicts", summary="Texts on which people disagree")
def conflicts(service: ServiceDep, _: Viewer, task: TaskName) -> list[wire.Conflict]:
    """With what each person said, and her note; the least clear first."""
    found = adjudication.conflicts(service.bench, service.bench.tasks.get(task))
    return [wire.Conflict.model_validate(one) for one in found]


@router.post("/conflicts", summary="Decide about conflicts", responses=FAILS)
def decide(service: ServiceDep, user: Owner, task: TaskName, body: wire.Decisions) -> wire.Decided:
    """The decision is the label; a conversation that waits for the last one goes on by itself."""
    known = service.bench.tasks.get(task)
    done = adjudication.adjudicate(service.bench, known, body.labels, person=person_of(user), note=body.note)
    return _decided(service, known, done)


@router.post("/consensus", summary="Accept the likeliest answers", responses=FAILS)
def accept(service: ServiceDep, _: Owner, task: TaskName, body: wire.AcceptConsensus) -> wire.Decided:
    """Texts in conflict whose likeliest class is this probable by all votes get it as their label."""
    known = service.bench.tasks.get(task)
    done = adjudication.accept_consensus(service.bench, known, at_least=body.at_least)
    return _decided(service, known, len(done))


@router.put("/known", summary="Make answers known", responses=FAILS)
def known(service: ServiceDep, _: Owner, task: TaskName, body: wire.KnownAnswers) -> wire.Known:
    """Texts by which people are checked; they are mixed in as `known_share` of the settings says."""
    of = service.bench.tasks.get(task)
    return wire.Known(known=desk.set_known(service.bench, of, body.labels, from_gold=body.from_gold))


@router.get("/agreement", summary="How people agree")
def agreement(service: ServiceDep, _: Viewer, task: TaskName) -> wire.Agreement:
    """Cohen's and Fleiss' kappa, Krippendorff's alpha, each person's quality, and the bias of suggestions."""
    return wire.Agreement.model_validate(annotators.agreement(service.bench, service.bench.tasks.get(task)))


@router.get(
    "/labels",
    summary="The labels for another tool",
    response_class=Response,
    responses={
        200: {"content": {media: {"schema": {"type": "string"}} for media in sorted(set(MEDIA.values()))}},
        **responses(503),
    },
)
def export(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    format: Annotated[LabelForm, Query(description="Which program reads it")] = "csv",  # noqa: A002 - its name in the address
) -> Response:
    """The task's texts with labels and single opinions, as csv, or as Label Studio, Argilla or doccano read them."""
    of = service.bench.tasks.get(task)
    with TemporaryDirectory(dir=service.bench.folder) as folder:
        path = Path(folder) / "labels"
        exchange.export_labels(service.bench, of, path, form=format)
        return Response(path.read_bytes(), media_type=MEDIA[format])


@router.post("/labels", summary="Take labels from another tool", responses=FAILS)
def take_in(service: ServiceDep, user: Owner, task: TaskName, body: wire.LabelImport) -> wire.LabelsImported:
    """Store the labels of a file that was sent before, each as the opinion of the person who gave it."""
    of = service.bench.tasks.get(task)
    path = Path(service.places.source(body.file))
    taken = exchange.import_labels(service.bench, of, path, form=body.format, person=person_of(user))
    service.conversations.labeled(task)
    return wire.LabelsImported(
        stored=taken.stored,
        unchanged=taken.unchanged,
        known=taken.known,
        unlabeled=taken.unlabeled,
        people=list(taken.people),
        problems=[f"row {one.row}: {one.reason}" for one in taken.problems],
    )


def _seat(user: User, body: wire.Sitting) -> desk.Seat:
    return desk.Seat(person=person_of(user), ahead=body.ahead, have=tuple(map(TextId, body.have)))


def _shown(hand: desk.Hand) -> wire.DeskHand:
    return wire.DeskHand.model_validate(hand)


def _tell(service: ServiceDep, task: str, hand: desk.Hand) -> None:
    if hand.progress.waiting == 0:
        service.conversations.labeled(task)


def _decided(service: ServiceDep, task: Task, done: int) -> wire.Decided:
    service.conversations.labeled(task.name)
    return wire.Decided(decided=done, conflicts=len(adjudication.conflicts(service.bench, task)))
