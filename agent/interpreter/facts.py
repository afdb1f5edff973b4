"""What the system message says about the workspace: the fenced JSON block at its end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FENCE = "```json\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """A task as far as the facts tell; of the current one also its guideline and numbers.

    `guideline` holds the classes as the tools take them, `labels` counts training labels, `rounds` those after the cold
    start.
    """

    name: str
    pool: str | None = None
    classes: tuple[str, ...] = ()
    guideline: tuple[Mapping[str, Any], ...] = ()
    positive: str | None = None
    oracle: str | None = None
    budget: float | None = None
    stop: tuple[str, ...] = ()
    labels: int = 0
    rounds: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPool:
    """A pool: how many texts it holds, and the names of its other columns."""

    texts: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The workspace: its pools and tasks by name, what the conversation is about, what runs, who can label.

    `jobs` are the kinds of those under way, `uploads` the names of uploaded files, newest first.
    """

    pools: Mapping[str, KnownPool] = field(default_factory=dict)
    tasks: Mapping[str, KnownTask] = field(default_factory=dict)
    pool: str | None = None
    task: str | None = None
    llm: bool = False
    jobs: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()

    @property
    def current(self) -> KnownTask | None:
        """The task the conversation is about, or the only one."""
        name = self.task or (next(iter(self.tasks)) if len(self.tasks) == 1 else None)
        return None if name is None else self.tasks.get(name, KnownTask(name=name))

    @property
    def current_pool(self) -> str | None:
        """The pool the conversation is about, that of its task, or the only one."""
        task = self.current
        return (
            self.pool
            or (None if task is None else task.pool)
            or (next(iter(self.pools)) if len(self.pools) == 1 else None)
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The other columns of that pool."""
        return self.pools.get(self.current_pool or "", KnownPool()).columns


def read_facts(system: str) -> Facts:
    """The facts of a system message; empty ones where it holds no such block."""
    _, fence, tail = system.rpartition(FENCE)
    if not fence:
        return Facts()
    try:
        block = json.loads(tail.partition("\n```")[0])
    except ValueError:
        return Facts()
    return _facts(block) if isinstance(block, dict) else Facts()


def _facts(block: Mapping[str, Any]) -> Facts:
    current = block.get("current")
    current = current if isinstance(current, dict) else {}
    pools = [_named(one) for one in _list(block.get("pools"))]
    tasks = [_named(one) for one in _list(block.get("tasks"))]
    jobs = [_named(one) for one in _list(block.get("jobs"))]
    return Facts(
        pools={
            one["name"]: KnownPool(texts=_number(one.get("texts")), columns=tuple(map(str, _list(one.get("columns")))))
            for one in pools
        },
        tasks={one["name"]: _task(one) for one in tasks},
        pool=_text(current.get("pool")),
        task=_text(current.get("task")),
        llm=bool(block.get("llm")),
        jobs=tuple(str(one.get("kind", one["name"])) for one in jobs),
        uploads=tuple(map(str, _list(block.get("uploads")))),
    )


def _task(one: Mapping[str, Any]) -> KnownTask:
    classes = [_named(each) for each in _list(one.get("classes"))]
    last = one.get("last_round")
    last = last if isinstance(last, dict) else {}
    return KnownTask(
        name=one["name"],
        pool=_text(one.get("pool")),
        classes=tuple(each["name"] for each in classes),
        guideline=tuple(classes),
        positive=_text(one.get("positive")),
        oracle=_text(one.get("oracle")),
        budget=one["budget"] if isinstance(one.get("budget"), int | float) else None,
        stop=tuple(map(str, _list(one.get("stop")))),
        labels=_number(last.get("labels")),
        rounds=_number(last.get("round")),
        waiting=_number(one.get("waiting")),
    )


def _named(one: Any) -> dict[str, Any]:
    """A thing of the block, which is a name or a mapping with one."""
    if not isinstance(one, dict):
        return {"name": str(one)}
    return {**one, "name": str(one.get("name", one.get("id", "")))}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else list(value) if isinstance(value, dict) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
