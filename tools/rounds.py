"""The loop: cold start, then rounds of select → label → train → score, until a stopping rule holds.

Every step is stored before the next begins, and each can be done again: a process that is killed at any moment goes on
from what is stored, and no text is asked about twice.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from time import perf_counter
from types import MappingProxyType

from tools.answers import Purpose
from tools.checks import judged_by_people
from tools.consistency import watch
from tools.doubts import relabel_first
from tools.engine.agreement import cohen_kappa
from tools.engine.decisions import decide_classes
from tools.engine.errors import AskAgain, BudgetSpent, OracleUnavailable, PoolExhausted
from tools.engine.learning import HEAD_FIRST, IN_CONTEXT
from tools.engine.ports import Oracle
from tools.engine.records import ModelRecord, Pick, Role, Round, RoundStatus, StopDecision, Task
from tools.engine.rounds import next_step
from tools.engine.routing import spread
from tools.engine.selection.coldstart import SeedStep
from tools.engine.stopping import History, Rule, decide
from tools.evaluation import ensure_gold, label_gold, score_model
from tools.gate import EVERY, SKIP, advice, check, checked, checker_of, trusted
from tools.labeling import Asked, ask, at_the_terminal, spent_on
from tools.oracles import open_oracle
from tools.plan import RunPlan, check_names, rules_of, seed_per_class
from tools.pool import ready_pool
from tools.repair import requeued
from tools.routing import HandTime, Routed, share_by_hand
from tools.selection import candidates, pick_batch, seed_step
from tools.standing import RunResult, result
from tools.training import best_learner, score_pool, train, training_labels
from tools.workbench import Workbench

SEED_CALLS_PER_LABEL = 10
"""Oracle calls that the cold start may spend for each label of the seed before it reports what it could not find."""


class _Waiting(Exception):
    """Texts wait for a person."""

    def __init__(self, texts: int, where: str) -> None:
        super().__init__(f"{texts} texts of {where} wait for a label")


class _Refused(Exception):
    """The checks say that the oracle is not to be used."""


@dataclass(slots=True, kw_only=True)
class _Loop:
    """One run: what its steps share."""

    bench: Workbench
    plan: RunPlan
    task: Task
    oracle: Oracle
    gold_oracle: Oracle
    checked: Oracle
    checker: Oracle | None
    rules: tuple[Rule, ...]
    budget: float | None
    per_class: int

    @property
    def rounds(self) -> list[Round]:
        return self.bench.rounds.rounds(self.task.name)

    @property
    def person(self) -> Oracle:
        return self.checker or at_the_terminal(self.bench)

    @property
    def time(self) -> HandTime:
        return HandTime(minutes=self.plan.minutes, labels=self.labels_left)

    @property
    def by_hand(self) -> bool:
        return self.plan.quality is not None or self.plan.minutes is not None

    @property
    def model(self) -> ModelRecord:
        return self.bench.rounds.models(self.task.name)[-1]

    def purpose(self, number: int) -> Purpose:
        role: Role = "seed" if number == 0 else "train"
        return Purpose(task=self.task, role=role, round=number, budget=self.budget)

    def labels_left(self) -> int | None:
        """Labels until the limit, None without one."""
        limits = [int(rule.limit) for rule in self.rules if rule.name == "labels" and rule.limit is not None]
        return max(0, min(limits) - len(training_labels(self.bench, self.task))) if limits else None

    def batch_size(self) -> int:
        """Texts that the next round takes: the batch, cut to the label limit and to what is left."""
        left = self.labels_left()
        limits = [] if left is None else [left]
        return max(0, min([self.plan.batch, len(candidates(self.bench, self.task)), *limits]))


def run(bench: Workbench, plan: RunPlan) -> RunResult:
    """Carry the task's loop on until a rule holds, from wherever it stands.

    The same call again goes on after a kill, and does nothing more when the rules hold already. Raises UnknownName,
    UnknownLabel, InvalidRule, PoolExhausted for a pool too small, NotEnoughLabels, OracleUnavailable; what was
    labeled and learnt until then stays.
    """
    loop = _open_loop(bench, plan)
    try:
        ensure_gold(bench, loop.task, size=plan.gold, seed=plan.seed)
        _pass_gate(loop, loop.rounds[-1].number if loop.rounds else 0)
        stop = checked(bench, loop.task, loop.checked) if plan.check_only else _advance_until_stop(loop)
    except _Waiting as waiting:
        stop = StopDecision(
            rule="waiting",
            reason=f"{waiting}: {_how(plan)}, then begin the same run again",
        )
    except _Refused as refused:
        stop = StopDecision(rule="oracle", reason=str(refused))
    return result(bench, loop.task, stop=stop, per_class=loop.per_class)


def _how(plan: RunPlan) -> str:
    later = (plan.oracle or "").partition(":")[0] == "offline"
    return "submit them as an offline batch and collect it" if later else "label them"


def _open_loop(bench: Workbench, plan: RunPlan) -> _Loop:
    task = bench.tasks.get(plan.task)
    check_names(bench, plan)
    rules = rules_of(plan, task)
    per_class = seed_per_class(plan, task, rules)
    pool = ready_pool(bench, task.pool, complete=True)
    if pool.texts < plan.batch:
        raise PoolExhausted(
            f"Pool {task.pool!r} holds {pool.texts:,} texts, fewer than one batch of {plan.batch:,}. "
            "Take a smaller batch, or add texts to the pool.",
            argument="batch",
        )
    oracle = plan.oracle or task.oracle
    if oracle is None:
        raise AskAgain(
            f"Task {task.name!r} names no oracle. Say who labels: llm, human, zero-shot or replay:COLUMN.",
            argument="oracle",
        )
    budget = plan.budget if plan.budget is not None else task.budget
    opened = open_oracle(bench, task, oracle, noise=plan.noise, seed=plan.seed, priced=budget is not None)
    checker = checker_of(bench, oracle, plan.gate)
    if plan.check_only and checker is None:
        raise AskAgain(f"Nobody is to check {oracle}. Say who checks it, such as gate: human.", argument="gate")
    return _Loop(
        bench=bench,
        plan=plan,
        task=task,
        oracle=opened,
        gold_oracle=opened if plan.gold_oracle is None else open_oracle(bench, task, plan.gold_oracle, seed=plan.seed),
        checked=opened,
        checker=None if checker is None else open_oracle(bench, task, checker, seed=plan.seed),
        rules=rules,
        budget=budget,
        per_class=per_class,
    )


def _label_gold(loop: _Loop) -> None:
    asked = label_gold(loop.bench, loop.task, loop.gold_oracle, budget=loop.budget)
    if asked.unanswered:
        raise _Waiting(len(asked.unanswered), "the gold sample")


def _pass_gate(loop: _Loop, number: int) -> None:
    """Have the oracle checked before round `number`, and ask it as the checks allow from then on."""
    bench, task = loop.bench, loop.task
    if loop.by_hand:
        loop.oracle = _routed(loop)
    if loop.checker is None:
        return
    found = check(
        bench, task, loop.checked, loop.checker, seed=loop.plan.seed, budget=loop.budget, again=number // EVERY
    )
    if found.waiting:
        raise _Waiting(len(found.waiting), f"the check of {found.oracle}")
    if not loop.by_hand and found.judgement is not None and found.judgement.verdict == "not":
        raise _Refused(f"{advice(found)} Label by hand, take another oracle, or run it unchecked (gate: {SKIP}).")
    if loop.rounds:
        for text in judged_by_people(bench, task):
            bench.rounds.add_pick(task.name, loop.rounds[0].number, Pick(text_id=text, score=1.0, strategy="check"))
    rest = at_the_terminal(bench)
    loop.oracle = _routed(loop) if loop.by_hand else trusted(bench, task, loop.checked, found.judgement, rest)


def _routed(loop: _Loop) -> Oracle:
    """The oracle, and a person for what it is least sure of; by what its checks have taught so far."""
    wanted = 1.0 if loop.plan.quality is None else loop.plan.quality
    return Routed(loop.bench, loop.task, loop.checked, loop.person, wanted=wanted, time=loop.time)


def _relabel(loop: _Loop, number: int) -> None:
    """Before round `number`: a person's time goes to labels that are likely wrong where it is worth more there."""
    share = share_by_hand(loop.bench, loop.task, loop.time, loop.person.source)
    most = loop.plan.batch if share is None else spread(share, loop.plan.batch)
    asked = relabel_first(loop.bench, loop.task, loop.person, number=number, most=most)
    if asked.unanswered:
        raise _Waiting(len(asked.unanswered), "doubtful labels")


