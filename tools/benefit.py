"""Costs and benefits of who labels: a model alone, a person alone, or both, on the task's own data."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tools.checks import PUT_UP, calibration_of, given_answers, sampled
from tools.engine.errors import NotEnoughLabels, UnknownName
from tools.engine.oracle_gate import Judgement
from tools.engine.records import Estimate, Opinion, Task
from tools.engine.routing import affordable_share, route, spread
from tools.gate import oracles_checked, standing_of
from tools.pace import seconds_a_label
from tools.training import training_labels
from tools.workbench import Workbench

QUALITY = 0.95
"""Share of right labels that is asked of both together, unless another is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to get the labels.

    `quality` is the share of right ones with its 95 % interval, by what the checks take for right; `dollars` what the
    model costs, `minutes` what a person gives, who labels `by_hand` texts (the checks are in both).
    """

    who: str
    quality: Estimate
    dollars: float
    minutes: float
    by_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """The ways compared for `labels` labels: `model` alone, `person` alone, and `both` for the `wanted` quality.

    `advice` says in words what the numbers come to, `assumptions` what they rest on.
    """

    oracle: str
    labels: int
    wanted: float
    ways: tuple[Way, ...]
    advice: str
    assumptions: tuple[str, ...]


def benefit(  # noqa: PLR0913 - keyword-only: what is compared, for how many labels, and what is asked of it
    bench: Workbench,
    task: Task,
    *,
    oracle: str | None = None,
    labels: int | None = None,
    quality: float = QUALITY,
    minutes: float | None = None,
) -> Benefit:
    """Compare the ways for `labels` labels (those the task has, else the answers drawn for the checks).

    `oracle` is the source of one that was checked, the first without a name. With `minutes` a person has no more time
    than that, checks included. Raises NotEnoughLabels when no oracle was checked, UnknownName for another one.
    """
    source = _source(bench, task, oracle)
    judgement = standing_of(bench, task, source).judgement
    if judgement is None:
        raise NotEnoughLabels(f"Nobody has checked answers of {source} yet: laud oracle check {task.name!r}.")
    count = labels or len(training_labels(bench, task)) or len(sampled(bench, task, source))
    seconds = seconds_a_label(bench, task)
    price, answers = _price(bench, task, source)
    checking = judgement.checks * seconds / 60
    asking = price * (count + answers)
    hand = Way(
        who="person", quality=Estimate(value=1, low=1, high=1), dollars=0, minutes=count * seconds / 60, by_hand=count
    )
    alone = Way(who="model", quality=judgement.accuracy, dollars=asking, minutes=checking, by_hand=judgement.checks)
    most = None
    if minutes is not None:
        most = spread(affordable_share(minutes - checking, seconds=seconds, labels=count), count)
    both = _both(bench, task, judgement, source, count=count, wanted=quality, most=most, seconds=seconds, asking=asking)
    return Benefit(
        oracle=source,
        labels=count,
        wanted=quality,
        ways=(alone, hand, both),
        advice=_advice(alone, hand, both, quality),
        assumptions=(
            "Right is what the person who checks says: her own mistakes are not counted.",
            f"A label by hand takes {seconds:.0f} s; an answer of {source} cost ${price:.6f} on average.",
            f"{judgement.checks:,} checks, of {answers:,} answers drawn at random; a run picks harder texts.",
        ),
    )


def _both(  # noqa: PLR0913 - keyword-only: the numbers that the other ways have as well
    bench: Workbench,
    task: Task,
    judgement: Judgement,
    source: str,
    *,
    count: int,
    wanted: float,
    most: int | None,
    seconds: float,
    asking: float,
) -> Way:
    """The least sure answers by hand, as few as reach the wanted quality in the sample."""
    calibration = calibration_of(bench, task, source) or judgement.calibration
    answers = given_answers(sampled(bench, task, source).values(), task.class_names)
    right = np.array([calibration.probability(one.label, one.confidence) for one in answers])
    limit = None if most is None else round(most / count * len(right))
    found = route(right, wanted=wanted, most=limit)
    share = len(found.rows) / len(right)
    # Where a person labels nothing, the accuracy is known no better than the model's.
    below, above = judgement.accuracy.value - judgement.accuracy.low, judgement.accuracy.high - judgement.accuracy.value
    by_hand = round(share * count)
    return Way(
        who="both",
        quality=Estimate(
            value=found.quality,
            low=max(0.0, found.quality - (1 - share) * below),
            high=min(1.0, found.quality + (1 - share) * above),
        ),
        dollars=asking,
        minutes=(by_hand + judgement.checks) * seconds / 60,
        by_hand=by_hand + judgement.checks,
    )


def _source(bench: Workbench, task: Task, oracle: str | None) -> str:
    known = oracles_checked(bench, task)
    if not known:
        raise NotEnoughLabels(
            f"No oracle of task {task.name!r} was checked yet, so nothing tells how good one is. "
            "Let one be checked first: it answers a sample, and a person judges some of the answers."
        )
    if oracle is not None and oracle not in known:
        raise UnknownName(f"The oracle {oracle!r} was not checked. Checked were: {', '.join(map(repr, known))}.")
    return oracle or known[0]


def _price(bench: Workbench, task: Task, source: str) -> tuple[float, int]:
    """Dollars for an answer to the sample, and how many there were."""
    asked: Sequence[Opinion] = [
        one
        for one in bench.opinions.of(task.name, purpose="check")
        if one.source == source and one.variant != PUT_UP and one.guideline_version == task.guideline_version
    ]
    return (fmean(one.cost for one in asked) if asked else 0.0), len(asked)


def _advice(alone: Way, hand: Way, both: Way, wanted: float) -> str:
    if alone.quality.value >= wanted:
        return (
            f"The model alone: {alone.quality.value:.0%} of its labels are right, {wanted:.0%} are wanted. By hand it "
            f"would take {hand.minutes:.0f} minutes in place of {alone.minutes:.0f}."
        )
    if both.minutes >= hand.minutes:
        return f"By hand: with the model's help it takes no less time ({both.minutes:.0f} minutes), and dollars."
    if both.quality.value < wanted - 1e-9:
        return (
            f"Both, but it is not enough: {both.quality.value:.1%} right with {both.minutes:.0f} minutes by hand, "
            f"where {wanted:.0%} are wanted. More minutes, or a clearer guideline."
        )
    return (
        f"Both: {both.quality.value:.1%} right with {both.minutes:.0f} minutes by hand, in place of "
        f"{alone.quality.value:.1%} with {alone.minutes:.0f} or all right with {hand.minutes:.0f}."
    )
