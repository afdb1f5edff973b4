"""What the interpreter does next, and the figures of a run as the tools take them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.interpreter.facts import Facts, KnownPool, KnownTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is said, and the one tool that is called, if any."""

    text: str = ""
    tool: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)


RUN = (
    "oracle",
    "rounds",
    "labels",
    "batch",
    "gold",
    "gold_oracle",
    "until",
    "strategy",
    "learner",
    "budget",
    "gate",
    "quality",
    "minutes",
    "seed_only",
)
ESTIMATE = ("oracle", "rounds", "labels", "batch", "gold", "budget", "gate", "quality", "minutes")
"""Arguments of the tools that figures fill."""
BY_HAND: Mapping[str, Any] = MappingProxyType({"labels": 200, "gold": 60, "batch": 20})
BY_MACHINE: Mapping[str, Any] = MappingProxyType({"labels": 300, "gold": 100, "batch": 25})
"""What a plan proposes where nothing was said; a person's time is dearer."""
GOLD_SHARE = 5
"""At most one text in so many of a pool is proposed for the gold sample."""


def run_args(said: Mapping[str, Any], facts: Facts, *, takes: tuple[str, ...] = RUN) -> dict[str, Any]:
    """Figures as arguments: what was said to come on top is added to what the task holds."""
    task = known_task(said, facts)
    args = {key: said[key] for key in takes if said.get(key) is not None}
    if "rounds" in args:
        args["rounds"] += task.rounds
    if "labels" in args and not said.get("in_all"):
        args["labels"] += task.labels
    return {**({"task": said["task"]} if said.get("task") else {}), **args}


def planned(said: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """The figures of a plan: what was said, and what is proposed for the rest."""
    task = known_task(said, facts)
    oracle = said.get("oracle") or task.oracle or ("llm" if facts.llm else "human")
    proposed = dict(BY_HAND if oracle == "human" else BY_MACHINE)
    texts = facts.pools.get(task.pool or facts.current_pool or "", KnownPool()).texts
    proposed["gold"] = min(proposed["gold"], max(texts // GOLD_SHARE, 1)) if texts else proposed["gold"]
    if "rounds" in said:
        del proposed["labels"]
    if task.rounds or task.labels:
        del proposed["gold"]  # it is drawn once
    until = [] if {"labels", "rounds", "until"} & said.keys() else ["precision>=0.95" if task.positive else "plateau"]
    figures = {key: said[key] for key in ("task", "in_all", *RUN) if said.get(key) is not None}
    return {**proposed, **({"until": until} if until else {}), **figures, "oracle": oracle}


def known_task(said: Mapping[str, Any], facts: Facts) -> KnownTask:
    """The task that is meant, as far as it is known."""
    name = said.get("task")
    found = facts.tasks.get(name) if name else facts.current
    return found or KnownTask(name=name or "")
