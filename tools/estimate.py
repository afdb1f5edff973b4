"""Estimates: what a run would take before it begins, in calls, dollars, machine time and a person's minutes."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from tools.answers import settled
from tools.consistency import MOST
from tools.engine.gold import most_gold
from tools.engine.records import Answer, RoundStatus, Task, Text
from tools.engine.stopping import Rule
from tools.gate import MOST as CHECKS
from tools.gate import PORTION, sample_left
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
ENOUGH_SEEN = 10
"""Answers of an oracle from which on its own price and pace are taken."""
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
    that come of them. `dollars` is None where the model's price is not known, `budget_left` None without a budget.
    `minutes_by_hand` are what the calls would take a person. `assumptions` say in words what the numbers rest on.
    """

    task: str
    oracle: str
    calls: Counts
    gold_calls: int
    labels: Counts
    dollars: Range | None
    seconds: Range
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


def estimate(bench: Workbench, plan: RunPlan) -> RunEstimate:
    """What a run by `plan` would take from where its task stands; the task's own oracle, else a person, answers.

    Answers without a class (unsure, skipped, failed) come on top of the calls. Raises what a run would raise before its
    first question, such as OracleUnavailable without an endpoint or AskAgain for a plan beyond the caps.
    """
    plan = within_caps(bench, plan)
    task = bench.tasks.get(plan.task)
    check_names(bench, plan)
    rules = rules_of(plan, task)
    work = _work(bench, plan, task, rules)
    oracle = plan.oracle or task.oracle or "human"
    texts = _sample(bench, task, plan.seed)
    price = _price(bench, task, oracle, texts)
    gold_price = price if plan.gold_oracle is None else _price(bench, task, plan.gold_oracle, texts)
    limit = spending_limit(bench, plan.budget if plan.budget is not None else task.budget)
    left = None if limit is None else max(0.0, limit - spent_on(bench, task))
    asked = work.asked
    sample = sample_left(bench, task, oracle, plan.gate)
    again = MOST * work.rounds[1] if asks_a_model(oracle) and bench.settings.oracle_repeats else 0
    dollars = None
    if price is not None and gold_price is not None:
        paid = asked[0] + sample, asked[1] + sample + again
        spent = [work.gold * g + calls * p for g, calls, p in zip(gold_price, paid, price, strict=True)]
        dollars = (min(spent[0], left), min(spent[1], left)) if left is not None else (spent[0], spent[1])
    by_hand, how = pace(bench, task, texts)
    calls = work.gold + asked[0], work.gold + asked[1]
    return RunEstimate(
        task=task.name,
        oracle=oracle,
        calls=calls,
        gold_calls=work.gold,
        labels=(work.seed_labels + work.round_labels[0], work.seed_labels + work.round_labels[1]),
        dollars=dollars,
        seconds=_seconds(bench, plan, task, oracle, work),
        minutes_by_hand=(calls[0] * by_hand[0] / 60, calls[1] * by_hand[1] / 60),
        seconds_per_label=by_hand,
        budget_left=left,
        stop=tuple(map(str, rules)),
        assumptions=(
            _in_words(work, rules),
            how,
            *_gate_in_words(sample),
            *_price_in_words(bench, task, oracle, price, left),
        ),
    )


def _gate_in_words(sample: int) -> tuple[str, ...]:
    if not sample:
        return ()
    return (f"the oracle first answers {sample:,} more texts, of which a person checks {PORTION} to {CHECKS}",)


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


def _price(bench: Workbench, task: Task, oracle: str, texts: list[Text]) -> Range | None:
    """Dollars for one answer: as those so far, else by counted tokens; None where the price table lacks the model."""
    kind, _, model = oracle.partition(":")
    if kind != "llm" or not texts:
        return 0.0, 0.0
    expected = bench.language_models.expected(task, texts, model=model or None)
    if expected is None:
        return None
    seen = [answer.cost for answer in _seen(bench, task, oracle) if answer.cost > 0]
    if len(seen) >= ENOUGH_SEEN:
        margin = 2 * stdev(seen) / math.sqrt(len(seen))
        return max(0.0, fmean(seen) - margin), fmean(seen) + margin
    return expected[0] / len(texts), expected[1] / len(texts)


def _seen(bench: Workbench, task: Task, oracle: str) -> list[Answer]:
    """The answers that this oracle gave to the task before."""
    kind, _, model = oracle.partition(":")
    source = f"llm:{model or bench.settings.llm_model}" if kind == "llm" else oracle
    return [label.answer for label in bench.labels.history(task.name) if label.answer.source == source]


def _seconds(bench: Workbench, plan: RunPlan, task: Task, oracle: str, work: _Work) -> Range:
    """Machine time, from quick to slow; a person's time is not in it."""
    texts = bench.pools.get(task.pool).texts
    begun = bool(bench.rounds.rounds(task.name))
    found = []
    for end, quick in ((0, 1), (1, 0)):
        rate = ENCODED_PER_SECOND[quick]
        seconds = 0.0 if begun else texts / rate
        seconds += (work.rounds[end] + (not begun)) * (TO_TRAIN[end] + texts / SCORED_PER_SECOND[quick])
        if plan.learner == "finetune" or (plan.learner == "auto" and end):
            labels = work.seed_labels + work.round_labels[end]
            seconds += FINETUNED_PER_LABEL[end] * labels + texts / rate
        if oracle.partition(":")[0] == "llm":
            timed = [answer.seconds for answer in _seen(bench, task, oracle) if answer.seconds > 0]
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


def _price_in_words(bench: Workbench, task: Task, oracle: str, price: Range | None, left: float | None) -> list[str]:
    if oracle.partition(":")[0] != "llm":
        return []
    if price is None:
        return ["The price table lacks the model, so its cost is not known."]
    seen = sum(answer.cost > 0 for answer in _seen(bench, task, oracle))
    _, _, counted = bench.language_models.expected(task, [], model=oracle.partition(":")[2] or None) or (0, 0, 0)
    basis = "by the price table, from the shortest answer to the longest allowed"
    if counted >= ENOUGH_SEEN:
        basis = f"by the price table and the tokens of {counted:,} earlier answers of the model"
    if seen >= ENOUGH_SEEN:
        basis = f"as {seen:,} answers so far did"
    words = [f"An answer costs ${price[0]:.6f} to ${price[1]:.6f}, {basis}."]
    return [*words, f"${left:,.4f} of the budget is left, and no more is spent."] if left is not None else words
