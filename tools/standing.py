"""Where the loop of a task stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.engine.records import ModelRecord, Round, Scores, StopDecision, Task
from tools.evaluation import zero_shot_scores
from tools.labeling import spent_on, waiting
from tools.training import training_labels
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Where the loop stands when a run ends; `stop.rule` is `waiting` when a person's labels are wanted first."""

    task: Task
    rounds: tuple[Round, ...]
    stop: StopDecision
    model: ModelRecord | None
    zero_shot: Scores | None
    seed_calls: int
    gold_labels: int
    unfilled: Mapping[str, tuple[int, int]]
    labels: int
    cost: float

    @property
    def scores(self) -> Scores | None:
        """The scores of the latest round that was judged; one whose texts wait for labels has none yet."""
        return next((one.scores for one in reversed(self.rounds) if one.scores is not None), None)


def result(bench: Workbench, task: Task, *, stop: StopDecision, per_class: int | None = None) -> RunResult:
    """Where the task's loop stands now."""
    rounds = bench.rounds.rounds(task.name)
    models = bench.rounds.models(task.name)
    labels = training_labels(bench, task)
    wanted = dict.fromkeys(task.class_names if rounds else (), per_class or 0)
    held = {name: list(labels.values()).count(name) for name in wanted}
    gold = bench.labels.current(task.name, "gold").values()
    return RunResult(
        task=task,
        rounds=tuple(rounds),
        stop=stop,
        model=models[-1] if models else None,
        zero_shot=zero_shot_scores(bench, task),
        seed_calls=sum(1 for label in bench.labels.history(task.name) if label.role == "seed"),
        gold_labels=sum(1 for label in gold if label.answer.label is not None),
        unfilled={name: (held[name], count) for name, count in wanted.items() if held[name] < count},
        labels=len(labels),
        cost=spent_on(bench, task),
    )


def status(bench: Workbench, name: str) -> RunResult:
    """Where the task of that name stands; its stop is `open` while the loop has not ended."""
    task = bench.tasks.get(name)
    rounds = bench.rounds.rounds(name)
    stop = rounds[-1].stop if rounds else None
    if stop is None:
        held = len(waiting(bench, task))
        reason = f"{held} texts wait for a label" if held else "the same run again goes on"
        stop = StopDecision(rule="open", reason=reason)
    return result(bench, task, stop=stop)