def _watch_oracle(loop: _Loop, number: int) -> None:
    """Before round `number`: check the oracle again when that is due, and ask it again about some of its labels."""
    if number % EVERY == 0:
        _pass_gate(loop, number)
    with suppress(BudgetSpent):
        watch(loop.bench, loop.task, loop.checked, number=number, seed=loop.plan.seed, budget=loop.budget)
    if loop.by_hand:
        _relabel(loop, number)


def _ask_again(loop: _Loop, number: int) -> bool:
    """Ask about the labels that a new guideline has put in doubt; whether the model knows less than there is now."""
    with suppress(BudgetSpent):
        ask(loop.bench, loop.oracle, requeued(loop.bench, loop.task), loop.purpose(number))
    labels = loop.bench.labels.current(loop.task.name).values()
    return any(one.guideline_version > loop.model.guideline_version for one in labels if one.role != "gold")


def _advance_until_stop(loop: _Loop) -> StopDecision:
    _label_gold(loop)
    decided: StopDecision | None = None
    while True:
        rounds = loop.rounds
        step = next_step(rounds)
        if step.status is RoundStatus.SELECTED and rounds:
            changed = decided is None and _ask_again(loop, rounds[-1].number)
            stop = decided or _stop(loop, rounds)
            if stop is None:
                _watch_oracle(loop, step.number)
                stop = _stop(loop, rounds)
            if stop is not None and decided is None:
                decided = stop
                learner = _last_learner(loop, rounds[-1])
                if changed or learner != rounds[-1].learner:
                    reopened = replace(rounds[-1], status=RoundStatus.LABELED, learner=learner)
                    loop.bench.rounds.save(loop.task.name, reopened)
                    continue
            if stop is not None:
                loop.bench.rounds.save(loop.task.name, replace(rounds[-1], stop=stop))
                return stop
        started = perf_counter()
        before = rounds[step.number] if step.number < len(rounds) else _new_round(loop, step.number)
        after, picks = _STEPS[step.status](loop, before)
        after = replace(after, status=step.status, seconds=before.seconds + perf_counter() - started)
        loop.bench.rounds.save(loop.task.name, after, picks)


