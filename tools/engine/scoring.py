"""How good predictions are against known labels, each number with a deterministic 95 % interval.

Everything but average precision follows from two tables over (true class, predicted class): the summed weights and
the summed squares of weights. A proportion of weights gets Wilson's interval (Wilson 1927, JASA 22) with Kish's
effective sample size (Kish 1965, Survey Sampling) in place of n; with equal weights that is n itself. Where weights
differ, Kish's size alone is too sure of a proportion of light texts: a heavy one that contradicts them may just not
have been drawn. Each end of the interval therefore allows for a tenth of one, which in simulated stratified samples of
300 brought the coverage from 88-97 % to 90-99 % (95 % in the mean) and widened the intervals by 0.02.

A proportion of nothing (0/0: the precision of a class that was never predicted) is 0, as in scikit-learn, with the
interval [0, 1]: the labels say nothing about it, so nothing may be claimed and no target reached.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from tools.engine.errors import NotEnoughLabels, UnknownLabel
from tools.engine.records import Basis, ClassScore, Estimate, Scores
from tools.engine.shares import wilson

Codes = NDArray[np.integer]
Table = NDArray[np.float64]
Metric = Literal["accuracy", "macro_f1", "precision", "recall", "f1"]

_UNSEEN = 0.1
"""Part of a text of the heaviest weight that each end of an interval allows for, judged against the value."""
_UNKNOWN = Estimate(value=0.0, low=0.0, high=1.0)


class Summary(TypedDict):
    """The scores of a round as `laud run --json` prints them.

    `precision`, `recall` and `f1` are those of the positive class, or averages over the classes where there is none;
    `low` and `high` are the interval of the headline, which `metric` names.
    """

    metric: Metric
    accuracy: float
    macro_f1: float
    precision: float
    recall: float
    f1: float
    low: float
    high: float


def score(  # noqa: PLR0913 - what is judged, by what and for which task; all by keyword
    *,
    truth: Codes,
    predicted: Codes,
    classes: Sequence[str],
    basis: Basis,
    weights: NDArray[np.floating] | None = None,
    probabilities: NDArray[np.floating] | None = None,
    positive: str | None = None,
    threshold: float | None = None,
) -> Scores:
    """Score predictions against known labels.

    The F1 of a class comes from the share J of its true positives among the texts that are or are called that class,
    F1 = 2J / (1 + J), and so does its interval. Macro F1 averages the classes that occur in truth or predictions, as
    scikit-learn does; its interval is MOVER's (Zou & Donner 2008, Statistics in Medicine 27; with correlated parts
    Zou 2008) over those of the classes. Average precision gets the binomial interval over the positives (Boyd, Eng &
    Page 2013, ECML PKDD) in Wilson's form, which keeps its width where every positive is ranked first.

    Args:
        truth: (n,) codes of the true classes.
        predicted: (n,) codes of the predicted classes.
        classes: the C class names in the order of the codes.
        basis: where the labels come from.
        weights: (n,) pool texts that each text stands for; all alike where None.
        probabilities: (n, C) predicted probabilities, for average precision.
        positive: the rare target class, if there is one.
        threshold: the probability from which on the positive class was predicted, to keep with the scores.

    Raises:
        NotEnoughLabels: there is no text to judge by.
        UnknownLabel: `positive` is not one of the classes.
    """
    if len(truth) == 0:
        raise NotEnoughLabels("There are 0 known labels to judge by. Label some texts or name a file with labels.")
    if positive is not None and positive not in classes:
        raise UnknownLabel(f"The positive class '{positive}' is not one of the classes: {', '.join(classes)}.")
    mass = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(truth) == len(predicted) == len(mass) or not np.all(mass > 0) or not np.all(np.isfinite(mass)):
        raise ValueError("truth, predictions and weights must be of equal length, weights finite and above zero")
    sums, squares, counts = (_table(truth, predicted, len(classes), values) for values in (mass, mass**2, mass**0))
    heaviest = float(mass.max())
    per_class = {name: _class_score(sums, squares, counts, code, heaviest) for code, name in enumerate(classes)}
    return Scores(
        basis=basis,
        n=len(truth),
        classes=tuple(classes),
        accuracy=proportion(float(np.trace(sums)), float(sums.sum()), float(squares.sum()), heaviest),
        macro_f1=_macro_f1(sums, squares, [per_class[name].f1 for name in classes]),
        per_class=per_class,
        confusion=tuple(tuple(int(cell) for cell in row) for row in counts),
        positive=positive,
        threshold=threshold,
        average_precision=None
        if positive is None or probabilities is None
        else _average_precision(truth == classes.index(positive), probabilities[:, classes.index(positive)], mass),
    )


def metric(scores: Scores, name: Metric) -> Estimate:
    """A score by name: precision, recall and F1 are those of the positive class, or class averages without one.

    Averages run over the classes that occur in truth or predictions. Their intervals are MOVER's for independent
    parts: precisions rest on disjoint sets of texts (by prediction), recalls too (by truth).
    """
    match name:
        case "accuracy":
            return scores.accuracy
        case "macro_f1":
            return scores.macro_f1
        case "f1":
            return scores.macro_f1 if scores.positive is None else scores.per_class[scores.positive].f1
        case "precision" | "recall":
            if scores.positive is not None:
                chosen = scores.per_class[scores.positive]
                return chosen.precision if name == "precision" else chosen.recall
            occurs = _occurring(np.asarray(scores.confusion))
            present = [scores.per_class[scores.classes[code]] for code in occurs]
            parts = [c.precision if name == "precision" else c.recall for c in present]
            return _mover(parts, np.eye(len(parts)))


def headline(scores: Scores) -> tuple[Metric, Estimate]:
    """The one number to show: F1 of the positive class, or accuracy for a task without one."""
    name: Metric = "accuracy" if scores.positive is None else "f1"
    return name, metric(scores, name)


def summary(scores: Scores) -> Summary:
    """The scores in the flat form that programs read."""
    name, estimate = headline(scores)
    return Summary(
        metric=name,
        accuracy=scores.accuracy.value,
        macro_f1=scores.macro_f1.value,
        precision=metric(scores, "precision").value,
        recall=metric(scores, "recall").value,
        f1=metric(scores, "f1").value,
        low=estimate.low,
        high=estimate.high,
    )


def to_json(scores: Scores) -> dict[str, Any]:
    """The scores as values that `json.dumps` takes; `from_json` gives back an equal record."""
    return asdict(scores)


def from_json(data: Mapping[str, Any]) -> Scores:
    """The scores that `to_json` wrote, also after a trip through JSON text."""
    average_precision = data["average_precision"]
    return Scores(
        basis=data["basis"],
        n=data["n"],
        classes=tuple(data["classes"]),
        accuracy=Estimate(**data["accuracy"]),
        macro_f1=Estimate(**data["macro_f1"]),
        per_class={
            name: ClassScore(
                precision=Estimate(**one["precision"]),
                recall=Estimate(**one["recall"]),
                f1=Estimate(**one["f1"]),
                support=one["support"],
            )
            for name, one in data["per_class"].items()
        },
        confusion=tuple(tuple(row) for row in data["confusion"]),
        positive=data["positive"],
        threshold=data["threshold"],
        average_precision=None if average_precision is None else Estimate(**average_precision),
    )


def _table(truth: Codes, predicted: Codes, classes: int, values: Table) -> Table:
    table = np.zeros((classes, classes))
    np.add.at(table, (truth, predicted), values)
    return table


def proportion(part: float, whole: float, squares: float, heaviest: float) -> Estimate:
    """The share that `part` is of `whole`, both sums of weights, `squares` that of their squares, with its interval.

    The heaviest text of the whole sample weighs `heaviest`.
    """
    if whole == 0:
        return _UNKNOWN
    value = min(1.0, part / whole)
    # Kish's mean weight of the texts seen is squares / whole: with equal weights nothing is unseen.
    unseen = _UNSEEN * max(0.0, heaviest - squares / whole)
    n = (whole + unseen) ** 2 / (squares + unseen**2)
    low, _ = wilson(min(1.0, part / (whole + unseen)), n)
    _, high = wilson(min(1.0, (part + unseen) / (whole + unseen)), n)
    # Rounding may push an end past the value it must enclose, so the ends are held to it.
    return Estimate(value=value, low=max(0.0, min(value, low)), high=min(1.0, max(value, high)))


def _class_score(sums: Table, squares: Table, counts: Table, code: int, heaviest: float) -> ClassScore:
    def share_of(cells: NDArray[np.bool_]) -> Estimate:
        return proportion(float(sums[code, code]), float(sums[cells].sum()), float(squares[cells].sum()), heaviest)

    is_true, is_called = np.zeros((2, *sums.shape), dtype=bool)
    is_true[code] = True
    is_called[:, code] = True
    jaccard = share_of(is_true | is_called)
    return ClassScore(
        precision=share_of(is_called),
        recall=share_of(is_true),
        f1=Estimate(value=_f1(jaccard.value), low=_f1(jaccard.low), high=_f1(jaccard.high)),
        support=int(counts[code].sum()),
    )


def _f1(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def _occurring(counts: NDArray[Any]) -> NDArray[np.intp]:
    return np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))


def _macro_f1(sums: Table, squares: Table, f1: Sequence[Estimate]) -> Estimate:
    """MOVER with the correlations that shared mistakes cause: a text of class i called j lowers the F1 of both.

    The correlations are those of the texts' influence on each F1 = 2 TP / (2 TP + FP + FN); texts of one cell of
    the table share their influence, so the squared weights of the cells are all it takes.
    """
    occurs = _occurring(sums)
    sums, squares = sums[np.ix_(occurs, occurs)], squares[np.ix_(occurs, occurs)]
    parts = [f1[code] for code in occurs]
    values = np.array([part.value for part in parts])
    sizes = sums.sum(axis=0) + sums.sum(axis=1)
    by_mistake = values / sizes
    by_hit = 2 * (1 - values) / sizes
    mistakes = squares - np.diag(np.diag(squares))
    covariance = np.outer(by_mistake, by_mistake) * (mistakes + mistakes.T)
    variance = np.diag(squares) * by_hit**2 + (mistakes.sum(axis=0) + mistakes.sum(axis=1)) * by_mistake**2
    # A class without mistakes, or with nothing but mistakes, has no variance and no correlation to any other.
    deviation = np.sqrt(np.where(variance > 0, variance, 1.0))
    correlation = covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1.0)
    return _mover(parts, np.minimum(correlation, 1.0))


def _mover(parts: Sequence[Estimate], correlation: Table) -> Estimate:
    """The mean of estimates, with an interval made from theirs."""
    value = sum(part.value for part in parts) / len(parts)
    below = np.array([part.value - part.low for part in parts])
    above = np.array([part.high - part.value for part in parts])
    low, high = (math.sqrt(float(arm @ correlation @ arm)) / len(parts) for arm in (below, above))
    return Estimate(value=value, low=max(0.0, value - low), high=min(1.0, value + high))


def _average_precision(positives: NDArray[np.bool_], scores: NDArray[np.floating], weights: Table) -> Estimate:
    """Sum over the distinct scores, from the highest on, of the recall gained times the precision there."""
    mass = weights[positives]
    if mass.size == 0:
        return _UNKNOWN
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    hits = np.cumsum(np.where(positives, weights, 0.0)[order])[ends]
    precision = hits / np.cumsum(weights[order])[ends]
    area = float(np.diff(hits, prepend=0.0) @ precision)
    return proportion(area, float(mass.sum()), float((mass**2).sum()), float(weights.max()))
