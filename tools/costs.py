"""What a task has cost and may still cost: by source, by what is under way, and what is left of its budget."""

from collections import defaultdict
from dataclasses import dataclass

from tools.engine.records import Task
from tools.labeling import spending_limit, spent_on
from tools.offline import reserved
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCost:
    """What one source gave and took: answers, those of them that were paid, failed ones, and dollars."""

    source: str
    answers: int
    paid: int
    failed: int
    dollars: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Dollars of a task: `spent` on labels and opinions, `reserved` for offline batches, `left` of the `limit`.

    `under_way_at_kills` counts answers of all tasks that killed processes had asked for and not kept yet: the endpoint
    may have answered them, and charges again when they are asked for again.
    `limit` is the lower of the task's budget and the installation's cap, None where there is neither.
    """

    task: str
    sources: tuple[SourceCost, ...]
    spent: float
    opinions: float
    reserved: float
    limit: float | None
    left: float | None
    under_way_at_kills: int = 0


def costs(bench: Workbench, task: Task) -> Costs:
    """The account of `task`, dearest source first."""
    answers = defaultdict(list)
    for label in bench.labels.history(task.name):
        if label.answer.outcome != "withdrawn":
            answers[label.answer.source].append(label.answer)
    sources = [
        SourceCost(
            source=source,
            answers=len(given),
            paid=sum(answer.cost > 0 for answer in given),
            failed=sum(answer.outcome == "failed" for answer in given),
            dollars=sum(answer.cost for answer in given),
        )
        for source, given in answers.items()
    ]
    spent, limit = spent_on(bench, task), spending_limit(bench, task.budget)
    under = reserved(bench.language_models.batches.of(task.name))
    return Costs(
        task=task.name,
        sources=tuple(sorted(sources, key=lambda one: (-one.dollars, one.source))),
        spent=spent,
        opinions=bench.opinions.spent(task.name),
        reserved=under,
        limit=limit,
        left=None if limit is None else max(0.0, limit - spent - under),
        under_way_at_kills=bench.language_models.left_under_way(),
    )