def _last_learner(loop: _Loop, last: Round) -> str:
    """The learner of the result: rounds of `auto` are quick with a head, what is handed over should be the best."""
    if loop.plan.learner not in HEAD_FIRST or last.learner != "head":
        return last.learner
    return IN_CONTEXT if loop.plan.learner == IN_CONTEXT else best_learner(loop.bench, loop.task, loop.model)


def _positive(task: Task) -> int | None:
    return None if task.positive is None else task.class_names.index(task.positive)


def _new_round(loop: _Loop, number: int) -> Round:
    return Round(
        number=number,
        status=RoundStatus.SELECTED,
        strategy="cold-start" if number == 0 else loop.plan.strategy,
        learner="head" if loop.plan.learner in HEAD_FIRST else loop.plan.learner,
        seed=loop.plan.seed,
    )


def _stop(loop: _Loop, rounds: list[Round]) -> StopDecision | None:
    size = loop.batch_size()
    upcoming = loop.bench.pools.texts(loop.task.pool, candidates(loop.bench, loop.task)[:size]) if loop.budget else []
    return decide(
        loop.rules,
        History(
            rounds=rounds,
            labels=len(training_labels(loop.bench, loop.task)),
            spent=spent_on(loop.bench, loop.task),
            candidates_left=len(candidates(loop.bench, loop.task)),
            next_batch=size,
            next_price=loop.oracle.price(upcoming),
        ),
    )


_Done = tuple[Round, list[Pick] | None]


def _select(loop: _Loop, round_: Round) -> _Done:
    if round_.number == 0:
        return round_, _seed_picks(loop, _seed_step(loop))
    size = loop.batch_size()
    picks = pick_batch(
        loop.bench,
        loop.task,
        model=loop.model,
        strategy=round_.strategy,
        size=size,
        seed=loop.plan.seed,
        number=round_.number,
    )
    return replace(round_, strategy=picks[0].strategy), picks


