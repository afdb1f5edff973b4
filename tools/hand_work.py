"""What a run asks of a person: checks of its oracle, labels that she gives instead, and the minutes that they take."""

from dataclasses import dataclass

from tools.benefit import benefit
from tools.engine.records import Task
from tools.expected_cost import source_of
from tools.gate import EVERY, MOST, PORTION, checker_of, standing_of
from tools.pace import minutes_spent
from tools.panel import read_panel
from tools.plan import RunPlan
from tools.workbench import Workbench

Range = tuple[float, float]
Counts = tuple[int, int]

HARDER = 2.0
"""How many times more of a run's texts than of a random sample may be a person's: a run picks what is hard."""
_OF = 1_000
"""Labels that a share is taken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandWork:
    """What a person gives to a run: labels and checks, and minutes, as (low, high); `words` say what that rests on."""

    labels: Counts
    minutes: Range
    words: tuple[str, ...]


def hand_work(  # noqa: PLR0913 - keyword-only: what the run asks, and how long a label takes
    bench: Workbench,
    task: Task,
    plan: RunPlan,
    *,
    oracle: str,
    gold: int,
    asked: Counts,
    rounds: Counts,
    seconds: Range,
) -> HandWork:
    """What a run by `plan` asks of a person, where `oracle` answers `gold` and `asked` texts in so many `rounds`.

    `seconds` is what a label takes her. Her time limit holds for checks and labels, not for the gold sample.
    """
    judged = gold * _by_a_person(plan.gold_oracle or oracle)[0]
    checks = _checks(bench, task, plan, oracle, rounds)
    share, words = _share(bench, task, plan, oracle)
    low, high = checks[0] + share[0] * asked[0], checks[1] + share[1] * asked[1]
    longest = high * seconds[1]
    if plan.minutes is not None:
        # Checks come first, and are not left out for want of time.
        left = max(checks[0] * seconds[1], 60 * (plan.minutes - minutes_spent(bench, task)))
        low, high, longest = min(low, left / seconds[1]), min(high, left / seconds[0]), min(longest, left)
    return HandWork(
        labels=(round(judged + low), round(judged + high)),
        minutes=((judged + low) * seconds[0] / 60, (judged * seconds[1] + longest) / 60),
        words=words,
    )


def _by_a_person(oracle: str) -> Range:
    """The share of an oracle's answers that a person gives: 0, 1, or anything between where she is asked the rest."""
    panel = read_panel(oracle)
    if panel is None:
        whole = float(oracle.partition(":")[0] == "human")
        return whole, whole
    parts = [_by_a_person(part) for part in panel.parts]
    low = parts[0][0] if panel.form == "chain" else max(part[0] for part in parts)
    return low, max(part[1] for part in parts)


def _checks(bench: Workbench, task: Task, plan: RunPlan, oracle: str, rounds: Counts) -> Counts:
    """Answers of the oracle that a person is to check: until enough is known, and again every few rounds."""
    checker = checker_of(bench, oracle, plan.gate)
    if checker is None or not _by_a_person(checker)[1]:
        return 0, 0
    judgement = standing_of(bench, task, source_of(bench, oracle)).judgement
    done = 0 if judgement is None else judgement.checks
    decided = judgement is not None and judgement.verdict != "more"
    most = min(MOST, bench.pools.get(task.pool).texts // 3)
    first = (0, 0) if decided else (max(0, min(PORTION, most) - done), max(0, most - done))
    return first[0] + PORTION * (rounds[0] // EVERY), first[1] + PORTION * (rounds[1] // EVERY)


def _share(bench: Workbench, task: Task, plan: RunPlan, oracle: str) -> tuple[Range, tuple[str, ...]]:
    """The share of the texts asked about that are a person's, and what that rests on."""
    own = _by_a_person(oracle)
    source = source_of(bench, oracle)
    judgement = standing_of(bench, task, source).judgement
    routed = plan.quality is not None or plan.minutes is not None
    if own[0] == 1 or not (routed or checker_of(bench, oracle, plan.gate)):
        return own, ()
    if judgement is None and routed:
        why = f"How many labels a person gives beside {oracle} is not known before some of its answers are checked."
        return (own[0], 1.0), (why,)
    if routed and plan.quality is None:
        return (1.0, 1.0), ("All of a person's minutes are used, for what the oracle is least sure of.",)
    if judgement is None or (not routed and judgement.verdict != "above"):
        return own, ()
    if routed:
        both = benefit(bench, task, oracle=source, labels=_OF, quality=plan.quality or 1.0).ways[-1]
        share = (both.by_hand - judgement.checks) / _OF
    else:
        share = 1 - (judgement.share or 0.0)
    words = (
        f"By {judgement.checks:,} checks of {source}, a person gives {share:.0%} of the labels beside it, and up to "
        f"{HARDER:.0f} times as many where a run picks what is hard."
    )
    return (max(own[0], share), max(own[1], min(1.0, HARDER * share))), (words,)
