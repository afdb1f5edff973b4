"""Pools, their texts and their imports in SQL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, writing
from tools.engine.errors import UnknownName
from tools.engine.records import Pool, SkippedRow, Text, TextId

IDS_PER_QUERY = 1_000
"""How many ids one statement names: databases bound their number of parameters."""

_pools, _texts, _imports, _skipped = schema.pools, schema.texts, schema.imports, schema.skipped_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts of one input, over all its tries."""

    rows: int
    added: int
    duplicates: int
    skipped: tuple[SkippedRow, ...]
    finished: bool


class SqlPools:
    """The `PoolStore` over a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, name: str, encoder: str) -> Pool:
        """The pool of that name, made now if it does not exist."""
        if name not in self.names():
            row = {"name": name, "encoder": encoder, "columns": [], "created_at": self._clock()}
            # It is there after a broken rule too: then another process made it in this moment.
            with suppress(IntegrityError), writing(self._engine) as connection:
                connection.execute(_pools.insert().values(row))
        return self.get(name)

    def get(self, name: str) -> Pool:
        """The pool; raises UnknownName naming the pools there are."""
        # Places are dense from 0, so the last one gives the count without counting.
        count = select(func.coalesce(func.max(_texts.c.ordinal) + 1, 0)).where(_texts.c.pool == name).scalar_subquery()
        with reading(self._engine) as connection:
            row = connection.execute(
                select(_pools.c.encoder, _pools.c.created_at, count.label("texts")).where(_pools.c.name == name)
            ).one_or_none()
        if row is None:
            raise _unknown(name, self.names())
        return Pool(name=name, encoder=row.encoder, texts=row.texts, created_at=row.created_at)

    def names(self) -> list[str]:
        """The names of all pools, in order."""
        with reading(self._engine) as connection:
            return sorted(connection.execute(select(_pools.c.name)).scalars())

    def begin_import(self, pool: str, fingerprint: str, source: str) -> int:
        """Rows of this input that were committed before (0 the first time)."""
        with writing(self._engine) as connection:
            _lock(connection, pool)
            done = connection.execute(select(_imports.c.rows_done).where(_of_import(pool, fingerprint))).scalar()
            if done is None:
                row = {"pool": pool, "fingerprint": fingerprint, "source": source}
                counts = {"rows_done": 0, "added": 0, "duplicates": 0, "finished": False}
                connection.execute(_imports.insert().values(row | counts))
        return done or 0

    def add_rows(
        self, pool: str, fingerprint: str, texts: Sequence[Text], skipped: Sequence[SkippedRow], rows_done: int
    ) -> None:
        """Commit a chunk in one transaction: new texts, folded duplicates, skipped rows, and the row count reached.

        Texts whose id the pool holds raise that text's `copies` instead. Raises UnknownName for a pool that does not
        exist, ValueError for an input that was not begun.
        """
        distinct, copies = _folded(texts)
        with writing(self._engine) as connection:
            columns = _lock(connection, pool)
            known = {
                row.id for ids in _chunks(list(distinct)) for row in connection.execute(_by_ids(pool, ids, _texts.c.id))
            }
            new = [text for text in distinct.values() if text.id not in known]
            _insert(connection, pool, new, copies)
            if known:
                connection.execute(
                    _texts.update()
                    .where(_texts.c.pool == pool, _texts.c.id == bindparam("known"))
                    .values(copies=_texts.c.copies + bindparam("more")),
                    [{"known": i, "more": copies[i]} for i in sorted(known)],
                )
            _keep_columns(connection, pool, columns, new)
            if skipped:
                at = {"pool": pool, "fingerprint": fingerprint}
                connection.execute(_skipped.insert(), [at | {"row": s.row, "reason": s.reason} for s in skipped])
            done = connection.execute(
                _imports.update()
                .where(_of_import(pool, fingerprint))
                .values(
                    rows_done=rows_done,
                    added=_imports.c.added + len(new),
                    duplicates=_imports.c.duplicates + sum(copies.values()) - len(new),
                )
            )
            if done.rowcount == 0:
                raise ValueError(f"input {fingerprint!r} of pool {pool!r} was not begun")

    def finish_import(self, pool: str, fingerprint: str) -> None:
        """Mark the input as read to its end."""
        with writing(self._engine) as connection:
            connection.execute(_imports.update().where(_of_import(pool, fingerprint)).values(finished=True))

    def import_totals(self, pool: str, fingerprint: str) -> Totals:
        """What this input brought, over all its tries; raises UnknownName for one that was never begun."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_imports).where(_of_import(pool, fingerprint))).one_or_none()
            if row is None:
                raise UnknownName(f"Pool {pool!r} has seen no such input. Add it first.")
            skipped = connection.execute(
                select(_skipped.c.row, _skipped.c.reason)
                .where(_skipped.c.pool == pool, _skipped.c.fingerprint == fingerprint)
                .order_by(_skipped.c.id)
            ).all()
        return Totals(
            rows=row.rows_done,
            added=row.added,
            duplicates=row.duplicates,
            skipped=tuple(SkippedRow(row=s.row, reason=s.reason) for s in skipped),
            finished=row.finished,
        )

    def text_ids(self, pool: str) -> list[TextId]:
        """All ids in the order of arrival, which is the row order of the pool's matrix."""
        with reading(self._engine) as connection:
            query = select(_texts.c.id).where(_texts.c.pool == pool).order_by(_texts.c.ordinal)
            return [TextId(i) for i in connection.execute(query).scalars()]

    def texts(self, pool: str, ids: Sequence[TextId] | None = None) -> list[Text]:
        """The texts of these ids in their order, or all in the order of arrival.

        Raises UnknownName for an id that the pool does not hold.
        """
        with reading(self._engine) as connection:
            if ids is None:
                return _read(connection, _in_order(pool))
            found = {
                text.id: text
                for some in _chunks(list(dict.fromkeys(ids)))
                for text in _read(connection, _by_ids(pool, some, _texts))
            }
        missing = [i for i in ids if i not in found]
        if missing:
            raise UnknownName(f"Pool {pool!r} holds no text with the id {missing[0]!r} ({len(missing):,} ids unknown).")
        return [found[i] for i in ids]

    def iter_texts(self, pool: str, *, start: int, size: int) -> list[Text]:
        """`size` texts from place `start` on, in the order of arrival."""
        with reading(self._engine) as connection:
            return _read(connection, _in_order(pool).where(_texts.c.ordinal >= start, _texts.c.ordinal < start + size))

    def places(self, pool: str, ids: Sequence[TextId]) -> dict[TextId, int]:
        """The places of these texts in the order of arrival; ids that the pool does not hold are left out."""
        with reading(self._engine) as connection:
            return {
                TextId(row.id): row.ordinal
                for some in _chunks(list(dict.fromkeys(ids)))
                for row in connection.execute(_by_ids(pool, some, _texts.c.id, _texts.c.ordinal))
            }

    def columns(self, pool: str) -> list[str]:
        """The names of the extra columns that came with the texts, in the order in which they came."""
        with reading(self._engine) as connection:
            return list(connection.execute(select(_pools.c.columns).where(_pools.c.name == pool)).scalar() or ())


