"""Conversations with the agent."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, status

from agent import retold
from agent.conversation import View
from agent.interpreter.asking import NUMBERS, answer_to_plan, answers_to, in_words, what_was_asked
from agent.service import wire
from agent.service.acting import Key, shown_job
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import LONGEST, ConversationId, PageSize
from agent.service.running import ServiceDep
from agent.service.wire import NO_CONTROLS

router = APIRouter(prefix="/conversations", tags=["conversations"], responses=responses(401, 422))
ACCEPTED = status.HTTP_202_ACCEPTED


@router.get("", summary="All conversations")
def conversations(
    service: ServiceDep,
    _: Viewer,
    owner: Annotated[
        str | None, Query(max_length=200, pattern=NO_CONTROLS, description="Only this person's", examples=["ada"])
    ] = None,
    archived: Annotated[bool, Query(description="Those put away, in place of the others")] = False,
) -> list[wire.Conversation]:
    """Newest first."""
    found = service.bench.conversations.list(owner, archived=archived)
    return [wire.Conversation.model_validate(one) for one in found]


@router.post("", summary="Begin a conversation", status_code=status.HTTP_201_CREATED, responses=responses(403))
def create(service: ServiceDep, user: Owner, body: wire.NewConversation) -> wire.Conversation:
    """It says nothing until it gets a message."""
    return wire.Conversation.model_validate(service.conversations.create(body.title, user.name))


@router.get("/{conversation}", summary="A conversation", responses=responses(404))
def view(service: ServiceDep, _: Viewer, conversation: ConversationId) -> wire.View:
    """Its messages, what it waits for, its jobs, and from which event on to follow it."""
    last = service.bench.events.last()
    found = service.conversations.view(conversation)
    return wire.View(
        conversation=wire.Conversation.model_validate(found.conversation),
        messages=[wire.Message.model_validate(one) for one in found.messages],
        pending=None if found.pending is None else wire.plain(found.pending),
        jobs=[shown_job(service, job) for job in found.jobs],
        busy=found.busy,
        last=last,
        more=bool(found.messages) and retold.is_cut(service.bench, conversation, found.messages[0].id),
        replies=_replies(found),
        plan=_plan(found),
    )


@router.get("/{conversation}/messages", summary="Earlier messages", responses=responses(404))
def earlier(
    service: ServiceDep,
    _: Viewer,
    conversation: ConversationId,
    before: Annotated[
        str | None,
        Query(max_length=LONGEST, pattern=NO_CONTROLS, description="Those before this one", examples=["turn-7"]),
    ] = None,
    limit: PageSize = 60,
) -> wire.Earlier:
    """The latest before a message, or of all: a long conversation shows only its end by itself."""
    found, more = retold.earlier(service.bench, conversation, before=before, limit=limit)
    return wire.Earlier(messages=[wire.Message.model_validate(one) for one in found], more=more)


@router.patch("/{conversation}", summary="Rename it or put it away", responses=responses(403, 404))
def change(
    service: ServiceDep, _: Owner, conversation: ConversationId, body: wire.ConversationChange
) -> wire.Conversation:
    """What is left out stays."""
    store = service.bench.conversations
    found = store.get(conversation)
    if body.title is not None:
        found = store.rename(conversation, body.title)
    if body.archived is not None:
        found = store.archive(conversation, archived=body.archived)
    return wire.Conversation.model_validate(found)


@router.post(
    "/{conversation}/messages", summary="Say something", status_code=ACCEPTED, responses=responses(403, 404, 409)
)
def send(
    service: ServiceDep, _: Owner, conversation: ConversationId, body: wire.NewMessage, key: Key = None
) -> wire.Turn:
    """The answer comes as events: `token` as it is written, `message` when it is whole, `turn.finished` at the end."""
    return wire.Turn.model_validate(service.conversations.send(conversation, body.text, key=key))


@router.post(
    "/{conversation}/replies", summary="Answer what it waits for", status_code=ACCEPTED, responses=responses(403, 404)
)
def reply(service: ServiceDep, _: Owner, conversation: ConversationId, body: wire.Reply) -> wire.Turn:
    """Approve or refuse what a card or a plan shows, with changed numbers or a reason; a plan's answer is a message."""
    given = body.model_dump(exclude_none=True)
    found = service.conversations.view(conversation)
    figures = _figures(found)
    if figures and found.pending is None and body.decision is not None:
        said = answer_to_plan(figures, agreed=body.decision == "approve", changes=body.changes or {})
        return wire.Turn.model_validate(service.conversations.send(conversation, said))
    return wire.Turn.model_validate(service.conversations.resume(conversation, given))


def _last_words(view: View) -> str:
    """The latest answer, where it is the person's turn."""
    last = view.messages[-1] if view.messages else None
    return "" if last is None or view.busy or view.pending or last.role != "assistant" else last.text


def _replies(view: View) -> list[str]:
    """What the latest answer offers to be said next."""
    return list(answers_to(_last_words(view)))


def _figures(view: View) -> Mapping[str, Any]:
    return what_was_asked(_last_words(view)).plan or {}


def _plan(view: View) -> wire.Plan | None:
    figures = _figures(view)
    numbers = {name: figures.get(name) for name in NUMBERS if name in figures or name in {"labels", "batch", "gold"}}
    return wire.Plan(editable=numbers, words=in_words(figures)) if figures else None
