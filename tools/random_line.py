"""What labels of texts drawn at random would have brought, to hold the learning curve against."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from tools.engine.decisions import decide_classes
from tools.engine.errors import NotEnoughLabels
from tools.engine.learning import Prior, TrainingSet
from tools.engine.records import Estimate, Round, RoundStatus, Scores, Task
from tools.engine.scoring import Metric, metric, score
from tools.evaluation import JudgedGold, judged_gold
from tools.files import replacing
from tools.training import POSITIVE_FROM, UNLABELED, pool_features, pool_texts, zero_shot
from tools.workbench import Workbench

SIZES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Numbers of labels that are tried, as far as half of the gold sample goes."""
DRAWS = 5
"""Draws for each of them; one more narrows the range little, and costs a training for each size."""
FEWEST = 40
"""Gold labels below which halves are too small to learn from and to judge by."""
_NAMES: tuple[Metric, ...] = ("accuracy", "macro_f1", "f1", "precision", "recall")
_LEARNER = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomPoint:
    """Scores by name with so many labels drawn at random; measured: with their intervals, else the range of draws."""

    labels: int
    scores: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomLine:
    """The learning curve of random labels.

    `measured` by the rounds of `task`, which asks the same of the same pool and picks at random; or `estimated` from
    the `judged` gold labels of the task itself: trained on a part of one half of them and judged by the other half,
    `draws` times for each number of labels. An estimate ends where the half of the gold sample does.
    """

    how: Literal["measured", "estimated"]
    task: str
    learner: str
    judged: int
    draws: int
    points: tuple[RandomPoint, ...]


def random_line(bench: Workbench, task: Task) -> RandomLine:
    """The line for the task; an estimate is computed once for its gold labels and kept in the workspace.

    Raises NotEnoughLabels with fewer than 40 gold labels, or of one class only.
    """
    measured = _measured(bench, task)
    if measured is not None:
        return measured
    judged = judged_gold(bench, task)
    count = 0 if judged is None else len(judged.rows)
    if judged is None or count < FEWEST or len(np.unique(judged.truth)) < 2:
        raise NotEnoughLabels(
            f"What random labels would bring is estimated from the gold sample: {count} of its texts have a label"
            f"{', all of one class' if count >= FEWEST else ''}; {FEWEST} of two classes are needed. Take a larger "
            "gold sample, or run a task of the same classes with the strategy random."
        )
    path = _file(bench, task, judged)
    kept = TypeAdapter(tuple[RandomPoint, ...])
    with suppress(OSError, ValueError):
        return _estimated(task, count, kept.validate_json(path.read_bytes()))
    found = tuple(_points(bench, task, judged))
    with replacing(path) as file:
        file.write(kept.dump_json(found))
    return _estimated(task, count, found)


def _estimated(task: Task, judged: int, points: tuple[RandomPoint, ...]) -> RandomLine:
    return RandomLine(how="estimated", task=task.name, learner=_LEARNER, judged=judged, draws=DRAWS, points=points)


def _measured(bench: Workbench, task: Task) -> RandomLine | None:
    """The rounds of a task over the same pool and classes that picked all texts after its seed at random."""
    for name in bench.tasks.names():
        other = bench.tasks.get(name)
        if (other.pool, other.class_names, other.positive) != (task.pool, task.class_names, task.positive):
            continue
        rounds = [one for one in bench.rounds.rounds(name) if one.status is RoundStatus.CLOSED]
        if len(rounds) > 1 and {one.strategy for one in rounds if one.number > 0} == {"random"}:
            return RandomLine(
                how="measured",
                task=name,
                learner=rounds[-1].learner,
                judged=_judged_by(rounds),
                draws=1,
                points=tuple(
                    RandomPoint(labels=one.labels, scores=_named(one.scores))
                    for one in rounds
                    if one.scores is not None
                ),
            )
    return None


def _judged_by(rounds: list[Round]) -> int:
    return max((one.scores.n for one in rounds if one.scores is not None), default=0)


def _named(scores: Scores) -> dict[str, Estimate]:
    return {name: metric(scores, name) for name in _NAMES}


