"""Review: what a model confuses, which labels look wrong, why texts were picked, how rounds differ."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.agreement import cohen_kappa, mcnemar
from tools.engine.confident import label_issues
from tools.engine.decisions import decide_classes
from tools.engine.errors import AskAgain, NotEnoughLabels, UnknownLabel
from tools.engine.ports import Probabilities
from tools.engine.records import Estimate, ModelRecord, Round, Scores, Task, TextId
from tools.engine.scoring import headline
from tools.engine.selection.reasons import why
from tools.evaluation import HardText, hard_texts, latest_model
from tools.training import PoolTexts, held_out, pool_texts, score_pool, zero_shot
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Labeled texts of one class that a model which had not seen them took for another, surest mistakes first.

    `count` of the `of` texts labeled `label`; `texts` are some of them.
    """

    label: str
    predicted: str
    count: int
    of: int
    texts: tuple[HardText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A label that looks wrong: who gave it, and what a model that had not seen it thinks instead."""

    id: TextId
    text: str
    label: str
    suggested: str
    probability_of_label: float
    probability_of_suggested: float
    source: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Why a text was chosen to be labeled.

    `strategy` and `score` are of the pick; `probabilities` are those of the model that stood then (the zero-shot pass
    for the cold start) by class; `label` is what the oracle said, None while it waits. `why` says it in a sentence.
    """

    id: TextId
    text: str
    round: int
    strategy: str
    score: float
    probabilities: Mapping[str, float]
    label: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A text of the pool that two models call differently, with the probability that each gives the class it names."""

    id: TextId
    text: str
    before: str
    after: str
    probability_before: float
    probability_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundScores:
    """A round's scores: `headline` is F1 of the positive class, or accuracy; named in `metric`."""

    round: int
    labels: int
    metric: str
    headline: Estimate
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two rounds of a task against each other.

    `changed` of the pool's `texts` are called differently, `by_class` counts them by the class before, then by that
    after; `changes` are some, surest first. Of the gold sample the second round is newly right about `gained` and newly
    wrong about `lost`; `chance` is how likely a difference as large is by luck alone (1 without a gold sample).
    """

    first: RoundScores
    second: RoundScores
    texts: int
    changed: int
    agreement: float
    by_class: Mapping[str, Mapping[str, int]]
    changes: tuple[Change, ...]
    gained: int
    lost: int
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A text that nobody labeled, with the probability of the class it is given."""

    id: TextId
    text: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPredictions:
    """What a model gives one class: how many texts of the pool, and the surest and least sure of those unlabeled."""

    name: str
    count: int
    share: float
    most_sure: tuple[Prediction, ...]
    least_sure: tuple[Prediction, ...]


def confused(bench: Workbench, task: Task, *, limit: int = 10) -> list[Confusion]:
    """The pairs of classes that the latest model confuses, most frequent first, with up to `limit` texts each.

    By the labels it was trained on, each judged by a model that had not seen it; the gold sample is not shown, so that
    nobody fits a guideline to it. Raises NotEnoughLabels when there is no model.
    """
    model = latest_model(bench, task.name)
    ids, codes, probabilities = held_out(bench, model)
    called = _called(task, model, probabilities)
    pairs = Counter((int(code), int(other)) for code, other in zip(codes, called, strict=True) if code != other)
    found = []
    for (code, other), count in pairs.most_common():
        rows = np.flatnonzero((codes == code) & (called == other))
        rows = rows[np.argsort(-probabilities[rows, other], kind="stable")][:limit]
        texts = bench.pools.texts(task.pool, [ids[row] for row in rows])
        found.append(
            Confusion(
                label=model.classes[code],
                predicted=model.classes[other],
                count=count,
                of=int((codes == code).sum()),
                texts=tuple(
                    HardText(
                        id=text.id,
                        text=text.text,
                        truth=model.classes[code],
                        predicted=model.classes[other],
                        confidence=float(probabilities[row, other]),
                    )
                    for text, row in zip(texts, rows, strict=True)
                ),
            )
        )
    return found


def suspicious(bench: Workbench, task: Task, *, limit: int = 10) -> list[Suspicion]:
    """The labels most likely to be wrong, by confident learning (Northcutt et al. 2021, arXiv:1911.00068).

    From the held-out probabilities of the latest model; labels that were changed or withdrawn since are left out.
    Raises NotEnoughLabels when there is no model.
    """
    model = latest_model(bench, task.name)
    ids, codes, probabilities = held_out(bench, model)
    current = bench.labels.current(task.name)
    names = model.classes
    issues = [
        issue
        for issue in label_issues(codes, probabilities)
        if ids[issue.row] in current and current[ids[issue.row]].answer.label == names[codes[issue.row]]
    ][:limit]
    texts = bench.pools.texts(task.pool, [ids[issue.row] for issue in issues])
    return [
        Suspicion(
            id=text.id,
            text=text.text,
            label=names[codes[issue.row]],
            suggested=names[issue.suggested],
            probability_of_label=float(probabilities[issue.row, codes[issue.row]]),
            probability_of_suggested=float(probabilities[issue.row, issue.suggested]),
            source=current[text.id].answer.source,
            round=current[text.id].round,
        )
        for issue, text in zip(issues, texts, strict=True)
    ]


def hard(bench: Workbench, task: Task, *, limit: int = 10) -> list[HardText]:
    """The labeled texts that the latest model finds hardest; raises NotEnoughLabels when there is none."""
    return hard_texts(bench, task, latest_model(bench, task.name), limit=limit)


def why_picked(
    bench: Workbench, task: Task, *, number: int | None = None, text: TextId | None = None, limit: int = 10
) -> list[Picked]:
    """Why the texts of a round (the latest without `number`), or one text, were picked; in the order of picking.

    Raises AskAgain for a round that there is not, or a text that was not picked.
    """
    rounds = bench.rounds.rounds(task.name)
    if not rounds:
        raise NotEnoughLabels(f"Task {task.name!r} has no round yet: nothing was picked. Run its first rounds.")
    wanted = [_round(rounds, number)] if number is not None else rounds if text is not None else rounds[-1:]
    every = [(one, pick) for one in wanted for pick in bench.rounds.picks(task.name, one.number)]
    picks = [(one, pick) for one, pick in every if text in {None, pick.text_id}][:limit]
    if text is not None and not picks:
        gold = text in {item.text_id for item in bench.rounds.gold(task.name) or []}
        raise AskAgain(
            f"The text {text!r} was not picked by a strategy. "
            + ("It was drawn for the gold sample, to judge by." if gold else "It was not asked about in any round.")
        )
    pool = pool_texts(bench, task)
    texts = bench.pools.texts(task.pool, [pick.text_id for _, pick in picks])
    views = {number: _view_before(bench, task, pool, number) for number in {one.number for one, _ in picks}}
    current = bench.labels.current(task.name)
    found = []
    for (one, pick), shown in zip(picks, texts, strict=True):
        row = views[one.number][pool.rows[shown.id]]
        probabilities = {name: float(value) for name, value in zip(task.class_names, row, strict=True)}
        label = current.get(shown.id)
        found.append(
            Picked(
                id=shown.id,
                text=shown.text,
                round=one.number,
                strategy=pick.strategy,
                score=pick.score,
                probabilities=probabilities,
                label=None if label is None else label.answer.said,
                why=why(pick.strategy, one.number, probabilities),
            )
        )
    return found


def compare(bench: Workbench, task: Task, first: int, second: int, *, limit: int = 10) -> Comparison:
    """Two rounds by their numbers: scores, and what their models call differently.

    `chance` is the p-value of McNemar's test on the gold texts that one model is right about and the other wrong.
    Raises AskAgain for a round that there is not or that is not scored.
    """
    rounds = bench.rounds.rounds(task.name)
    before, after = (_scored(bench, _round(rounds, number)) for number in (first, second))
    pool = pool_texts(bench, task)
    views = [score_pool(bench, task, model) for _, model in (before, after)]
    old, new = (_called(task, model, view) for (_, model), view in zip((before, after), views, strict=True))
    names = task.class_names
    changed = np.flatnonzero(old != new)
    sure = np.maximum(views[0][changed, old[changed]], views[1][changed, new[changed]])
    judged = {item.text_id for item in bench.rounds.gold(task.name) or []}
    shown = [row for row in changed[np.argsort(-sure, kind="stable")] if pool.ids[row] not in judged][:limit]
    gained, lost = _gold_changes(bench, task, pool, old, new)
    return Comparison(
        first=before[0],
        second=after[0],
        texts=len(pool.ids),
        changed=len(changed),
        agreement=cohen_kappa(new, old),
        by_class={
            name: dict(Counter(names[into] for into in new[changed][old[changed] == code]))
            for code, name in enumerate(names)
            if (old[changed] == code).any()
        },
        changes=tuple(
            Change(
                id=text.id,
                text=text.text,
                before=names[old[row]],
                after=names[new[row]],
                probability_before=float(views[0][row, old[row]]),
                probability_after=float(views[1][row, new[row]]),
            )
            for text, row in zip(bench.pools.texts(task.pool, [pool.ids[row] for row in shown]), shown, strict=True)
        ),
        gained=gained,
        lost=lost,
        chance=mcnemar(gained, lost),
    )


def predictions(bench: Workbench, task: Task, name: str | None = None, *, limit: int = 10) -> list[ClassPredictions]:
    """What the latest model calls each class, or the class `name`, over the pool.

    Raises UnknownLabel for another name, NotEnoughLabels when there is no model.
    """
    if name is not None and name not in task.class_names:
        raise UnknownLabel(f"{name!r} is no class of task {task.name!r}. Its classes: {', '.join(task.class_names)}.")
    model = latest_model(bench, task.name)
    pool = pool_texts(bench, task)
    probabilities = score_pool(bench, task, model)
    called = _called(task, model, probabilities)
    known = bench.labels.current(task.name).keys() | {item.text_id for item in bench.rounds.gold(task.name) or []}
    unlabeled = np.array([text not in known for text in pool.ids])

    def shown(rows: NDArray[np.intp], code: int) -> tuple[Prediction, ...]:
        texts = bench.pools.texts(task.pool, [pool.ids[row] for row in rows])
        return tuple(
            Prediction(id=text.id, text=text.text, probability=float(probabilities[row, code]))
            for text, row in zip(texts, rows, strict=True)
        )

    found = []
    for code, one in enumerate(task.class_names):
        if name in {None, one}:
            rows = np.flatnonzero((called == code) & unlabeled)
            order = rows[np.argsort(-probabilities[rows, code], kind="stable")]
            count = int((called == code).sum())
            found.append(
                ClassPredictions(
                    name=one,
                    count=count,
                    share=count / len(pool.ids),
                    most_sure=shown(order[:limit], code),
                    least_sure=shown(order[::-1][:limit], code),
                )
            )
    return found


def _called(task: Task, model: ModelRecord, probabilities: Probabilities) -> NDArray[np.int64]:
    positive = None if task.positive is None else task.class_names.index(task.positive)
    return decide_classes(probabilities, positive=positive, threshold=model.threshold)


def _round(rounds: list[Round], number: int) -> Round:
    if not 0 <= number < len(rounds):
        raise AskAgain(f"There is no round {number}: there are {len(rounds)}, numbered from 0.")
    return rounds[number]


def _scored(bench: Workbench, one: Round) -> tuple[RoundScores, ModelRecord]:
    if one.scores is None or one.model_id is None:
        raise AskAgain(f"Round {one.number} is not scored yet: it is {one.status}. Compare rounds before it.")
    name, estimate = headline(one.scores)
    scored = RoundScores(round=one.number, labels=one.labels, metric=name, headline=estimate, scores=one.scores)
    return scored, bench.rounds.model(one.model_id)


def _view_before(bench: Workbench, task: Task, pool: PoolTexts, number: int) -> Probabilities:
    """What the pool looked like when round `number` picked: by the model of the round before, or the zero-shot pass."""
    models = {model.round: model for model in bench.rounds.models(task.name)}
    before = models.get(number - 1)
    return zero_shot(bench, task, pool) if before is None else score_pool(bench, task, before)


def _gold_changes(
    bench: Workbench, task: Task, pool: PoolTexts, old: NDArray[np.int64], new: NDArray[np.int64]
) -> tuple[int, int]:
    """Gold texts that only the newer predictions are right about, and those that only the older ones are."""
    truth = {
        pool.rows[text]: task.class_names.index(label.answer.label)
        for text, label in bench.labels.current(task.name, "gold").items()
        if label.answer.label is not None
    }
    gained = sum(bool(new[row] == code != old[row]) for row, code in truth.items())
    lost = sum(bool(old[row] == code != new[row]) for row, code in truth.items())
    return gained, lost
