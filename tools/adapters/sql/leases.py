"""Which texts are with which person, in SQL."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine, select, text

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, writing
from tools.engine.records import Lease, TextId

_LEASE_LOCK = 0x4C41554C
"""The advisory lock under which PostgreSQL hands out texts, so that two people are not counted into one place."""
_leases = schema.leases


class SqlLeases:
    """The `LeaseStore` over a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(  # noqa: PLR0913 - as the port
        self,
        task: str,
        person: str,
        places: Mapping[TextId, int],
        *,
        size: int,
        now: datetime,
        until: datetime,
        done: Sequence[TextId] = (),
    ) -> list[TextId]:
        """Hand texts to a person until `until`; at most `size`, in the order of `places`, those the person holds first.

        `places` has the texts that the person could be given, each with how many people may hold it at once. Leases
        that ended by `now` are over, and so are the person's of the texts `done`.
        """
        of_task = _leases.c.task == task
        with writing(self._engine) as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LEASE_LOCK})
            connection.execute(_leases.delete().where(of_task, _leases.c.until <= now))
            if done:
                hers = _leases.c.person == person, _leases.c.text_id.in_(done)
                connection.execute(_leases.delete().where(of_task, *hers))
            rows = connection.execute(select(_leases.c.text_id, _leases.c.person).where(of_task)).all()
            mine = {row.text_id for row in rows if row.person == person}
            others = Counter(row.text_id for row in rows if row.person != person)
            given = [i for i in places if i in mine]
            given += [i for i, most in places.items() if i not in mine and others[i] < most]
            given = given[:size]
            renew = _leases.update().where(of_task, _leases.c.person == person, _leases.c.text_id.in_(given))
            connection.execute(renew.values(until=until))
            new = [{"task": task, "text_id": i, "person": person, "until": until} for i in given if i not in mine]
            if new:
                connection.execute(_leases.insert(), new)
        return given

    def held(self, task: str, *, now: datetime) -> list[Lease]:
        """The leases that have not ended by `now`."""
        query = select(_leases).where(_leases.c.task == task, _leases.c.until > now)
        with reading(self._engine) as connection:
            return [
                Lease(text_id=TextId(row.text_id), person=row.person, until=row.until)
                for row in connection.execute(query)
            ]

    def release(self, task: str, person: str, texts: Sequence[TextId] | None = None) -> None:
        """End the person's leases of these texts, or all of them."""
        which = _leases.delete().where(_leases.c.task == task, _leases.c.person == person)
        if texts is not None:
            which = which.where(_leases.c.text_id.in_(texts))
        with writing(self._engine) as connection:
            connection.execute(which)
