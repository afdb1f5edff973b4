"""Everything that happens: a page of it, or a stream that goes on."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from agent.service import wire
from agent.service.auth import Viewer
from agent.service.problems import responses
from agent.service.routers.names import LARGEST, After, ConversationFilter, PageSize
from agent.service.running import ServiceDep

router = APIRouter(prefix="/events", tags=["events"], responses=responses(401, 422))


@router.get("", summary="A page of events")
def page(
    service: ServiceDep,
    _: Viewer,
    after: After = 0,
    conversation: ConversationFilter = None,
    limit: PageSize = 500,
) -> wire.Events:
    """The first events past an offset, oldest first."""
    found = service.bench.events.read(after=after, conversation=conversation, limit=limit)
    return wire.Events(
        events=[wire.Event.model_validate(event, from_attributes=True) for event in found],
        last=found[-1].offset if found else after,
    )


@router.get("/stream", summary="Events as they happen", response_class=EventSourceResponse)
async def stream(
    service: ServiceDep,
    _: Viewer,
    after: After = 0,
    conversation: ConversationFilter = None,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=LARGEST, description="Goes before `after`", examples=[41])
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events from any offset on, without end; a comment comes after each silence, as a sign of life.

    The id of an event is its offset: a client that was away sends the last one it saw and misses nothing.
    """
    async for event in service.stream.follow(after if last_event_id is None else last_event_id, conversation):
        if event is None:
            yield ServerSentEvent(comment="still here")
        else:
            shown = wire.Event.model_validate(event, from_attributes=True)
            yield ServerSentEvent(event=event.kind, id=str(event.offset), raw_data=shown.model_dump_json())
