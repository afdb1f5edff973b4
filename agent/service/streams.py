"""Events to clients as they happen: one thread watches the store, any number of clients follow from any offset."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import takewhile

from tools.engine.errors import StorageFailed
from tools.engine.records import Event
from tools.engine.service_ports import EventStore

KEPT = 4_096
"""Newest events held in memory, so that following costs the database nothing; who is further behind reads it."""
PAGE = 500
SECONDS_BETWEEN_LOOKS = 0.2
"""How long the watching thread waits before it looks whether it should end."""
_log = logging.getLogger(__name__)


class Stream:
    """The events of a workspace, as they happen; everything but `close` is called in the event loop."""

    def __init__(self, events: EventStore, *, heartbeat: float, watch: Callable[[Event], None]) -> None:
        self._events = events
        self._heartbeat = heartbeat
        self._watch = watch
        self._newest = events.last()
        self._floor = self._newest
        self._kept: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to watch."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._look, args=(loop,), name="laud-events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every stream, so that clients go away and the server can stop."""
        self._closed.set()
        self._ring()

    async def join(self) -> None:
        """Wait until the watching has ended."""
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    async def follow(self, after: int, conversation: str | None = None) -> AsyncIterator[Event | None]:
        """Every event past the offset `after`, then each as it happens; None after each silence, as a sign of life.

        Ends when the service stops.
        """
        while not self._closed.is_set():
            arrived = self._arrived
            newest = self._newest
            if after < self._floor:
                found = await asyncio.to_thread(self._events.read, after=after, conversation=conversation, limit=PAGE)
                after = found[-1].offset if len(found) == PAGE else max(newest, *(one.offset for one in found), after)
            else:
                newer = takewhile(lambda one, after=after: one.offset > after, reversed(self._kept))  # type: ignore[misc]
                found = [one for one in newer if conversation in (None, one.conversation)][::-1]
                after = newest
            for event in found:
                yield event
            if after >= self._newest and not await self._wait(arrived):
                yield None

    async def _wait(self, arrived: asyncio.Event) -> bool:
        try:
            await asyncio.wait_for(arrived.wait(), self._heartbeat)
        except TimeoutError:
            return False
        return True

    def _take(self, events: list[Event]) -> None:
        for event in events:
            self._kept.append(event)
            self._newest = event.offset
            self._watch(event)
        while len(self._kept) > KEPT:
            self._floor = self._kept.popleft().offset
        self._ring()

    def _ring(self) -> None:
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        after = self._newest
        while not self._closed.is_set():
            try:
                if self._events.wait(after, timeout=SECONDS_BETWEEN_LOOKS):
                    found = self._events.read(after=after, limit=PAGE)
                    after = found[-1].offset if found else after
                    loop.call_soon_threadsafe(self._take, found)
            except StorageFailed as error:
                _log.warning("events cannot be read: %s", error)
                self._closed.wait(SECONDS_BETWEEN_LOOKS)
