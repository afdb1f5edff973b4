"""The facts of a workspace for the system prompt, read from the database each time; never remembered by the model."""

from collections.abc import Mapping
from typing import Any

from agent import receipts
from agent.data_blocks import fitted
from agent.places import Places
from tools.engine.errors import UnknownName
from tools.labeling import spent_on, waiting_ids
from tools.workbench import Workbench

MOST = 20
"""Pools, tasks and files that are listed."""
LONGEST = 6_000
"""Characters of the block."""


def facts_block(bench: Workbench, places: Places, current: Mapping[str, str]) -> str:
    """The facts as a fenced block of quoted JSON."""
    return f"```json\n{fitted(workspace_facts(bench, places, current), LONGEST)}\n```"


def workspace_facts(bench: Workbench, places: Places, current: Mapping[str, str]) -> dict[str, Any]:
    """Pools, tasks, what the conversation is about, whether a language model is set, jobs under way, files.

    The current task, or the only one, comes with its definitions and numbers.
    """
    pools, tasks = bench.pools.names(), bench.tasks.names()
    about = {kind: name for kind, name in current.items() if name in {"pool": pools, "task": tasks}.get(kind, [name])}
    if len(tasks) == 1:
        about.setdefault("task", tasks[0])
    if len(pools) == 1:
        about.setdefault("pool", pools[0])
    return {
        "pools": [
            {"name": name, "texts": bench.pools.get(name).texts, "columns": bench.pools.columns(name)}
            for name in _first(pools, about.get("pool"))
        ],
        "tasks": [_task(bench, name, in_full=name == about.get("task")) for name in _first(tasks, about.get("task"))],
        "current": about,
        "llm": bench.settings.llm_base_url is not None and bench.settings.llm_model is not None,
        "jobs": [
            {"id": job.id, "kind": job.kind, "status": job.status} for job in bench.jobs.list("running", "queued")
        ],
        "uploads": places.uploaded()[:MOST],
    }


def texts_waiting(bench: Workbench, name: str) -> int | None:
    """How many texts of a task wait for a person's label; None when the task is gone."""
    try:
        return len(waiting_ids(bench, bench.tasks.get(name), bench.labels.current(name)))
    except UnknownName:
        return None


def _first(names: list[str], current: str | None) -> list[str]:
    """At most so many names, the current one among them."""
    kept = names[:MOST]
    return kept if current is None or current in kept else [current, *kept[:-1]]


def _task(bench: Workbench, name: str, *, in_full: bool) -> dict[str, Any]:
    task = bench.tasks.get(name)
    known: dict[str, Any] = {"name": name, "pool": task.pool, "positive": task.positive, "oracle": task.oracle}
    if not in_full:
        return {**known, "classes": list(task.class_names)}
    rounds, held = bench.rounds.rounds(name), bench.labels.current(name)
    stop = rounds[-1].stop if rounds else None
    return {
        **known,
        **receipts.guideline(task),
        "spent": spent_on(bench, task),
        "labels": sum(1 for label in held.values() if label.answer.label is not None),
        "waiting": len(waiting_ids(bench, task, held)),
        "rounds": len(rounds),
        "last_round": receipts.round_card(rounds[-1]) if rounds else None,
        "ended": None if stop is None else {"rule": stop.rule, "reason": stop.reason},
    }
