"""A language model as the learner: what it is asked about, what that costs, and how it is held to the budget."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tools.answers import Purpose
from tools.engine.demonstrations import Demonstration
from tools.engine.errors import AskAgain
from tools.engine.features import Features
from tools.engine.learning import IN_CONTEXT, Fitted, TrainingSet
from tools.engine.ports import Classifier, Probabilities
from tools.engine.records import Answer, ModelRecord, Task, Text, TextId
from tools.labeling import affordable, spending_limit, spent_on
from tools.opinions import opinion_of
from tools.pool import text_id
from tools.workbench import Workbench

Range = tuple[float, float]

VARIANT = IN_CONTEXT
"""The variant of an answer that is a prediction."""
SAMPLED = 100
"""Texts that the price of all is taken from."""


def predict(
    bench: Workbench, model: ModelRecord, texts: Sequence[str], features: Features | None = None
) -> Probabilities:
    """Class probabilities by any model; `features` are those of the texts where the caller has them.

    Raises what `fit_in_context` raises where the model is a language model.
    """
    folder = bench.model_folder(model.id)
    if model.learner != IN_CONTEXT:
        return bench.predict(folder, list(texts), features)
    task = bench.tasks.get(model.task)
    if features is None:
        encoder = bench.pools.get(task.pool).encoder
        features = bench.submit_features(list(texts), encoder, folder / "space.safetensors").result()

    def asking(asked: Task, name: str) -> Callable[..., Iterator[Answer]]:
        return _asking(bench, task, asked, name, budget=asked.budget if task.budget is None else task.budget)

    return bench.language_models.learnt(folder, task, asking).probabilities(texts, features)


def fit_in_context(  # noqa: PLR0913 - what is learnt, how it is named, and what it may cost
    bench: Workbench,
    task: Task,
    record: ModelRecord,
    examples: TrainingSet,
    manifest: Mapping[str, Any],
    *,
    budget: float | None,
    score: Callable[[Classifier], Probabilities],
) -> Fitted:
    """Ask about the examples for held-out probabilities and, by `score`, about the pool; then there is a model.

    Raises BudgetSpent before a text that could cost more than is left, and OracleUnavailable; the answers that were
    paid for are kept, and are not paid again.
    """
    asked = replace(task, budget=budget)
    ask = _asking(bench, task, asked, None, budget=budget)
    folder = bench.model_folder(record.id)
    return bench.language_models.learn(ask, asked, examples, folder, manifest, seed=record.seed, score=score)


def _asking(
    bench: Workbench, task: Task, asked: Task, model: str | None, *, budget: float | None
) -> Callable[[Sequence[Text], Mapping[TextId, Sequence[Demonstration]]], Iterator[Answer]]:
    """What has the language model answer within the budget of `task`; what is paid counts among its costs."""
    priced = spending_limit(bench, budget) is not None

    def ask(texts: Sequence[Text], before: Mapping[TextId, Sequence[Demonstration]]) -> Iterator[Answer]:
        oracle = bench.llm_oracle(asked, model=model, priced=priced, before=before)
        known = {text.id: text_id(text.text) for text in texts}
        done = 0
        for group in affordable(bench, oracle, texts, Purpose(task=task, role="train", round=0, budget=budget)):
            for answer in oracle.answers(group, asked):
                if answer.cost:
                    paid = replace(answer, text_id=known[answer.text_id])
                    opinion = opinion_of(paid, task, purpose="repeat", at=bench.clock(), variant=VARIANT)
                    bench.opinions.append(task.name, opinion)
                done += 1
                bench.progress("asking with examples", done, len(texts))
                yield answer

    return ask


def check_price(bench: Workbench, task: Task, learner: str, budget: float | None) -> None:
    """Raise AskAgain where `learner` would ask about the pool, and that is likely to cost more than is left.

    Without a limit too, as long as it costs anything: nobody should learn of such a price from a bill.
    """
    if learner != IN_CONTEXT:
        return
    count, price = price_of_pool(bench, task)
    what = f"The learner {IN_CONTEXT} asks the language model about {count:,} texts of pool {task.pool!r}"
    instead = "or take another learner, which costs nothing"
    if price is None:
        raise AskAgain(
            f"{what}, and the price of the model is not known. Add it to the price table, with 0 where it costs "
            f"nothing, {instead}.",
            argument="learner",
        )
    limit = spending_limit(bench, budget)
    dollars = f"${price[0]:,.4f} to ${price[1]:,.4f}"
    if limit is None and price[1] > 0:
        raise AskAgain(
            f"{what}, for about {dollars}, beside the labels. Allow a budget that holds it, {instead}.",
            argument="budget",
        )
    left = price[1] if limit is None else limit - spent_on(bench, task)
    if price[1] > left:
        raise AskAgain(
            f"{what}, for about {dollars}, beside the labels; ${left:,.4f} of ${limit:,.4f} is left. Raise the budget, "
            f"take a smaller pool, {instead}.",
            argument="budget",
        )


def price_of_pool(bench: Workbench, task: Task) -> tuple[int, Range | None]:
    """How many texts of the pool were not asked about yet, and about what that costs; None where no price is known.

    Raises OracleUnavailable when no language model is set.
    """
    said = bench.opinions.of(task.name, purpose="repeat")
    done = {one.text_id for one in said if one.variant == VARIANT}
    ids = [text for text in bench.pools.text_ids(task.pool) if text not in done]
    drawn = np.random.default_rng(0).permutation(len(ids))[:SAMPLED]
    texts = bench.pools.texts(task.pool, [ids[row] for row in drawn])
    # Texts of the pool stand for those that will be shown.
    names = task.class_names
    shown = [
        Demonstration(text=text.text, label=names[row % len(names)])
        for row, text in enumerate(texts[: bench.settings.llm_demonstrations])
    ]
    oracle = bench.llm_oracle(task, before={text.id: shown for text in texts})
    if not oracle.price_known:
        return len(ids), None
    low, high, _ = oracle.expected(texts)
    each = len(ids) / max(1, len(texts))
    return len(ids), (low * each, high * each)