def _points(bench: Workbench, task: Task, judged: JudgedGold) -> list[RandomPoint]:
    """Train on labels drawn from one half of the gold sample, judge by the other, for each number of labels."""
    found: dict[int, list[Scores]] = {}
    of = _Pool(bench, task, judged)
    halves = [_halves(judged, draw) for draw in range(DRAWS)]
    sizes = [size for size in SIZES if all(size <= _most(judged.weights[learn]) for learn, _ in halves)]
    for draw, (learn, judge) in enumerate(halves):
        # The texts of a smaller draw are among those of a larger one, as they are when a person labels on.
        order = np.random.default_rng([draw, 0xD4A]).choice(
            learn, _most(judged.weights[learn]), replace=False, p=_shares(judged.weights[learn])
        )
        for size in sizes:
            found.setdefault(size, []).append(of.learnt(order[:size], judge, seed=draw))
            bench.progress("estimating random labels", draw * len(sizes) + size, None)
    return [RandomPoint(labels=size, scores=_over(draws)) for size, draws in found.items()]


class _Pool:
    """What trainings on parts of the gold sample share."""

    def __init__(self, bench: Workbench, task: Task, judged: JudgedGold) -> None:
        self._bench, self._task, self._judged = bench, task, judged
        pool = pool_texts(bench, task)
        features = pool_features(bench, task, pool)
        self._features = np.asarray(features.rows[judged.rows])
        others = np.setdiff1d(np.arange(len(pool.ids)), judged.rows)
        drawn = np.sort(np.random.default_rng(0xA11).permutation(others)[:UNLABELED])
        self._unlabeled = np.asarray(features.rows[drawn])
        guesses = zero_shot(bench, task, pool)
        self._prior = Prior(labeled=guesses[judged.rows], unlabeled=guesses[drawn])

    def learnt(self, learn: NDArray[np.int64], judge: NDArray[np.int64], *, seed: int) -> Scores:
        """Scores on some gold texts of what is learnt from others; from one class, that all texts are of it."""
        task, judged = self._task, self._judged
        positive = None if task.positive is None else task.class_names.index(task.positive)
        known = np.unique(judged.truth[learn])
        if len(known) == 1:
            return self._scored(judge, np.full(len(judge), known[0]))
        examples = TrainingSet(
            texts=(),
            features=self._features[learn],
            labels=judged.truth[learn],
            classes=task.class_names,
            unlabeled=self._unlabeled,
            prior=replace(self._prior, labeled=self._prior.labeled[learn]),
            positive=positive,
        )
        probabilities = self._bench.try_out(_LEARNER, examples, self._features[judge], seed=seed)
        threshold = None if positive is None else POSITIVE_FROM
        return self._scored(judge, decide_classes(probabilities, positive=positive, threshold=threshold))

    def _scored(self, judge: NDArray[np.int64], predicted: NDArray[np.int64]) -> Scores:
        return score(
            truth=self._judged.truth[judge],
            predicted=predicted,
            classes=self._task.class_names,
            basis="gold",
            weights=self._judged.weights[judge],
            positive=self._task.positive,
        )


def _halves(judged: JudgedGold, draw: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.random.default_rng([draw, 0x4A1]).permutation(len(judged.rows))
    return order[: len(order) // 2], order[len(order) // 2 :]


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely each text of a stratified sample is to be drawn, so that a draw looks like one from the pool."""
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _most(weights: NDArray[np.float64]) -> int:
    """Texts that can be drawn before those that stand for many run out."""
    return int(weights.sum() / weights.max())


def _over(draws: list[Scores]) -> dict[str, Estimate]:
    """The mean of the draws, and their range."""
    named = [_named(one) for one in draws]
    found: dict[str, Estimate] = {}
    for name in _NAMES:
        values = [one[name].value for one in named]
        found[name] = Estimate(value=float(np.mean(values)), low=min(values), high=max(values))
    return found


def _file(bench: Workbench, task: Task, judged: JudgedGold) -> Path:
    """Where the estimate is kept: by what it was made from."""
    made_of = [task.name, list(task.class_names), task.positive, judged.rows.tolist(), judged.truth.tolist(), DRAWS]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    return bench.folder / "random_lines" / f"{key}.json"
