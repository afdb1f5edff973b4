"""The gate before an oracle: a person checks a few of its answers, and the run goes on as their result says."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from tools.answers import Purpose, Purposes, is_settled
from tools.checks import PUT_UP, given_answers, put_up, sampled, store_opinion, truths
from tools.engine.oracle_gate import Judgement, choose_checks, judge
from tools.engine.ports import Oracle
from tools.engine.records import Estimate, Opinion, Pick, StopDecision, Task, TextId
from tools.labeling import affordable, ask
from tools.panel import Calibrated, Cascade, asks_a_model
from tools.workbench import Workbench

SAMPLE = 300
"""Texts drawn at random that the oracle answers first; a third of the pool where that is less."""
PER_CLASS = 30
"""Where there are many classes the sample is so many for each: a class is seldom known by fewer than 20 checks."""
PORTION = 20
"""Checks that are put up at a time."""
CLOSER = 60
"""Checks from which on half as many are put up at a time: few classes are in doubt, and each answer says which."""
MOST = 100
"""Checks after which the gate decides."""
FRESH = 60
"""Texts more that the oracle answers when it is checked again."""
EVERY = 4
"""Rounds between one check of an oracle and the next."""
SKIP = "skip"
"""In place of who checks: nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """How a check stands: the oracle, what is known of it (None before the first check), and the texts that wait."""

    oracle: str
    judgement: Judgement | None
    waiting: tuple[TextId, ...]
    asked: int


def sample_size(classes: int) -> int:
    """How many texts an oracle answers before its gate, where the pool is large enough."""
    return max(SAMPLE, PER_CLASS * classes)


def portion(checked: int) -> int:
    """How many checks to put up next when so many were made."""
    return PORTION if checked < CLOSER else PORTION // 2


def checker_of(bench: Workbench, oracle: str, gate: str | None) -> str | None:
    """The name of the oracle that checks this one before a run; None where nobody does.

    A language model, alone or in a panel, is checked by whom the settings name, unless `gate` names another; any other
    oracle only where `gate` says so.
    """
    chosen = gate or (bench.settings.oracle_gate if asks_a_model(oracle) else SKIP)
    return None if chosen == SKIP else chosen


def sample_left(bench: Workbench, task: Task, oracle: str, gate: str | None) -> int:
    """How many texts the oracle of that name has still to answer before its gate; 0 where nobody checks it."""
    if checker_of(bench, oracle, gate) is None:
        return 0
    held = max(
        (len(sampled(bench, task, one)) for one in oracles_checked(bench, task) if one.startswith(oracle)), default=0
    )
    return max(0, _first(bench, task) - held)


def standing_of(bench: Workbench, task: Task, source: str) -> Checking:
    """How the check of this oracle stands."""
    answers = sampled(bench, task, source)
    current = bench.labels.current(task.name)
    return Checking(
        oracle=source,
        judgement=_judged(bench, task, source),
        waiting=tuple(t for t, one in answers.items() if one.variant == PUT_UP and not is_settled(current.get(t))),
        asked=len(answers),
    )


def oracles_checked(bench: Workbench, task: Task) -> list[str]:
    """The sources of which answers were drawn to be checked, in the order of their first."""
    return list(dict.fromkeys(one.source for one in bench.opinions.of(task.name, purpose="check")))


def prepare(  # noqa: PLR0913 - what is checked, and by which draw and budget
    bench: Workbench, task: Task, oracle: Oracle, *, seed: int, budget: float | None = None, again: int = 0
) -> Checking:
    """Have the oracle answer its sample, and put up the next answers to check unless some wait or enough is known.

    `again` counts the checks that were repeated: each has fresh texts, of which a portion is judged. What was answered
    before is not asked again. Raises BudgetSpent, OracleUnavailable.
    """
    base = _first(bench, task)
    _sample(bench, task, oracle, seed=seed, budget=budget, size=base + FRESH * again)
    now = standing_of(bench, task, oracle.source)
    if now.waiting:
        return now
    held = _in_order(bench, task, oracle.source)
    truth = truths(bench, task, oracle.source)
    fresh = dict(list(held.items())[base + FRESH * (again - 1) :]) if again else held
    missing = PORTION - len(fresh.keys() & truth.keys()) if again else 0
    decided = now.judgement is not None and now.judgement.verdict != "more"
    if decided and missing <= 0:
        return now
    chosen = fresh if decided else held
    # What the oracle has labeled in the meantime needs no label of a person.
    current = bench.labels.current(task.name)
    open_ones = [one for text, one in chosen.items() if text in truth or text not in current]
    picks = choose_checks(
        given_answers(open_ones, task.class_names),
        {text: label for text, label in truth.items() if text in chosen},
        task.class_names,
        size=missing if decided else portion(len(truth)),
        wanted=bench.settings.oracle_accuracy,
        rng=np.random.default_rng([seed, len(truth), 0xC4EC]),
    )
    put_up(bench, task, [held[text] for text in picks])
    return standing_of(bench, task, oracle.source)


