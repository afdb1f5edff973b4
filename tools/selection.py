"""Selection: which texts of the pool to have labeled next."""

import numpy as np

from tools.answers import settled
from tools.engine.records import ModelRecord, Pick, Task, TextId
from tools.engine.selection import PoolView, select
from tools.engine.selection.coldstart import SeedStep, next_to_ask
from tools.training import pool_texts, score_pool, training_labels, zero_shot
from tools.workbench import Workbench


def seed_step(bench: Workbench, task: Task, *, per_class: int, call_cap: int) -> SeedStep:
    """Where the cold start stands by the answers given so far, and whom to ask about next."""
    pool = pool_texts(bench, task)
    probabilities = zero_shot(bench, task, pool)
    matrix = bench.vectors.matrix(bench.pools.get(task.pool), pool.ids)
    gold = gold_ids(bench, task)
    rows = np.array([row for row, i in enumerate(pool.ids) if i not in gold], dtype=np.int64)
    answers = {
        i: label.answer.label
        for i, label in bench.labels.current(task.name, "seed").items()
        if label.answer.outcome != "failed"
    }
    return next_to_ask(
        ids=[pool.ids[row] for row in rows],
        vectors=np.asarray(matrix[rows]),
        probabilities=probabilities[rows],
        answers=answers,
        classes=task.class_names,
        per_class=per_class,
        call_cap=call_cap,
    )


def gold_ids(bench: Workbench, task: Task) -> set[TextId]:
    """The texts that may never be selected or learnt from."""
    return {item.text_id for item in bench.rounds.gold(task.name) or []}


def candidates(bench: Workbench, task: Task) -> list[TextId]:
    """The texts that may be picked: not gold, not learnt from, and not called unsure or skipped before.

    Texts that were labeled while the seed was filled and are not part of it are among them: their label is free.
    """
    ids = pool_texts(bench, task).ids
    taken = gold_ids(bench, task) | training_labels(bench, task).keys()
    answered = settled(bench, task, ids)
    closed = {i for i, label in answered.items() if label.answer.label is None}
    return [i for i in ids if i not in taken and i not in closed]


def pick_batch(  # noqa: PLR0913 - keyword-only, and a batch depends on all of them
    bench: Workbench, task: Task, *, model: ModelRecord, strategy: str, size: int, seed: int, number: int
) -> list[Pick]:
    """The `size` texts that the strategy wants labeled in round `number`, by the view of the latest model.

    The same seed and round give the same batch. Raises UnknownName or PoolExhausted.
    """
    pool = pool_texts(bench, task)
    matrix = bench.vectors.matrix(bench.pools.get(task.pool), pool.ids)
    ids = candidates(bench, task)
    rows = np.array([pool.rows[i] for i in ids], dtype=np.int64)
    labels = training_labels(bench, task)
    view = PoolView(
        ids=ids,
        vectors=np.asarray(matrix[rows]),
        probabilities=score_pool(bench, task, model)[rows],
        labeled_vectors=np.asarray(matrix[[pool.rows[i] for i in labels]]),
        labeled=np.array([task.class_names.index(label) for label in labels.values()], dtype=np.int64),
        classes=task.class_names,
        positive=None if task.positive is None else task.class_names.index(task.positive),
        threshold=model.threshold,
        zero_shot=zero_shot(bench, task, pool)[rows],
    )
    return select(strategy, view, size, np.random.default_rng([seed, number]))
