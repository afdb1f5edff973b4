"""What single people and models said of texts, in SQL, append-only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, func, select

from tools.adapters.sql import schema
from tools.adapters.sql.growing import Growing
from tools.adapters.sql.transactions import reading, writing
from tools.engine.records import Opinion, OpinionPurpose, TextId

_opinions = schema.opinions


class SqlOpinions:
    """The `OpinionStore` over a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows = Growing(engine, _opinions, _opinion)

    def append(self, task: str, opinion: Opinion) -> None:
        """Commit one opinion in a transaction of its own."""
        with writing(self._engine) as connection:
            connection.execute(_opinions.insert().values(asdict(opinion) | {"task": task}))

    def of(
        self, task: str, *, purpose: OpinionPurpose | None = None, texts: Sequence[TextId] | None = None
    ) -> list[Opinion]:
        """The task's opinions, oldest first: of one purpose, or on some texts, or all."""
        wanted = None if texts is None else set(texts)
        return [
            one
            for one in self._rows.of(task)
            if purpose in {None, one.purpose} and (wanted is None or one.text_id in wanted)
        ]

    def spent(self, task: str) -> float:
        """Dollars paid for opinions so far."""
        query = select(func.coalesce(func.sum(_opinions.c.cost), 0.0)).where(_opinions.c.task == task)
        with reading(self._engine) as connection:
            return float(connection.execute(query).scalar_one())


def _opinion(row: Mapping[Any, Any]) -> Opinion:
    values = dict(row)
    del values["id"], values["task"], values["held"]
    return Opinion(**values | {"text_id": TextId(values["text_id"])})
