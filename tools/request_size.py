"""How many texts a request to a language model can be about: measured, against the answers that texts get alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from tools.engine.errors import AskAgain, BudgetSpent
from tools.engine.records import Answer, Estimate, Task, Text, TextId
from tools.engine.shares import wilson
from tools.labeling import spending_limit, spent_on
from tools.opinions import opinion_of
from tools.workbench import Workbench

SIZES = (5, 10, 20)
SAMPLED = 60
ALIKE = 0.95
"""Share of texts that must get the class they get alone, for a size to be recommended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One size of requests: how many texts got the class they get alone, and what a text takes."""

    items: int
    alike: Estimate
    unanswered: int
    dollars_per_text: float
    seconds_per_text: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSizes:
    """The sizes tried, texts alone first; `recommended` is the largest that leaves the answers as they are."""

    texts: int
    tried: tuple[Tried, ...]
    recommended: int
    cost: float


def measure_request_size(  # noqa: PLR0913 - what is tried, named by the caller
    bench: Workbench,
    task: Task,
    *,
    model: str | None = None,
    sizes: Sequence[int] = SIZES,
    sample: int = SAMPLED,
    seed: int = 0,
) -> RequestSizes:
    """Ask about texts drawn at random alone, then in requests of each size, and compare the classes.

    The answers are kept as opinions, and their cost counts in the task's; what was answered alone before is not paid
    again. Raises AskAgain for sizes that are none, BudgetSpent when it could cost more than is left.
    """
    if not sizes or min(sizes) < 2:
        raise AskAgain("Name sizes of 2 texts a request or more, such as 5, 10, 20.")
    ids = bench.pools.text_ids(task.pool)
    drawn = np.random.default_rng(seed).permutation(len(ids))[: max(sample, *sizes)]
    texts = bench.pools.texts(task.pool, [ids[row] for row in drawn])
    ways = [1, *sorted(set(sizes))]
    limit = spending_limit(bench, task.budget)
    priced = limit is not None
    bound = sum(bench.llm_oracle(task, model=model, priced=priced, items=way).price(texts) for way in ways)
    if limit is not None and spent_on(bench, task) + bound > limit:
        raise BudgetSpent(
            f"Asking about {len(texts)} texts in {len(ways)} ways can cost up to ${bound:.4f}, more than is left of "
            f"the ${limit:.4f} that task {task.name!r} may spend. Take fewer texts or sizes, or raise the budget."
        )
    alone: dict[TextId, str | None] = {}
    tried: list[Tried] = []
    for way in ways:
        answers, seconds = _ask(bench, task, texts, model=model, items=way)
        classes = {answer.text_id: answer.label for answer in answers if answer.outcome != "failed"}
        alone = alone or dict(classes)
        same = sum(classes[i] == alone[i] for i in classes.keys() & alone.keys())
        low, high = wilson(same / max(1, len(alone)), max(1, len(alone)))
        tried.append(
            Tried(
                items=way,
                alike=Estimate(value=same / max(1, len(alone)), low=low, high=high),
                unanswered=len(texts) - len(classes),
                dollars_per_text=sum(answer.cost for answer in answers) / len(texts),
                seconds_per_text=seconds / len(texts),
            )
        )
        bench.progress("request sizes", len(tried), len(ways))
    good = [one for one in tried if one.alike.value >= ALIKE and one.unanswered <= tried[0].unanswered]
    return RequestSizes(
        texts=len(texts),
        tried=tuple(tried),
        recommended=max(one.items for one in [*good, tried[0]]),
        cost=sum(one.dollars_per_text * len(texts) for one in tried),
    )


def _ask(
    bench: Workbench, task: Task, texts: Sequence[Text], *, model: str | None, items: int
) -> tuple[list[Answer], float]:
    oracle = bench.llm_oracle(task, model=model, items=items, cached=items == 1)
    began = perf_counter()
    answers = []
    for answer in oracle.answers(texts, task):
        opinion = opinion_of(answer, task, purpose="repeat", at=bench.clock(), variant=f"{items} a request")
        bench.opinions.append(task.name, opinion)
        answers.append(answer)
    return answers, perf_counter() - began
