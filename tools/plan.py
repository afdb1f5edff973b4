"""The plan of a run: what a person asks for, checked before anything is paid."""

from dataclasses import dataclass, replace

from tools.engine.errors import AskAgain, InvalidTask, NotEnoughLabels, UnknownName
from tools.engine.records import Task
from tools.engine.selection import NEED_POSITIVE, STRATEGIES
from tools.engine.selection.coldstart import seed_size
from tools.engine.stopping import Rule, default_rules, parse
from tools.in_context import check_price
from tools.labeling import spending_limit
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a person asks of a run; None leaves it to the task or to the defaults.

    `labels` and `until` limit training labels and quality, `budget` is in dollars, `seed_labels` the size K of the
    verified seed, `noise` the share of replayed labels made wrong on purpose, `gate` who checks the oracle first.
    `quality` is the share of a model's labels that should be right, and `minutes` the time that a person has for the
    task: with either, a person is asked what the model is least sure of. With `check_only` nothing is labeled beside
    what the gate asks about.
    """

    task: str
    oracle: str | None = None
    gold_oracle: str | None = None
    rounds: int | None = None
    batch: int = 25
    labels: int | None = None
    gold: int = 100
    budget: float | None = None
    strategy: str = "auto"
    learner: str = "auto"
    seed: int = 0
    seed_labels: int | None = None
    noise: float = 0.0
    gate: str | None = None
    quality: float | None = None
    minutes: float | None = None
    check_only: bool = False
    until: tuple[str, ...] = ()


def within_caps(bench: Workbench, plan: RunPlan) -> RunPlan:
    """The plan with the installation's caps among its limits: LAUD_MAX_DOLLARS and LAUD_MAX_LABELS, for each task.

    What the task or the defaults would allow beyond a cap is cut to it, and so is the gold sample; raises AskAgain
    where the plan itself asks for more. Every run refuses a plan that is not within the caps, whoever made it.
    """
    caps = bench.settings
    task = bench.tasks.get(plan.task)
    if caps.max_dollars is not None and plan.budget is not None and plan.budget > caps.max_dollars:
        raise AskAgain(
            f"A budget of ${plan.budget:,.2f} is more than any task may spend here: LAUD_MAX_DOLLARS allows "
            f"${caps.max_dollars:,.2f}. Name that or less."
        )
    if caps.max_dollars is not None:
        plan = replace(plan, budget=spending_limit(bench, plan.budget if plan.budget is not None else task.budget))
    if caps.max_labels is None:
        return plan
    if plan.labels is not None and plan.labels > caps.max_labels:
        raise AskAgain(
            f"{plan.labels:,} labels are more than any task may have here: LAUD_MAX_LABELS allows "
            f"{caps.max_labels:,}. Name that or fewer."
        )
    plan = replace(plan, gold=min(plan.gold, caps.max_labels))
    rules = rules_of(replace(plan, budget=None), replace(task, budget=None))
    if any(rule.name == "labels" and (rule.limit or 0) <= caps.max_labels for rule in rules):
        return plan
    # A limit named in the plan takes the place of the task's rules or the default ones, so they are named beside it.
    own = {"labels", "rounds"} if plan.rounds is not None else {"labels"}
    return replace(plan, labels=caps.max_labels, until=tuple(str(rule) for rule in rules if rule.name not in own))


def check_names(bench: Workbench, plan: RunPlan) -> None:
    """Raise what can be said of a plan before the first label is paid for.

    UnknownName for a strategy or learner that does not exist, InvalidTask for one that does not fit the task, CannotDo
    for one whose packages are not installed, AskAgain for one that costs more than may be spent, and for a plan that
    is not `within_caps`.
    """
    if within_caps(bench, plan) != plan:
        caps = bench.settings
        dollars = [] if caps.max_dollars is None else [f"spend ${caps.max_dollars:,.2f} (LAUD_MAX_DOLLARS)"]
        labels = [] if caps.max_labels is None else [f"have {caps.max_labels:,} labels (LAUD_MAX_LABELS)"]
        raise AskAgain(f"A task may {' and '.join(dollars + labels)} here at most, and this run names no such limit.")
    if plan.strategy not in STRATEGIES:
        raise UnknownName(f"There is no strategy {plan.strategy!r}. Choose one of: {', '.join(STRATEGIES)}.")
    bench.check_learner(plan.learner)
    task = bench.tasks.get(plan.task)
    check_price(bench, task, plan.learner, plan.budget if plan.budget is not None else task.budget)
    if plan.strategy in NEED_POSITIVE and task.positive is None:
        raise InvalidTask(f"The strategy {plan.strategy} needs a positive class; task {plan.task!r} has none.")


def rules_of(plan: RunPlan, task: Task) -> tuple[Rule, ...]:
    """The stopping rules of a run: those of the plan, else the task's own, else the default ones; the budget always.

    Raises InvalidRule.
    """
    rules = [parse(text) for text in plan.until]
    if plan.labels is not None:
        rules.append(Rule(name="labels", limit=plan.labels))
    if plan.rounds is not None:
        rules.append(Rule(name="rounds", limit=plan.rounds))
    if not rules:
        rules = [parse(text) for text in task.stop] or list(default_rules())
    budget = plan.budget if plan.budget is not None else task.budget
    return (*rules, Rule(name="cost", limit=budget)) if budget is not None else tuple(rules)


def seed_per_class(plan: RunPlan, task: Task, rules: tuple[Rule, ...]) -> int:
    """Labels a class of the seed; raises NotEnoughLabels when the limits leave less than one."""
    classes = len(task.classes)
    wanted = plan.seed_labels // classes if plan.seed_labels is not None else seed_size(classes)
    limits = [int(rule.limit) // classes for rule in rules if rule.name == "labels" and rule.limit is not None]
    if min([wanted, *limits]) < 1:
        raise NotEnoughLabels(
            f"The seed needs at least one label for each of the {classes} classes of task {task.name!r}. "
            f"Allow {classes} labels or more, also for the seed."
        )
    return min([wanted, *limits])
