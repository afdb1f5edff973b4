"""Estimates: what a run would take before it begins, in calls, dollars, machine time and a person's minutes."""

import math
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tools.answers import settled
from tools.consistency import MOST
from tools.engine.gold import most_gold
from tools.engine.learning import IN_CONTEXT
from tools.engine.records import RoundStatus, Task, Text
from tools.engine.stopping import Rule
from tools.expected_cost import ENOUGH_SEEN, asking_price, price_in_words, seen
from tools.gate import MOST as CHECKS
from tools.gate import PORTION, checker_of, sample_left
from tools.hand_work import hand_work
from tools.in_context import price_of_pool
from tools.labeling import spending_limit, spent_on
from tools.pace import pace
from tools.panel import asks_a_model
from tools.plan import RunPlan, check_names, rules_of, seed_per_class, within_caps
from tools.rounds import SEED_CALLS_PER_LABEL
from tools.training import training_labels
from tools.workbench import Workbench

Range = tuple[float, float]
Counts = tuple[int, int]

SAMPLED = 100
"""Texts that prices and reading times are taken from."""
TO_REPLY: Range = (0.5, 5.0)
"""Seconds that a language model takes for an answer."""
AT_ONCE: Counts = (64, 8)
"""Requests that an endpoint takes at once."""
ENCODED_PER_SECOND: Range = (350.0, 1_400.0)
"""Short texts that two processor cores encode in a second, in float32 and in bfloat16."""
TO_TRAIN: Range = (0.5, 5.0)
"""Seconds that a round with a head takes beside the scoring of the pool."""
SCORED_PER_SECOND: Range = (10_000.0, 40_000.0)
FINETUNED_PER_LABEL: Range = (0.1, 0.5)
"""Seconds of fine-tuning a label."""
FEWEST_TO_SETTLE = 3
"""Rounds after the cold start before `stable` or `plateau` can end the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEstimate:
    """What a run would still take, each as (low, high).

    `calls` are answers to ask for, those for the gold sample (`gold_calls`) among them; `labels` the training labels
    that come of them; `sample` texts come on top, which the oracle answers only to be checked. `dollars` is None where
    the model's price is not known, `budget_left` None without a budget. `by_hand` are the labels and checks that the
    run asks of a person, `minutes` what they take her; `minutes_by_hand` is what all calls would take her.
    `assumptions` say in words what the numbers rest on.
    """

    task: str
    oracle: str
    calls: Counts
    gold_calls: int
    sample: int
    labels: Counts
    dollars: Range | None
    seconds: Range
    by_hand: Counts
    minutes: Range
    minutes_by_hand: Range
    seconds_per_label: Range
    budget_left: float | None
    stop: tuple[str, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is left to ask: gold texts, answers for the seed, the seed's labels, labels of rounds and their calls.

    `unseen` are the texts that nobody was asked about and that may be learnt from.
    """

    gold: int
    unseen: int
    seed_calls: Counts
    seed_labels: int
    round_labels: Counts
    round_calls: Counts
    rounds: Counts

    @property
    def asked(self) -> Counts:
        """Answers to ask for beside the gold sample; no text is asked about twice."""
        low, high = (a + b for a, b in zip(self.seed_calls, self.round_calls, strict=True))
        return min(low, self.unseen), min(high, self.unseen)


NOTHING = _Work(
    gold=0, unseen=0, seed_calls=(0, 0), seed_labels=0, round_labels=(0, 0), round_calls=(0, 0), rounds=(0, 0)
)
"""What is left to ask where a run only checks."""


def estimate(bench: Workbench, plan: RunPlan) -> RunEstimate:
    """What a run by `plan` would take from where its task stands; the task's own oracle, else a person, answers.

    Answers without a class (unsure, skipped, failed) come on top of the calls. Raises what a run would raise before its
    first question, such as OracleUnavailable without an endpoint or AskAgain for a plan beyond the caps.
    """
    plan = within_caps(bench, plan)
    task = bench.tasks.get(plan.task)
    check_names(bench, plan)
    rules = rules_of(plan, task)
    work = NOTHING if plan.check_only else _work(bench, plan, task, rules)
    oracle = plan.oracle or task.oracle or "human"
    texts = _sample(bench, task, plan.seed)
    limit = spending_limit(bench, plan.budget if plan.budget is not None else task.budget)
    left = None if limit is None else max(0.0, limit - spent_on(bench, task))
    asked = work.asked
    sample = sample_left(bench, task, oracle, plan.gate)
    dollars = _dollars(bench, plan, task, oracle, texts, work=work, sample=sample)
    if dollars is not None and left is not None:
        dollars = min(dollars[0], left), min(dollars[1], left)
    by_hand, how = pace(bench, task, texts)
    hers = hand_work(bench, task, plan, oracle=oracle, gold=work.gold, asked=asked, rounds=work.rounds, seconds=by_hand)
    calls = work.gold + asked[0], work.gold + asked[1]
    return RunEstimate(
        task=task.name,
        oracle=oracle,
        calls=calls,
        gold_calls=work.gold,
        sample=sample,
        labels=(work.seed_labels + work.round_labels[0], work.seed_labels + work.round_labels[1]),
        dollars=dollars,
        seconds=_seconds(bench, plan, task, oracle, work),
        by_hand=hers.labels,
        minutes=hers.minutes,
        minutes_by_hand=(calls[0] * by_hand[0] / 60, calls[1] * by_hand[1] / 60),
        seconds_per_label=by_hand,
        budget_left=left,
        stop=tuple(map(str, rules)),
        assumptions=(
            _in_words(work, rules),
            how,
            *hers.words,
            *_gate_in_words(sample),
            *price_in_words(bench, task, oracle, texts),
            *_learner_in_words(bench, plan, task),
            *_budget_in_words(oracle, dollars, left),
        ),
    )


