"""Records as short JSON values for receipts and facts: numbers rounded, intervals kept, texts with their ids."""

from collections.abc import Iterable
from typing import Any

from tools.engine.records import ClassDefinition, Estimate, Round, Scores, Task, Text


def interval(estimate: Estimate) -> dict[str, float]:
    """A score with its 95 % interval."""
    return {"value": round(estimate.value, 3), "low": round(estimate.low, 3), "high": round(estimate.high, 3)}


def scores(found: Scores | None) -> dict[str, Any] | None:
    """How good a model is: of the positive class where there is one, else over all classes."""
    if found is None:
        return None
    positive = None if found.positive is None else found.per_class.get(found.positive)
    shown = (
        {"accuracy": found.accuracy, "macro_f1": found.macro_f1}
        if positive is None
        else {"precision": positive.precision, "recall": positive.recall, "f1": positive.f1}
    )
    return {
        "basis": found.basis,
        "n": found.n,
        "of": found.positive or "all classes",
        **{name: interval(one) for name, one in shown.items()},
    }


def per_class(found: Scores) -> dict[str, Any]:
    """Precision, recall and F1 of each class, and how many judged texts belong to it."""
    return {
        name: {
            "precision": interval(one.precision),
            "recall": interval(one.recall),
            "f1": interval(one.f1),
            "texts": one.support,
        }
        for name, one in found.per_class.items()
    }


def round_card(one: Round) -> dict[str, Any]:
    """A round in short."""
    return {
        "round": one.number,
        "status": str(one.status),
        "labels": one.labels,
        "oracle_calls": one.oracle_calls,
        "cost": round(one.cost, 6),
        "strategy": one.strategy,
        "learner": one.learner,
        "scores": scores(one.scores),
    }


def classes(task_classes: Iterable[ClassDefinition]) -> list[dict[str, Any]]:
    """Classes with what belongs to them."""
    return [{"name": c.name, "definition": c.definition, "examples": list(c.examples)} for c in task_classes]


def guideline(task: Task) -> dict[str, Any]:
    """A task as it is set."""
    return {
        "task": task.name,
        "pool": task.pool,
        "description": task.description,
        "guideline_version": task.guideline_version,
        "classes": classes(task.classes),
        "positive": task.positive,
        "rest": task.rest,
        "oracle": task.oracle,
        "budget": task.budget,
        "stop": list(task.stop),
    }


def texts(found: Iterable[Text]) -> list[dict[str, str]]:
    """Texts with the ids by which they are spoken about."""
    return [{"id": text.id, "text": text.text} for text in found]
