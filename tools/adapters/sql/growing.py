"""Rows of a task in a table that only grows: held in memory, so that only what is new is read."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Table, func, select

from tools.adapters.sql.transactions import reading

T = TypeVar("T")


class Growing(Generic[T]):
    """The rows of `table`, which has the columns `id` and `task`, as records that `made_of` makes of them."""

    def __init__(self, engine: Engine, table: Table, made_of: Callable[[Mapping[Any, Any]], T]) -> None:
        self._engine = engine
        self._table = table
        self._made_of = made_of
        self._known: dict[str, tuple[int, tuple[T, ...]]] = {}

    def of(self, task: str) -> tuple[T, ...]:
        """The task's records, oldest first; the same object as long as there are no new ones.

        Read anew from the beginning where the last one known is not the same any more, as the task was deleted and made
        again, and where an earlier one has turned up, as when two connections of PostgreSQL commit out of turn.
        """
        last, known = self._known.get(task, (-1, ()))
        of_task = self._table.c.task == task
        count = select(func.count()).select_from(self._table).where(of_task).scalar_subquery()
        query = select(self._table, count.label("held")).where(of_task).order_by(self._table.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(self._table.c.id >= last)).mappings().all()
            same = bool(known) and bool(rows) and self._made_of(rows[0]) == known[-1]
            if known and not (same and len(known) + len(rows) - 1 == rows[0]["held"]):
                rows, known = connection.execute(query).mappings().all(), ()
        if known and len(rows) == 1:
            return known
        known = (*known, *map(self._made_of, rows[1:] if known else rows))
        self._known[task] = (rows[-1]["id"], known) if rows else (-1, ())
        return known