def _unknown(name: str, names: Sequence[str]) -> UnknownName:
    there = f"There are: {', '.join(map(repr, names))}." if names else "There are none yet."
    return UnknownName(f"There is no pool {name!r}. {there} Adding a file makes one.")


def _of_import(pool: str, fingerprint: str) -> Any:
    return and_(_imports.c.pool == pool, _imports.c.fingerprint == fingerprint)


def _lock(connection: Connection, pool: str) -> list[str]:
    """Keep other writers from the pool until the end of the transaction; returns the pool's columns."""
    found = connection.execute(select(_pools.c.columns).where(_pools.c.name == pool).with_for_update()).one_or_none()
    if found is None:
        raise _unknown(pool, sorted(connection.execute(select(_pools.c.name)).scalars()))
    columns: list[str] = found.columns
    return columns


def _folded(texts: Sequence[Text]) -> tuple[dict[TextId, Text], dict[TextId, int]]:
    """The first text of each id, and the copies of all of them together."""
    distinct: dict[TextId, Text] = {}
    copies: dict[TextId, int] = {}
    for text in texts:
        distinct.setdefault(text.id, text)
        copies[text.id] = copies.get(text.id, 0) + text.copies
    return distinct, copies


def _insert(connection: Connection, pool: str, new: Sequence[Text], copies: dict[TextId, int]) -> None:
    if not new:
        return
    first = connection.execute(select(func.max(_texts.c.ordinal) + 1).where(_texts.c.pool == pool)).scalar() or 0
    connection.execute(
        _texts.insert(),
        [
            {
                "pool": pool,
                "id": text.id,
                "ordinal": place,
                "text": text.text,
                "copies": copies[text.id],
                "external_id": text.external_id,
                "fields": dict(text.fields),
            }
            for place, text in enumerate(new, start=first)
        ],
    )


def _keep_columns(connection: Connection, pool: str, known: list[str], new: Sequence[Text]) -> None:
    columns = list(dict.fromkeys([*known, *(name for text in new for name in text.fields)]))
    if columns != known:
        connection.execute(_pools.update().where(_pools.c.name == pool).values(columns=columns))


def _chunks(ids: Sequence[TextId]) -> Iterator[list[TextId]]:
    rest = iter(ids)
    while some := list(islice(rest, IDS_PER_QUERY)):
        yield some


def _by_ids(pool: str, ids: Sequence[TextId], *wanted: Any) -> Select[Any]:
    return select(*wanted).where(_texts.c.pool == pool, _texts.c.id.in_(ids))


def _in_order(pool: str) -> Select[Any]:
    return select(_texts).where(_texts.c.pool == pool).order_by(_texts.c.ordinal)


def _read(connection: Connection, query: Select[Any]) -> list[Text]:
    return [
        Text(id=TextId(row.id), text=row.text, copies=row.copies, external_id=row.external_id, fields=row.fields)
        for row in connection.execute(query)
    ]
