"""The answers of oracles in SQL, append-only."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, func, select

from tools.adapters.sql import schema
from tools.adapters.sql.growing import Growing
from tools.adapters.sql.transactions import reading, writing
from tools.engine.records import Answer, Label, Role, TextId

_labels = schema.labels


class SqlLabels:
    """The `LabelStore` over a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows = Growing(engine, _labels, _label)
        self._newest: dict[str, tuple[tuple[Label, ...], dict[TextId, Label]]] = {}

    def append(self, task: str, label: Label) -> None:
        """Commit one label in a transaction of its own."""
        row = asdict(label) | {"task": task}
        answer = row.pop("answer")
        with writing(self._engine) as connection:
            connection.execute(_labels.insert().values(row | answer))

    def current(self, task: str, role: Role | None = None) -> dict[TextId, Label]:
        """The newest label of each text, in the order in which texts were first labeled; withdrawn ones left out.

        The newest answer alone decides: where it is withdrawn, or was given in another role, an earlier one does not
        come back.
        """
        rows = self._rows.of(task)
        seen, newest = self._newest.get(task, ((), {}))
        if seen is not rows:
            grown = len(rows) >= len(seen) > 0 and rows[len(seen) - 1] is seen[-1]
            newest = {**(newest if grown else {})}
            newest.update((label.text_id, label) for label in (rows[len(seen) :] if grown else rows))
            self._newest[task] = (rows, newest)
        return {
            text: label
            for text, label in newest.items()
            if label.answer.outcome != "withdrawn" and role in {None, label.role}
        }

    def history(self, task: str) -> list[Label]:
        """Every answer ever given, oldest first."""
        return list(self._rows.of(task))

    def spent(self, task: str) -> float:
        """Dollars paid for answers so far, failed ones included."""
        query = select(func.coalesce(func.sum(_labels.c.cost), 0.0)).where(_labels.c.task == task)
        with reading(self._engine) as connection:
            return float(connection.execute(query).scalar_one())


def _label(row: Mapping[Any, Any]) -> Label:
    return Label(
        answer=Answer(
            text_id=TextId(row["text_id"]),
            outcome=row["outcome"],
            label=row["label"],
            confidence=row["confidence"],
            cost=row["cost"],
            seconds=row["seconds"],
            source=row["source"],
            model=row["model"],
            prompt_hash=row["prompt_hash"],
            note=row["note"],
        ),
        role=row["role"],
        round=row["round"],
        guideline_version=row["guideline_version"],
        at=row["at"],
    )