def _seed_step(loop: _Loop) -> SeedStep:
    cap = SEED_CALLS_PER_LABEL * loop.per_class * len(loop.task.classes)
    return seed_step(loop.bench, loop.task, per_class=loop.per_class, call_cap=cap)


def _seed_picks(loop: _Loop, step: SeedStep) -> list[Pick]:
    """What the cold start asks about, or the seed it has found; a person's checks are labels to learn from as well."""
    ids = step.seed if step.done else step.ask
    checks = judged_by_people(loop.bench, loop.task) if loop.checker is not None and step.done else {}
    picks = {i: Pick(text_id=i, score=1.0, strategy="check") for i in checks}
    return list((picks | {i: Pick(text_id=i, score=1.0, strategy="cold-start") for i in ids}).values())


def _label(loop: _Loop, round_: Round) -> _Done:
    picks = _label_seed(loop, round_) if round_.number == 0 else None
    if picks is None:
        ids = [pick.text_id for pick in loop.bench.rounds.picks(loop.task.name, round_.number)]
        # What was answered before the money ran out is learnt from; the cost rule then ends the loop.
        with suppress(BudgetSpent):
            _check(ask(loop.bench, loop.oracle, ids, loop.purpose(round_.number)), f"round {round_.number}")
    history = [label for label in loop.bench.labels.history(loop.task.name) if label.round == round_.number]
    paid = [label for label in history if label.role != "gold" and label.answer.outcome != "withdrawn"]
    return replace(round_, oracle_calls=len(paid), cost=sum(label.answer.cost for label in paid)), picks


def _label_seed(loop: _Loop, round_: Round) -> list[Pick]:
    step = _seed_step(loop)
    while not step.done:
        # What is asked about now is what waits, for a person who labels elsewhere.
        loop.bench.rounds.save(loop.task.name, round_, _seed_picks(loop, step))
        try:
            _check(ask(loop.bench, loop.oracle, step.ask, loop.purpose(0)), "the seed")
        except BudgetSpent:
            if len({label.answer.label for label in loop.bench.labels.current(loop.task.name, "seed").values()}) < 2:
                raise
            return _seed_picks(loop, replace(step, done=True))
        step = _seed_step(loop)
    return _seed_picks(loop, step)


def _check(asked: Asked, where: str) -> None:
    """Raise when texts wait for a person, or when the oracle failed on every one."""
    if asked.unanswered:
        raise _Waiting(len(asked.unanswered), where)
    outcomes = [label.answer for label in asked.labels.values()]
    if outcomes and all(answer.outcome == "failed" for answer in outcomes):
        raise OracleUnavailable(
            f"The oracle {outcomes[0].source} failed on all {len(outcomes)} texts of {where}; the first time with: "
            f"{outcomes[0].note} Give the same command again when that is mended; nothing is lost."
        )


def _train(loop: _Loop, round_: Round) -> _Done:
    learner = "head" if loop.plan.learner == "head" else round_.learner  # what is asked for now holds
    model = train(loop.bench, loop.task, number=round_.number, learner=learner, seed=loop.plan.seed, budget=loop.budget)
    return replace(round_, model_id=model.id, learner=model.learner, labels=model.labels), None


def _score(loop: _Loop, round_: Round) -> _Done:
    model = loop.model
    agreement = None
    models = loop.bench.rounds.models(loop.task.name)
    if len(models) > 1:
        now, before = (
            decide_classes(score_pool(loop.bench, loop.task, m), positive=_positive(loop.task), threshold=m.threshold)
            for m in (model, models[-2])
        )
        agreement = cohen_kappa(now, before)
    return replace(round_, scores=score_model(loop.bench, loop.task, model), agreement=agreement), None


def _close(loop: _Loop, round_: Round) -> _Done:
    loop.bench.progress(f"round {round_.number}", round_.labels, None)
    return round_, None


_STEPS: Mapping[RoundStatus, Callable[[_Loop, Round], _Done]] = MappingProxyType(
    {
        RoundStatus.SELECTED: _select,
        RoundStatus.LABELED: _label,
        RoundStatus.TRAINED: _train,
        RoundStatus.SCORED: _score,
        RoundStatus.CLOSED: _close,
    }
)
"""What brings a round to each status."""
