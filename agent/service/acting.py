"""What the routers share with the conversation: the same tools, with names, paths and approvals treated alike."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from uuid import uuid4

from fastapi import Header, Query
from langchain_core.messages import ToolCall

from agent.approval import card
from agent.arguments import Arguments
from agent.calls import Ready, ready
from agent.service import wire
from agent.service.auth import person_of
from agent.service.running import Service
from tools.engine.errors import AskAgain, CannotDo
from tools.engine.records import Job, User

A = TypeVar("A", bound=Arguments)
Given = Arguments | Mapping[str, Any]
"""Arguments of a tool: as they stand in a request, or put together and not checked yet."""
Approve = Annotated[
    bool,
    Query(
        description="Needed for what spends money, deletes, overwrites or sends texts away; without it the answer is "
        "409 with a card that says what would be done, and at what price"
    ),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\w.\-]{8,100}$",
        examples=["my-run-0001"],
        description="A name of your own for this request: sent again, it is taken once",
    ),
]


class NeedsApproval(CannotDo):
    """The request would spend, delete, overwrite or send; `card` says what."""

    def __init__(self, shown: dict[str, Any]) -> None:
        super().__init__(f"{shown['title']}: {shown['what']} Send the request with approve=true if that is wanted.")
        self.card = shown


def named(body: A, **address: str) -> A:
    """The body with what the address names; raises AskAgain where the two name different things."""
    for field, name in address.items():
        given = getattr(body, field)
        if given not in (None, name):
            raise AskAgain(
                f"The address names the {field} {name!r}, the request {given!r}. Leave it out of the request."
            )
    return body.model_copy(update=address)


def prepared(service: Service, name: str, args: Given, *, approve: bool = False) -> Ready:
    """A call of the tool with names and paths filled in; raises NeedsApproval where the person was not asked."""
    given = args.model_dump(exclude_unset=True, exclude_none=True) if isinstance(args, Arguments) else dict(args)
    call = ToolCall(name=name, args=given, id=uuid4().hex)
    made = ready(service.bench, service.places, {}, call)
    shown = None if approve else card(service.bench, made)
    if shown is not None:
        raise NeedsApproval(shown.plain())
    return made


def done(service: Service, name: str, args: Given, *, approve: bool = False, user: User | None = None) -> wire.Receipt:
    """The receipt of a light tool; labels that it stores are signed by the user."""
    call = prepared(service, name, args, approve=approve)
    signed = None if user is None else person_of(user)
    return wire.plain(call.tool.run(service.bench.lent(person=signed), call.args))


def queued(service: Service, name: str, args: Arguments, *, key: str | None, approve: bool = False) -> wire.Job:
    """The job of a heavy tool, queued now; raises CannotDo when the key names another job."""
    call = prepared(service, name, args, approve=approve)
    wanted = call.args.model_dump(exclude_unset=True, exclude_none=True)
    job = service.jobs.submit(key or call.id, name, wanted)
    if (job.kind, job.args) != (name, wanted):
        raise CannotDo(f"The Idempotency-Key {key!r} names another job already. Take a new one for another request.")
    return shown_job(service, job)


def shown_job(service: Service, job: Job) -> wire.Job:
    """A job as the client sees it, with how far it is or where it stands in the queue."""
    waiting = [one.id for one in service.bench.jobs.list("queued")] if job.status == "queued" else []
    stage = service.jobs.stage(job.id)
    return wire.Job(
        **{name: getattr(job, name) for name in wire.Job.model_fields if name not in ("stage", "place")},
        stage=None if stage is None else wire.Stage.model_validate(stage),
        place=waiting.index(job.id) + 1 if job.id in waiting else None,
    )
