"""What happens and what is under way, in SQL: events and jobs."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Engine, Row, func, select, text
from sqlalchemy.exc import IntegrityError

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, writing
from tools.engine.errors import UnknownName
from tools.engine.records import Event, Job, JobStatus

_EVENT_LOCK = 0x4C415545
"""The advisory lock under which PostgreSQL appends events, so that no offset is seen before a lower one."""
_events, _jobs = schema.events, schema.jobs


class SqlEvents:
    """The `EventStore` over a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock
        self._appended = threading.Condition()
        self._newest = 0

    def append(
        self, kind: str, data: Mapping[str, Any], *, conversation: str | None = None, job: str | None = None
    ) -> Event:
        """Commit an event and wake who waits; returns it with its offset, the highest so far."""
        made = Event(offset=0, at=self._clock(), kind=kind, conversation=conversation, job=job, data=dict(data))
        row = asdict(made)
        del row["offset"]
        with writing(self._engine, lasting=False) as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EVENT_LOCK})
            offset: int = connection.execute(_events.insert().values(row).returning(_events.c.offset)).scalar_one()
        with self._appended:
            self._newest = max(self._newest, offset)
            self._appended.notify_all()
        return replace(made, offset=offset)

    def read(
        self, *kinds: str, after: int = 0, conversation: str | None = None, limit: int | None = 500
    ) -> list[Event]:
        """The first `limit` events past the offset `after`, oldest first; None for all of them.

        Of these kinds only, and of one conversation, where they are named.
        """
        query = select(_events).where(_events.c.offset > after).order_by(_events.c.offset).limit(limit)
        if conversation is not None:
            query = query.where(_events.c.conversation == conversation)
        if kinds:
            query = query.where(_events.c.kind.in_(kinds))
        with reading(self._engine) as connection:
            return [Event(**row) for row in connection.execute(query).mappings()]

    def forget(self, *kinds: str, before: datetime) -> int:
        """Delete events of these kinds that happened before then; returns how many. Offsets are never used again."""
        with writing(self._engine, lasting=False) as connection:
            return connection.execute(_events.delete().where(_events.c.kind.in_(kinds), _events.c.at < before)).rowcount

    def last(self) -> int:
        """The highest offset so far; 0 before the first event."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.coalesce(func.max(_events.c.offset), 0))).scalar_one())

    def wait(self, after: int, *, timeout: float) -> bool:
        """Wait until there is an event past `after`, `timeout` seconds at most; whether there is one.

        Only events that were appended through this object end the waiting early.
        """
        if self.last() > after:
            return True
        until = monotonic() + timeout
        with self._appended:
            while self._newest <= after:
                left = until - monotonic()
                if left <= 0 or not self._appended.wait(left):
                    break
            if self._newest > after:
                return True
        return self.last() > after


class SqlJobs:
    """The `JobStore` over a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, job: str, kind: str, args: Mapping[str, Any], conversation: str | None = None) -> Job:
        """Queue a job; the one of that id as it stands when there is one already."""
        row = {"id": job, "kind": kind, "conversation": conversation, "args": dict(args), "status": "queued"}
        # It is there after a broken rule too: then another thread made it in this moment.
        with suppress(IntegrityError), writing(self._engine) as connection:
            if connection.execute(select(_jobs.c.row).where(_jobs.c.id == job)).one_or_none() is None:
                connection.execute(_jobs.insert().values(row | {"at": self._clock(), "reported": False}))
        return self.get(job)

    def get(self, job: str) -> Job:
        """The job of that id; raises UnknownName."""
        with reading(self._engine) as connection:
            found = connection.execute(select(_jobs).where(_jobs.c.id == job)).one_or_none()
        if found is None:
            raise UnknownName(f"There is no job {job!r}. The list of jobs shows those there are.")
        return _job(found)

    def set(
        self, job: str, *, status: JobStatus, receipt: Mapping[str, Any] | None = None, error: str | None = None
    ) -> Job:
        """Store what became of a job, and when it began or ended; raises UnknownName.

        One that is queued again has neither begun nor ended.
        """
        now = self._clock()
        values: dict[str, Any] = {"status": status, "error": error, "finished_at": None}
        values["receipt"] = None if receipt is None else dict(receipt)
        if status == "queued":
            values["started_at"] = None
        elif status == "running":
            values["started_at"] = now
        else:
            values["finished_at"] = now
        with writing(self._engine) as connection:
            connection.execute(_jobs.update().where(_jobs.c.id == job).values(values))
        return self.get(job)

    def reported(self, job: str) -> None:
        """Note that whoever waits for the job knows how it ended."""
        with writing(self._engine) as connection:
            connection.execute(_jobs.update().where(_jobs.c.id == job).values(reported=True))

    def unreported(self) -> list[Job]:
        """Jobs that ended and were not reported, in the order in which they were queued."""
        query = select(_jobs).where(_jobs.c.finished_at.is_not(None), ~_jobs.c.reported).order_by(_jobs.c.row)
        with reading(self._engine) as connection:
            return [_job(row) for row in connection.execute(query)]

    def list(self, *statuses: JobStatus) -> list[Job]:
        """Jobs in the order in which they were queued, of these statuses as they are at one moment, or all."""
        query = select(_jobs).order_by(_jobs.c.row)
        if statuses:
            query = query.where(_jobs.c.status.in_(statuses))
        with reading(self._engine) as connection:
            return [_job(row) for row in connection.execute(query)]


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        conversation=row.conversation,
        args=row.args,
        status=row.status,
        receipt=row.receipt,
        error=row.error,
        at=row.at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
