"""Evaluation: the gold sample, scores with their intervals, and the texts that are hard."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.answers import Purpose
from tools.engine.decisions import decide_classes
from tools.engine.errors import AskAgain, NotEnoughLabels, UnknownName
from tools.engine.gold import draw_gold
from tools.engine.ports import Oracle, Probabilities
from tools.engine.records import Basis, Estimate, GoldItem, ModelRecord, Scores, SkippedRow, Task, TextId
from tools.engine.scoring import score
from tools.in_context import predict
from tools.labeling import Asked, ask
from tools.pool import text_id
from tools.training import TEXTS_PER_CALL, held_out, pool_texts, score_pool, zero_shot
from tools.workbench import Workbench

GRID = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Thresholds that are shown beside the model's own."""
USUAL_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HardText:
    """A labeled text that a model which had not seen it got wrong, or was least sure of."""

    id: TextId
    text: str
    truth: str
    predicted: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """A model's scores on a labeled file; `skipped` rows could not be read."""

    model: ModelRecord
    scores: Scores
    skipped: tuple[SkippedRow, ...]
    counted_as_rest: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPoint:
    """What a threshold would mean: precision and recall by the gold sample, texts of the pool that it would return.

    `precision` is None where no gold text would be returned.
    """

    threshold: float
    precision: Estimate | None
    recall: Estimate | None
    returned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Thresholds for the positive class, from low to high, by the latest model; without gold labels `points` is empty.

    `chosen` is the one that the model goes by, `judged` the gold texts with a label, `pool` the texts of the pool.
    """

    positive: str
    chosen: float
    judged: int
    pool: int
    points: tuple[ThresholdPoint, ...]


def ensure_gold(bench: Workbench, task: Task, *, size: int, seed: int) -> list[GoldItem]:
    """The task's gold sample, drawn now if there is none: at random, from the whole pool, before anything is learnt.

    For a task with a positive class it is stratified by zero-shot score. Fewer than `size` are drawn from a small pool.
    Texts that a person has labeled before, or that are examples of the guideline, are known already and left out.
    """
    stored = bench.rounds.gold(task.name)
    if stored is not None:
        return stored
    pool = pool_texts(bench, task)
    known = bench.labels.current(task.name).keys() | {text_id(e) for one in task.classes for e in one.examples}
    rows = [row for row, text in enumerate(pool.ids) if text not in known]
    scores = None
    if task.positive is not None and size:
        scores = zero_shot(bench, task, pool)[rows, task.class_names.index(task.positive)]
    items = draw_gold(
        ids=[pool.ids[row] for row in rows],
        size=size,
        rng=np.random.default_rng([seed, 0x601D]),
        positive_scores=scores,
    )
    bench.rounds.save_gold(task.name, items)
    return items


def label_gold(bench: Workbench, task: Task, oracle: Oracle, *, budget: float | None) -> Asked:
    """Ask the oracle about the gold texts that have no label yet."""
    ids = [item.text_id for item in bench.rounds.gold(task.name) or []]
    return ask(bench, oracle, ids, Purpose(task=task, role="gold", round=0, budget=budget))


def score_on_gold(
    bench: Workbench, task: Task, pool_probabilities: Probabilities, *, threshold: float | None
) -> Scores | None:
    """Scores of pool predictions on the labeled part of the gold sample; None where there is none."""
    judged = judged_gold(bench, task)
    return None if judged is None else _on_gold(task, judged, pool_probabilities, threshold=threshold)


def thresholds(bench: Workbench, task: Task) -> Thresholds:
    """What each threshold for the positive class would mean.

    Raises AskAgain for a task without such a class, NotEnoughLabels when there is no model.
    """
    if task.positive is None:
        raise AskAgain(f"Task {task.name!r} looks for no one class, so it has no threshold. Set its positive class.")
    model = latest_model(bench, task.name)
    probabilities = score_pool(bench, task, model)
    sure = probabilities[:, task.class_names.index(task.positive)]
    chosen = USUAL_THRESHOLD if model.threshold is None else float(model.threshold)
    judged = judged_gold(bench, task)

    def point(at: float, judged: JudgedGold) -> ThresholdPoint:
        found = _on_gold(task, judged, probabilities, threshold=at).per_class[str(task.positive)]
        returns = bool((sure[judged.rows] >= at).any())
        return ThresholdPoint(
            threshold=at,
            precision=found.precision if returns else None,
            recall=found.recall,
            returned=int((sure >= at).sum()),
        )

    return Thresholds(
        positive=task.positive,
        chosen=round(chosen, 4),
        judged=0 if judged is None else len(judged.rows),
        pool=len(sure),
        points=() if judged is None else tuple(point(at, judged) for at in sorted({*GRID, round(chosen, 4)})),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGold:
    """The labeled gold texts: their rows in the pool, the codes of their classes, the pool texts each stands for."""

    rows: NDArray[np.int64]
    truth: NDArray[np.int64]
    weights: NDArray[np.float64]


def judged_gold(bench: Workbench, task: Task) -> JudgedGold | None:
    """The part of the task's gold sample that has a label; None where there is none."""
    current = bench.labels.current(task.name, "gold")
    items = [item for item in bench.rounds.gold(task.name) or [] if item.text_id in current]
    items = [item for item in items if current[item.text_id].answer.label is not None]
    if not items:
        return None
    places = bench.pools.places(task.pool, [item.text_id for item in items])
    names = [current[item.text_id].answer.label or "" for item in items]
    return JudgedGold(
        rows=np.array([places[item.text_id] for item in items], dtype=np.int64),
        truth=np.array([task.class_names.index(name) for name in names], dtype=np.int64),
        weights=np.array([item.weight for item in items]),
    )


