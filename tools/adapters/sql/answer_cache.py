"""Answers of language models that were paid for, in SQL: they outlive the tasks that asked."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Engine, and_, select

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, writing
from tools.engine.paid import PaidAnswer

_answers = schema.answer_cache
_COLUMNS = tuple(_answers.c[one.name] for one in fields(PaidAnswer))
AT_ONCE = 500
"""Items named in one statement: databases take a limited number of parameters."""


class SqlAnswerCache:
    """The `AnswerCache` over a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def find(self, prompt: str, model: str, items: Sequence[str]) -> dict[str, PaidAnswer]:
        """The answers there are for `items`, by item."""
        found: dict[str, PaidAnswer] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(items), AT_ONCE):
                query = select(*_COLUMNS).where(
                    _answers.c.prompt == prompt,
                    _answers.c.model == model,
                    _answers.c.item.in_(items[start : start + AT_ONCE]),
                )
                found |= {row["item"]: PaidAnswer(**row) for row in connection.execute(query).mappings()}
        return found

    def keep(self, prompt: str, model: str, answers: Sequence[PaidAnswer], settled: Sequence[str] = ()) -> None:
        """Commit answers, and that nothing is owed any more for the `settled` items, in one transaction.

        It outlives the process, and a power cut as soon as the label that follows has been committed.
        """
        mine = and_(_answers.c.prompt == prompt, _answers.c.model == model)
        key = {"prompt": prompt, "model": model, "at": self._clock()}
        newest = {answer.item: asdict(answer) | key for answer in answers}
        with writing(self._engine, lasting=False) as connection:
            for start in range(0, len(settled), AT_ONCE):
                part = settled[start : start + AT_ONCE]
                connection.execute(_answers.update().where(mine, _answers.c.item.in_(part)).values(owed=0.0))
            for start in range(0, len(newest), AT_ONCE):
                part = list(newest)[start : start + AT_ONCE]
                connection.execute(_answers.delete().where(mine, _answers.c.item.in_(part)))
                connection.execute(_answers.insert(), [newest[item] for item in part])

    def latest(self, model: str, *, limit: int) -> list[PaidAnswer]:
        """The model's newest answers whose tokens were counted, for whatever prompt."""
        query = (
            select(*_COLUMNS)
            .where(_answers.c.model == model, _answers.c.input_tokens.is_not(None))
            .order_by(_answers.c.at.desc(), _answers.c.item)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [PaidAnswer(**row) for row in connection.execute(query).mappings()]
