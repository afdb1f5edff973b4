"""Batches that an endpoint answers in its own time, in SQL."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, select

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, replace, writing
from tools.engine.paid import OfflineBatch, OfflineText

_batches = schema.offline_batches


class SqlOfflineBatches:
    """The `OfflineStore` over a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, batch: OfflineBatch) -> None:
        """Insert or replace a batch."""
        row = asdict(batch)
        with writing(self._engine) as connection:
            replace(connection, _batches, {"id": row.pop("id")}, row)

    def of(self, task: str) -> list[OfflineBatch]:
        """The task's batches, oldest first."""
        query = select(_batches).where(_batches.c.task == task).order_by(_batches.c.row)
        with reading(self._engine) as connection:
            return [_batch(row) for row in connection.execute(query).mappings()]


def _batch(row: Mapping[Any, Any]) -> OfflineBatch:
    fields = {name: value for name, value in row.items() if name not in {"row", "texts"}}
    return OfflineBatch(**fields, texts=tuple(OfflineText(**text) for text in row["texts"]))