def check(  # noqa: PLR0913 - what is checked, by whom, and by which draw and budget
    bench: Workbench,
    task: Task,
    oracle: Oracle,
    checker: Oracle,
    *,
    seed: int,
    budget: float | None = None,
    again: int = 0,
) -> Checking:
    """Have the checker judge the oracle, portion after portion, until enough is known or the checker leaves some open.

    The checker's answers are labels: of the seed before the loop has begun, of the latest round after that.
    """
    while True:
        now = prepare(bench, task, oracle, seed=seed, budget=budget, again=again)
        if not now.waiting:
            return now
        purpose = Purposes(bench, task).of(now.waiting[0])
        if purpose.role == "train":
            for text in now.waiting:
                pick = Pick(text_id=text, score=0.0, strategy="check")
                bench.rounds.add_pick(task.name, purpose.round, pick)
        asked = ask(bench, checker, now.waiting, Purpose(task=task, role=purpose.role, round=purpose.round))
        if asked.unanswered:
            return standing_of(bench, task, oracle.source)


def checked(bench: Workbench, task: Task, oracle: Oracle) -> StopDecision:
    """How a run ends that only checks."""
    return StopDecision(rule="checked", reason=advice(standing_of(bench, task, oracle.source)))


def trusted(bench: Workbench, task: Task, oracle: Oracle, judgement: Judgement | None, rest: Oracle) -> Oracle:
    """The oracle as its checks allow: its confidences calibrated, and `rest` asked about those below the threshold."""
    if judgement is not None and judgement.verdict == "above" and judgement.threshold is not None:
        return Cascade(bench, task, oracle, rest, wanted=judgement.threshold)
    return Calibrated(bench, task, oracle)


def advice(found: Checking) -> str:
    """What to do with the oracle, in words."""
    it = found.judgement
    if it is None:
        return f"Nothing of {found.oracle} was checked yet; {len(found.waiting)} of its answers wait for a person."
    right = f"{_shown(it.accuracy)} of its answers are right"
    by = f"by {it.checks} checks"
    weak = ""
    for one in it.classes:
        if one.wrong:
            weak += f" Of what it calls {one.name!r}, {_shown(one.right)} is right."
        if one.missed:
            weak += f" Of the texts that are {one.name!r}, it finds {_shown(one.found)}."
    match it.verdict:
        case "use":
            proven = "" if it.accuracy.low >= it.wanted else f" It may be right less often than {it.wanted:.0%}, too."
            return f"Use {found.oracle}: {by}, {right}.{proven}{weak}"
        case "above":
            return (
                f"Use {found.oracle} above a confidence of {it.threshold:.2f}, which {it.share:.0%} of its answers "
                f"reach; the others are for a person. Overall {right}, {by}.{weak}"
            )
        case "more":
            return f"Check more of {found.oracle}: so far {right}, {by}.{weak}"
        case "not":
            return f"Do not use {found.oracle}: {right}, {by}, and {it.wanted:.0%} are wanted.{weak}"


def _shown(share: Estimate) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def _judged(bench: Workbench, task: Task, source: str) -> Judgement | None:
    truth = truths(bench, task, source)
    answers = given_answers(sampled(bench, task, source).values(), task.class_names)
    if not any(truth.get(one.text_id) is not None for one in answers):
        return None
    known = {text: label if label in task.class_names else None for text, label in truth.items()}
    return judge(answers, known, task.class_names, wanted=bench.settings.oracle_accuracy, most=MOST)


def _first(bench: Workbench, task: Task) -> int:
    return min(sample_size(len(task.class_names)), bench.pools.get(task.pool).texts // 3)


def _in_order(bench: Workbench, task: Task, source: str) -> dict[TextId, Opinion]:
    """What the oracle said of its sample, in the order in which it was drawn."""
    held = sampled(bench, task, source)
    first = dict.fromkeys(one.text_id for one in bench.opinions.of(task.name, purpose="check") if one.source == source)
    return {text: held[text] for text in first if text in held}


def _sample(  # noqa: PLR0913 - as `prepare`
    bench: Workbench, task: Task, oracle: Oracle, *, seed: int, budget: float | None, size: int
) -> None:
    """Ask about texts drawn at random, none of the gold sample and none that is labeled, until `size` are answered."""
    held = sampled(bench, task, oracle.source)
    drawn = _draw(bench, task, seed=seed, size=size, held=held.keys())
    texts = bench.pools.texts(task.pool, drawn)
    done = 0
    for group in affordable(bench, oracle, texts, Purpose(task=task, role="seed", round=0, budget=budget)):
        for answer in oracle.answers(group, task):
            if answer.outcome != "failed" or answer.cost:
                store_opinion(bench, task, answer, source=oracle.source, purpose="check")
            done += 1
            bench.progress("asking the oracle about its sample", done, len(texts))


def _draw(bench: Workbench, task: Task, *, seed: int, size: int, held: Collection[TextId]) -> list[TextId]:
    ids = bench.pools.text_ids(task.pool)
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    labeled = bench.labels.current(task.name).keys()
    order = np.random.default_rng([seed, 0x5A3]).permutation(len(ids))
    free = [ids[place] for place in order if ids[place] not in gold and ids[place] not in labeled]
    missing = size - len(held)
    return [text for text in free if text not in held][: max(0, missing)]