def _gate_in_words(sample: int) -> tuple[str, ...]:
    if not sample:
        return ()
    return (f"The oracle first answers {sample:,} more texts, of which {PORTION} to {CHECKS} are checked.",)


def _learner_in_words(bench: Workbench, plan: RunPlan, task: Task) -> tuple[str, ...]:
    if plan.learner != IN_CONTEXT:
        return ()
    count, price = price_of_pool(bench, task)
    low, high = price or (0.0, 0.0)
    return (
        f"At its end a language model is asked about {count:,} texts of the pool, for ${low:,.4f} to ${high:,.4f}.",
    )


def _budget_in_words(oracle: str, dollars: Range | None, left: float | None) -> tuple[str, ...]:
    if dollars is None or left is None or not (asks_a_model(oracle) or oracle.startswith("offline")):
        return ()
    return (f"${left:,.4f} of the budget is left, and no more is spent.",)


# --- calls ------------------------------------------------------------------------------------------------------------


def _work(bench: Workbench, plan: RunPlan, task: Task, rules: tuple[Rule, ...]) -> _Work:
    pool = bench.pools.get(task.pool).texts
    drawn = bench.rounds.gold(task.name)
    known = bench.labels.current(task.name)
    if drawn is None:
        gold = size = min(plan.gold, most_gold(pool - len(known)))
    else:
        size = len(drawn)
        gold = size - len(settled(bench, task, [item.text_id for item in drawn]))
    held = training_labels(bench, task)
    unseen = max(0, pool - size - len(known))
    seed_labels, seed_calls = _seed(bench, plan, task, rules, unseen)
    after_seed = max(len(held), _seed_size(plan, task, rules) if seed_labels else 0)
    labels = _round_labels(bench, plan, rules, task, held=after_seed, left=max(0, unseen - seed_calls[0]))
    taught = {text for text, label in known.items() if label.role != "gold" and label.answer.label is not None}
    free = 0 if seed_labels else len(taught - held.keys())
    return _Work(
        gold=gold,
        unseen=unseen,
        seed_calls=seed_calls,
        seed_labels=seed_labels,
        round_labels=labels,
        round_calls=(max(0, labels[0] - free), labels[1]),
        rounds=(math.ceil(labels[0] / plan.batch), math.ceil(labels[1] / plan.batch)),
    )


def _seed_size(plan: RunPlan, task: Task, rules: tuple[Rule, ...]) -> int:
    return seed_per_class(plan, task, rules) * len(task.classes)


def _seed(bench: Workbench, plan: RunPlan, task: Task, rules: tuple[Rule, ...], unseen: int) -> tuple[int, Counts]:
    """Labels that the seed still lacks, and the answers that finding them may take."""
    begun = bench.rounds.rounds(task.name)
    if begun and begun[0].status is not RoundStatus.SELECTED:
        return 0, (0, 0)
    per_class = seed_per_class(plan, task, rules)
    answers = [label.answer.label for label in bench.labels.current(task.name, "seed").values()]
    missing = sum(max(0, per_class - answers.count(name)) for name in task.class_names)
    most = SEED_CALLS_PER_LABEL * _seed_size(plan, task, rules) - len(answers)
    return missing, (min(missing, unseen), min(max(missing, most), unseen) if missing else 0)


