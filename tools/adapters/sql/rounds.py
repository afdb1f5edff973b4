"""The loop's state in SQL: gold samples, rounds with their picks, and models."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, Row, func, select

from tools.adapters.sql import schema, transactions
from tools.adapters.sql.transactions import reading, writing
from tools.engine import scoring
from tools.engine.errors import UnknownName
from tools.engine.records import GoldItem, ModelId, ModelRecord, Pick, Round, RoundStatus, StopDecision, TextId

_tasks, _gold, _rounds, _picks, _models = schema.tasks, schema.gold, schema.rounds, schema.picks, schema.models


class SqlRounds:
    """The `RoundStore` over a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def gold(self, task: str) -> list[GoldItem] | None:
        """The gold sample, or None before it was drawn."""
        with reading(self._engine) as connection:
            if not connection.execute(select(_tasks.c.gold_drawn).where(_tasks.c.name == task)).scalar():
                return None
            rows = connection.execute(select(_gold).where(_gold.c.task == task).order_by(_gold.c.place)).all()
        return [GoldItem(text_id=TextId(row.text_id), stratum=row.stratum, weight=row.weight) for row in rows]

    def save_gold(self, task: str, items: Sequence[GoldItem]) -> None:
        """Store the gold sample once; raises ValueError when there is one, or no such task."""
        with writing(self._engine) as connection:
            free = _tasks.update().where(_tasks.c.name == task, ~_tasks.c.gold_drawn).values(gold_drawn=True)
            if connection.execute(free).rowcount == 0:
                raise ValueError(f"task {task!r} has a gold sample already, or does not exist")
            if items:
                rows = [asdict(item) | {"task": task, "place": place} for place, item in enumerate(items)]
                connection.execute(_gold.insert(), rows)

    def rounds(self, task: str) -> list[Round]:
        """All rounds in order of number."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_rounds).where(_rounds.c.task == task).order_by(_rounds.c.number)).all()
        return [_round(row) for row in rows]

    def save(self, task: str, round_: Round, picks: Sequence[Pick] | None = None) -> None:
        """Insert or replace the round; with `picks`, its items too, in the same transaction."""
        key = {"task": task, "number": round_.number}
        with writing(self._engine) as connection:
            transactions.replace(connection, _rounds, key, _columns(round_))
            if picks is None:
                return
            connection.execute(_picks.delete().where(_picks.c.task == task, _picks.c.round == round_.number))
            if picks:
                at = {"task": task, "round": round_.number}
                connection.execute(_picks.insert(), [asdict(p) | at | {"rank": rank} for rank, p in enumerate(picks)])

    def picks(self, task: str, number: int) -> list[Pick]:
        """The items of a round in the order in which they were picked."""
        query = select(_picks).where(_picks.c.task == task, _picks.c.round == number).order_by(_picks.c.rank)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [Pick(text_id=TextId(row.text_id), score=row.score, strategy=row.strategy) for row in rows]

    def add_pick(self, task: str, number: int, pick: Pick) -> None:
        """Add an item behind those of a round, unless its text is among them; the round itself stays as it is."""
        of_round = _picks.c.task == task, _picks.c.round == number
        with writing(self._engine) as connection:
            if connection.execute(select(_picks).where(*of_round, _picks.c.text_id == pick.text_id)).first():
                return
            rank = connection.execute(select(func.max(_picks.c.rank) + 1).where(*of_round)).scalar() or 0
            connection.execute(_picks.insert().values(asdict(pick) | {"task": task, "round": number, "rank": rank}))

    def save_model(self, model: ModelRecord) -> None:
        """Insert or replace a model's record; a replaced one keeps its place among the task's models."""
        values = asdict(model) | {"classes": list(model.classes)}
        key = {"id": values.pop("id")}
        with writing(self._engine) as connection:
            transactions.replace(connection, _models, key, values)

    def models(self, task: str) -> list[ModelRecord]:
        """The task's models, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_models).where(_models.c.task == task).order_by(_models.c.row)).all()
        return [_model(row) for row in rows]

    def model(self, model_id: str) -> ModelRecord:
        """One model; raises UnknownName naming the newest ones there are."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_models).where(_models.c.id == model_id)).one_or_none()
            newest = connection.execute(select(_models.c.id).order_by(_models.c.row.desc()).limit(10)).scalars().all()
        if row is None:
            there = f"The newest are: {', '.join(map(repr, newest))}." if newest else "There are none yet."
            raise UnknownName(f"There is no model {model_id!r}. {there} Each round makes one.")
        return _model(row)


def _columns(round_: Round) -> dict[str, Any]:
    return {
        "status": round_.status.value,
        "strategy": round_.strategy,
        "learner": round_.learner,
        "seed": round_.seed,
        "labels": round_.labels,
        "oracle_calls": round_.oracle_calls,
        "cost": round_.cost,
        "seconds": round_.seconds,
        "model_id": round_.model_id,
        "scores": None if round_.scores is None else scoring.to_json(round_.scores),
        "agreement": round_.agreement,
        "stop_rule": None if round_.stop is None else round_.stop.rule,
        "stop_reason": None if round_.stop is None else round_.stop.reason,
    }


def _round(row: Row[Any]) -> Round:
    return Round(
        number=row.number,
        status=RoundStatus(row.status),
        strategy=row.strategy,
        learner=row.learner,
        seed=row.seed,
        labels=row.labels,
        oracle_calls=row.oracle_calls,
        cost=row.cost,
        seconds=row.seconds,
        model_id=None if row.model_id is None else ModelId(row.model_id),
        scores=None if row.scores is None else scoring.from_json(row.scores),
        agreement=row.agreement,
        stop=None if row.stop_rule is None else StopDecision(rule=row.stop_rule, reason=row.stop_reason),
    )


def _model(row: Row[Any]) -> ModelRecord:
    return ModelRecord(
        id=ModelId(row.id),
        task=row.task,
        round=row.round,
        learner=row.learner,
        path=row.path,
        classes=tuple(row.classes),
        guideline_version=row.guideline_version,
        seed=row.seed,
        labels=row.labels,
        threshold=row.threshold,
        created_at=row.created_at,
    )
