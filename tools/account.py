"""The account of a run: what its report and its model's card say, drawn together from the workspace."""

from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tools.engine.decisions import decide_classes
from tools.engine.records import ModelRecord, Role, Task
from tools.evaluation import hard_texts, zero_shot_scores
from tools.files import replacing
from tools.labeling import spent_on
from tools.report import Example, ModelCard, Provenance, RunReport, render_report
from tools.standing import RunResult
from tools.task import report_path
from tools.training import pool_texts, score_pool, training_labels
from tools.workbench import Workbench

SAMPLES_PER_CLASS = 8
LIMITS = (
    "The labels are the oracle's: where it errs, the model learns the error and the scores do not show it.",
    "Scores hold for texts like those of the pool; texts from elsewhere or later can differ.",
)


def write_report(bench: Workbench, result: RunResult) -> Path:
    """Write the HTML report of a task's loop into the workspace; returns its path."""
    path = report_path(bench, result.task.name)
    with replacing(path) as file:
        file.write(render_report(run_report(bench, result)).encode())
    return path


def run_report(bench: Workbench, result: RunResult) -> RunReport:
    """What the report shows."""
    model = result.model
    return RunReport(
        made=provenance(bench, result.task),
        rounds=result.rounds,
        scores=next((one.scores for one in reversed(result.rounds) if one.scores is not None), None),
        zero_shot=result.zero_shot,
        stop=result.stop,
        hard=[] if model is None else hard_examples(bench, result.task, model),
        samples={} if model is None else samples(bench, result.task, model),
        command=f"laud run {result.task.name!r} --seed {result.rounds[0].seed if result.rounds else 0}",
    )


def model_card(bench: Workbench, model: ModelRecord) -> ModelCard:
    """What a model's card says."""
    task = bench.tasks.get(model.task)
    rounds = [one for one in bench.rounds.rounds(task.name) if one.number <= model.round]
    scores = next(one.scores for one in reversed(rounds) if one.scores is not None)
    return ModelCard(
        made=provenance(bench, task), rounds=model.round, scores=scores, zero_shot=zero_shot_scores(bench, task)
    )


def provenance(bench: Workbench, task: Task) -> Provenance:
    """How the task's latest model came to be."""
    rounds = bench.rounds.rounds(task.name)
    pool = bench.pools.get(task.pool)
    current = bench.labels.current(task.name)
    counted: Counter[tuple[str, Role]] = Counter()
    seed = {pick.text_id for pick in bench.rounds.picks(task.name, 0)}
    for text in training_labels(bench, task):
        counted[current[text].answer.source, "seed" if text in seed else "train"] += 1
    for label in bench.labels.current(task.name, "gold").values():
        counted[label.answer.source, "gold"] += label.answer.label is not None
    strategies = Counter(one.strategy for one in rounds if one.number > 0)
    sources = Counter(source for source, role in counted.elements() if role != "gold")
    return Provenance(
        task=task,
        pool_size=pool.texts,
        encoder=pool.encoder,
        oracle=sources.most_common(1)[0][0] if sources else "human",
        strategy=", ".join(strategies) or "cold-start",
        learner=rounds[-1].learner if rounds else "auto",
        seed=rounds[0].seed if rounds else 0,
        label_counts=dict(counted),
        seed_calls=sum(1 for label in bench.labels.history(task.name) if label.role == "seed"),
        cost=spent_on(bench, task),
        seconds=sum(one.seconds for one in rounds),
        gold_sampling="stratified" if len({g.stratum for g in bench.rounds.gold(task.name) or []}) > 1 else "random",
        limits=LIMITS,
        created_at=bench.clock(),
        version=version("laud"),
    )


def hard_examples(bench: Workbench, task: Task, model: ModelRecord) -> list[Example]:
    """The labeled texts that were hardest for a model that had not seen them."""
    return [
        Example(text=one.text, predicted=one.predicted, confidence=one.confidence, true=one.truth)
        for one in hard_texts(bench, task, model)
    ]


def samples(bench: Workbench, task: Task, model: ModelRecord) -> dict[str, list[Example]]:
    """For each class a few texts that nobody labeled, drawn at random from those the model gives that class."""
    pool = pool_texts(bench, task)
    probabilities = score_pool(bench, task, model)
    positive = None if task.positive is None else task.class_names.index(task.positive)
    called = decide_classes(probabilities, positive=positive, threshold=model.threshold)
    labeled = bench.labels.current(task.name)
    rng = np.random.default_rng(model.seed)
    shown: dict[str, list[Example]] = {}
    for code, name in enumerate(task.class_names):
        rows = [row for row in np.flatnonzero(called == code) if pool.ids[row] not in labeled]
        drawn = rng.permutation(rows)[:SAMPLES_PER_CLASS] if rows else np.array([], dtype=np.int64)
        texts = bench.pools.texts(task.pool, [pool.ids[row] for row in drawn])
        shown[name] = [
            Example(text=text.text, predicted=name, confidence=float(probabilities[row, code]))
            for text, row in zip(texts, drawn, strict=True)
        ]
    return shown
