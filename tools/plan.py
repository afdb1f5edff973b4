"""The plan of a run: what a person asks for, checked before anything is paid."""

from dataclasses import dataclass

from tools.engine.errors import InvalidTask, NotEnoughLabels, UnknownName
from tools.engine.records import Task
from tools.engine.selection import STRATEGIES
from tools.engine.selection.coldstart import seed_size
from tools.engine.stopping import Rule, default_rules, parse
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a person asks of a run; None leaves it to the task or to the defaults.

    `labels` and `until` limit training labels and quality, `budget` is in dollars, `seed_labels` the size K of the
    verified seed, `noise` the share of replayed labels made wrong on purpose.
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
    until: tuple[str, ...] = ()


def check_names(bench: Workbench, plan: RunPlan) -> None:
    """Raise UnknownName for a strategy or learner that does not exist, before the first label is paid for."""
    for kind, name, known in (
        ("strategy", plan.strategy, tuple(STRATEGIES)),
        ("learner", plan.learner, bench.learners),
    ):
        if name not in known:
            raise UnknownName(f"There is no {kind} {name!r}. Choose one of: {', '.join(known)}.")
    if plan.strategy == "positive-hunt" and bench.tasks.get(plan.task).positive is None:
        raise InvalidTask(f"The strategy positive-hunt needs a positive class; task {plan.task!r} has none.")


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
            f"Give --labels and --seed-labels of {classes} or more."
        )
    return min([wanted, *limits])