def _round_labels(  # noqa: PLR0913 - keyword-only where it matters
    bench: Workbench, plan: RunPlan, rules: tuple[Rule, ...], task: Task, *, held: int, left: int
) -> Counts:
    """Training labels that the rounds after the cold start may add before a rule ends them."""
    rounds = bench.rounds.rounds(task.name)
    number = rounds[-1].number if rounds else 0
    picks = bench.rounds.picks(task.name, number) if number and rounds[-1].status is RoundStatus.SELECTED else []
    waits = len(picks) - len(settled(bench, task, [pick.text_id for pick in picks]))
    most = left
    for rule in rules:
        if rule.name == "labels" and rule.limit is not None:
            most = min(most, max(0, int(rule.limit) - held))
        if rule.name == "rounds" and rule.limit is not None:
            most = min(most, waits + max(0, int(rule.limit) - number) * plan.batch)
    names = {rule.name for rule in rules}
    if names <= {"labels", "rounds", "cost"}:
        return most, most
    settling = names & {"stable", "plateau"} and not names - {"labels", "rounds", "cost", "stable", "plateau"}
    soonest = waits + max(0, FEWEST_TO_SETTLE - number) * plan.batch if settling else waits
    return min(soonest, most), most


# --- dollars and time -------------------------------------------------------------------------------------------------


def _sample(bench: Workbench, task: Task, seed: int) -> list[Text]:
    ids = bench.pools.text_ids(task.pool)
    drawn = np.random.default_rng(seed).permutation(len(ids))[:SAMPLED]
    return bench.pools.texts(task.pool, [ids[row] for row in drawn])


def _dollars(  # noqa: PLR0913 - keyword-only where it matters
    bench: Workbench, plan: RunPlan, task: Task, oracle: str, texts: list[Text], *, work: _Work, sample: int
) -> Range | None:
    """What the run costs: gold sample, labels, the oracle's sample, what is asked again, and a checker that is paid.

    A learner that asks a language model about the pool comes on top.
    """
    checker = checker_of(bench, oracle, plan.gate) or "human"
    prices = [asking_price(bench, task, name, texts) for name in (plan.gold_oracle or oracle, oracle, checker)]
    again = MOST * work.rounds[1] if asks_a_model(oracle) and bench.settings.oracle_repeats else 0
    counts = (
        (work.gold, work.gold),
        (work.asked[0] + sample, work.asked[1] + sample + again),
        (min(PORTION, sample), min(CHECKS, sample)),
    )
    known = [price for price in prices if price is not None]
    if len(known) < len(prices):
        return None
    low, high = (sum(n[end] * p[end] for n, p in zip(counts, known, strict=True)) for end in (0, 1))
    _, learner = price_of_pool(bench, task) if plan.learner == IN_CONTEXT else (0, (0.0, 0.0))
    return None if learner is None else (low + learner[0], high + learner[1])


def _seconds(bench: Workbench, plan: RunPlan, task: Task, oracle: str, work: _Work) -> Range:
    """Machine time, from quick to slow; a person's time is not in it."""
    texts = bench.pools.get(task.pool).texts
    begun = bool(bench.rounds.rounds(task.name))
    found = []
    for end, quick in ((0, 1), (1, 0)):
        rate = ENCODED_PER_SECOND[quick]
        seconds = 0.0 if begun else texts / rate
        seconds += (work.rounds[end] + (not begun)) * (TO_TRAIN[end] + texts / SCORED_PER_SECOND[quick])
        if plan.learner in {"finetune", "lora"} or (plan.learner == "auto" and end):
            labels = work.seed_labels + work.round_labels[end]
            seconds += FINETUNED_PER_LABEL[end] * labels + texts / rate
        if plan.learner == IN_CONTEXT:
            seconds += texts * TO_REPLY[end] / min(AT_ONCE[end], bench.settings.llm_concurrency)
        if oracle.partition(":")[0] == "llm":
            timed = [answer.seconds for answer in seen(bench, task, oracle) if answer.seconds > 0]
            reply = fmean(timed) if len(timed) >= ENOUGH_SEEN else TO_REPLY[end]
            at_once = min(AT_ONCE[end], bench.settings.llm_concurrency)
            seconds += (work.gold + work.asked[end]) * reply / at_once
        found.append(seconds)
    return found[0], found[1]


# --- words ------------------------------------------------------------------------------------------------------------


def _in_words(work: _Work, rules: tuple[Rule, ...]) -> str:
    parts = []
    if work.gold:
        parts.append(f"{work.gold:,} answers for the gold sample")
    if work.seed_labels:
        low, high = work.seed_calls
        parts.append(f"{low:,} to {high:,} until the seed has the {work.seed_labels:,} labels it lacks")
    if work.round_calls[1]:
        low, high = work.round_calls
        parts.append(f"{low:,} to {high:,} in rounds" if low < high else f"{high:,} in rounds")
    rule = ", ".join(map(str, rules)) or "an exhausted pool"
    return f"{'; '.join(parts) or 'Nothing is left to ask'}; it ends by {rule}."
