"""Tasks and the versions of their guidelines in SQL."""

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from tools.adapters.sql import schema, transactions
from tools.adapters.sql.transactions import reading, writing
from tools.engine.errors import UnknownName
from tools.engine.records import ClassDefinition, DeskSettings, Task

_tasks, _guidelines = schema.tasks, schema.guidelines


class SqlTasks:
    """The `TaskStore` over a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, task: Task) -> Task:
        """Store a new task or a new guideline version of it; returns it with its version.

        The version grows only when the description or the classes changed; the rest replaces what was there.
        """
        guideline = {"description": task.description, "classes": [asdict(c) for c in task.classes]}
        with writing(self._engine) as connection:
            transactions.replace(
                connection,
                _tasks,
                {"name": task.name},
                {
                    "pool": task.pool,
                    "positive": task.positive,
                    "rest": task.rest,
                    "oracle": task.oracle,
                    "budget": task.budget,
                    "stop": list(task.stop),
                },
            )
            newest = _newest(connection, task.name)
            if newest is not None and _guideline(newest) == (task.description, task.classes):
                version = newest.version
            else:
                version = 1 if newest is None else newest.version + 1
                connection.execute(_guidelines.insert().values(task=task.name, version=version, **guideline))
        return replace(task, guideline_version=version)

    def get(self, name: str) -> Task:
        """The newest version; raises UnknownName naming the tasks there are."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_tasks).where(_tasks.c.name == name)).one_or_none()
            newest = _newest(connection, name)
        if row is None or newest is None:
            raise self._unknown(name)
        description, classes = _guideline(newest)
        return Task(
            name=name,
            pool=row.pool,
            description=description,
            classes=classes,
            positive=row.positive,
            rest=row.rest,
            oracle=row.oracle,
            budget=row.budget,
            stop=tuple(row.stop),
            guideline_version=newest.version,
        )

    def delete(self, name: str) -> None:
        """Take away the task with all that hangs on it, in one transaction; its pool stays. Raises UnknownName."""
        hanging = (
            *(schema.picks, schema.rounds, schema.gold, schema.models, schema.labels),
            *(schema.opinions, schema.leases, schema.offline_batches, schema.guidelines),
        )
        with writing(self._engine) as connection:
            for table in hanging:
                connection.execute(table.delete().where(table.c.task == name))
            gone = connection.execute(_tasks.delete().where(_tasks.c.name == name)).rowcount
        if not gone:
            raise self._unknown(name)

    def desk(self, name: str) -> DeskSettings:
        """How people label the task's texts; the defaults until they are set. Raises UnknownName."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_tasks.c.desk).where(_tasks.c.name == name)).one_or_none()
        if row is None:
            raise self._unknown(name)
        return DeskSettings(**row.desk or {})

    def set_desk(self, name: str, settings: DeskSettings) -> None:
        """Store how people label the task's texts. Raises UnknownName."""
        with writing(self._engine) as connection:
            change = _tasks.update().where(_tasks.c.name == name).values(desk=asdict(settings))
            found = connection.execute(change).rowcount
        if not found:
            raise self._unknown(name)

    def names(self) -> list[str]:
        """The names of all tasks, in order."""
        with reading(self._engine) as connection:
            return sorted(connection.execute(select(_tasks.c.name)).scalars())

    def _unknown(self, name: str) -> UnknownName:
        names = self.names()
        there = f"There are: {', '.join(map(repr, names))}." if names else "There are none yet."
        return UnknownName(f"There is no task {name!r}. {there} Create it first.")


def _newest(connection: Connection, task: str) -> Row[Any] | None:
    query = select(_guidelines).where(_guidelines.c.task == task).order_by(_guidelines.c.version.desc()).limit(1)
    return connection.execute(query).one_or_none()


def _guideline(row: Row[Any]) -> tuple[str, tuple[ClassDefinition, ...]]:
    classes = tuple(
        ClassDefinition(name=c["name"], definition=c["definition"], examples=tuple(c["examples"])) for c in row.classes
    )
    return row.description, classes