def _on_gold(task: Task, judged: JudgedGold, pool_probabilities: Probabilities, *, threshold: float | None) -> Scores:
    return _score(
        task,
        truth=judged.truth,
        probabilities=pool_probabilities[judged.rows],
        basis="gold",
        threshold=threshold,
        weights=judged.weights,
    )


def score_model(bench: Workbench, task: Task, model: ModelRecord) -> Scores:
    """The model's scores on the gold sample, or cross-validated on its own labels where there is none."""
    on_gold = score_on_gold(bench, task, score_pool(bench, task, model), threshold=model.threshold)
    if on_gold is not None:
        return on_gold
    _, codes, probabilities = held_out(bench, model)
    return _score(
        task, truth=codes, probabilities=probabilities, basis="cross-validated", threshold=model.threshold, weights=None
    )


def zero_shot_scores(bench: Workbench, task: Task) -> Scores | None:
    """What the zero-shot pass alone would have given, on the same gold sample; None where there is none."""
    return score_on_gold(bench, task, zero_shot(bench, task), threshold=None)


def hard_texts(bench: Workbench, task: Task, model: ModelRecord, *, limit: int = 10) -> list[HardText]:
    """The labeled texts whose true class a model that had not seen them thought least likely, hardest first."""
    ids, codes, probabilities = held_out(bench, model)
    order = np.argsort(probabilities[np.arange(len(codes)), codes], kind="stable")[:limit]
    texts = bench.pools.texts(task.pool, [ids[i] for i in order])
    called = decide_classes(probabilities, positive=_positive(task), threshold=model.threshold)
    return [
        HardText(
            id=text.id,
            text=text.text,
            truth=task.class_names[codes[i]],
            predicted=task.class_names[called[i]],
            confidence=float(probabilities[i, called[i]]),
        )
        for text, i in zip(texts, order, strict=True)
    ]


def latest_model(bench: Workbench, name: str) -> ModelRecord:
    """The model of that id, or the latest of the task of that name; raises UnknownName."""
    if name in bench.tasks.names():
        models = bench.rounds.models(name)
        if not models:
            raise NotEnoughLabels(f"Task {name!r} has no model yet. Run its first rounds.")
        return models[-1]
    try:
        return bench.rounds.model(name)
    except UnknownName as error:
        tasks = ", ".join(map(repr, bench.tasks.names())) or "none"
        raise UnknownName(f"There is no task or model {name!r} in this workspace. Its tasks: {tasks}.") from error


def evaluate(bench: Workbench, name: str, *, test: str, label_column: str | None = None) -> Evaluated:
    """Score a task's latest model, or a model by its id, on a labeled file.

    Labels outside the classes count as the rest class where there is one. Raises UnknownName for a wrong column,
    UnknownLabel naming labels outside the classes, UnreadableInput.
    """
    model = latest_model(bench, name)
    task = bench.tasks.get(model.task)
    texts, labels, skipped = _labeled_rows(bench, test, label_column or "label")
    known = bench.normalise_labels({TextId(str(row)): label for row, label in enumerate(labels)}, task)
    blocks = [predict(bench, model, part) for part in _blocks(texts)]
    scores = _score(
        task,
        truth=np.array([task.class_names.index(name) for name in known.labels.values()], dtype=np.int64),
        probabilities=np.concatenate(blocks),
        basis="test",
        threshold=model.threshold,
        weights=None,
    )
    return Evaluated(model=model, scores=scores, skipped=tuple(skipped), counted_as_rest=dict(known.as_rest))


def _labeled_rows(bench: Workbench, test: str, label_column: str) -> tuple[list[str], list[str], list[SkippedRow]]:
    data = bench.open_input(test, exclude=(label_column,))
    if label_column not in data.other_columns:
        raise UnknownName(
            f"{data.source} has no column {label_column!r}. Its columns: {', '.join(map(repr, data.other_columns))}, "
            f"and the texts in {data.text_column!r}. Say which one holds the labels.",
            argument="label_column",
        )
    texts, labels, skipped = [], [], []
    for row in data.rows(0):
        if isinstance(row, SkippedRow):
            skipped.append(row)
        elif label := row.fields.get(label_column, "").strip():
            texts.append(row.text)
            labels.append(label)
        else:
            skipped.append(SkippedRow(row=row.row, reason="no label"))
    if not texts:
        raise NotEnoughLabels(f"{data.source} holds no row with a text and a label in {label_column!r}.")
    return texts, labels, skipped


def _score(  # noqa: PLR0913 - what is judged, by what and for which task; all by keyword
    task: Task,
    *,
    truth: NDArray[np.int64],
    probabilities: Probabilities,
    basis: Basis,
    threshold: float | None,
    weights: NDArray[np.float64] | None,
) -> Scores:
    return score(
        truth=truth,
        predicted=decide_classes(probabilities, positive=_positive(task), threshold=threshold),
        classes=task.class_names,
        basis=basis,
        weights=weights,
        probabilities=probabilities,
        positive=task.positive,
        threshold=threshold,
    )


def _positive(task: Task) -> int | None:
    return None if task.positive is None else task.class_names.index(task.positive)


def _blocks(texts: list[str]) -> Iterator[list[str]]:
    return (texts[start : start + TEXTS_PER_CALL] for start in range(0, len(texts), TEXTS_PER_CALL))
