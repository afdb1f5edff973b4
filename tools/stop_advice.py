"""Whether to go on labeling, with the reasons: what the rules say, and what makes their numbers doubtful."""

from dataclasses import dataclass
from typing import Literal

from tools.engine.errors import NotEnoughLabels
from tools.engine.records import Scores, Task
from tools.engine.scoring import headline
from tools.engine.stopping import History, Outlook, Rule, decide, outlook
from tools.labeling import spent_on, waiting_ids
from tools.oracle_report import oracle_reports
from tools.plan import RunPlan, rules_of
from tools.selection import candidates
from tools.training import training_labels
from tools.workbench import Workbench

WIDE = 0.1
"""Half of an interval beyond which more labels to judge by tell more than another round."""
STEADY = 0.9
"""Share of the same answers, asked again, below which an oracle's labels hold a model back."""
EARLY = 100
"""Labels before which a score that has levelled off shows too little of the pool rather than its end."""
Verdict = Literal["label", "stop", "go on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAdvice:
    """Whether to `stop`, to `go on`, or first to `label` what waits; `says` it in words, with the reason.

    `rules` are how the rules stand: those of the task or the usual ones, whether the predictions have settled and
    whether the score has levelled off. `hints` say what else the numbers come to.
    """

    verdict: Verdict
    says: str
    rules: tuple[Outlook, ...]
    hints: tuple[str, ...]


def stop_advice(bench: Workbench, task: Task) -> StopAdvice:
    """Advice by where the loop stands, whatever ended it; raises NotEnoughLabels before the first round is scored."""
    rounds = [one for one in bench.rounds.rounds(task.name) if one.scores is not None]
    latest = rounds[-1].scores if rounds else None
    if latest is None:
        raise NotEnoughLabels(f"No round of task {task.name!r} is scored yet, so nothing tells whether to go on.")
    own = rules_of(RunPlan(task=task.name), task)
    missing = (Rule(name=name) for name in ("stable", "plateau") if all(rule.name != name for rule in own))
    rules = (*own, *missing)
    history = History(
        rounds=rounds,
        labels=len(training_labels(bench, task)),
        spent=spent_on(bench, task),
        candidates_left=len(candidates(bench, task)),
        next_batch=0,
        next_price=0.0,
    )
    verdict, says = _verdict(bench, task, rules, history, latest)
    return StopAdvice(
        verdict=verdict,
        says=says,
        rules=outlook(rules, history),
        hints=tuple(_hints(bench, task, rules, history, latest)),
    )


def _verdict(
    bench: Workbench, task: Task, rules: tuple[Rule, ...], history: History, scores: Scores
) -> tuple[Verdict, str]:
    waiting = len(waiting_ids(bench, task, bench.labels.current(task.name)))
    if waiting:
        return "label", f"{waiting:,} texts wait for a label; the next model comes after them."
    # A limit is what somebody wanted to give, not a sign that more would bring nothing.
    found = decide([rule for rule in rules if rule.name not in {"labels", "rounds"}], history)
    if found is not None:
        return "stop", f"Another round is not likely to bring much: {found.reason}."
    name, latest = headline(scores)
    return "go on", f"No sign that it is done: {_words(name)} is {latest.value:.2f}, and more labels may raise it."


def _hints(bench: Workbench, task: Task, rules: tuple[Rule, ...], history: History, scores: Scores) -> list[str]:
    name, latest = headline(scores)
    half = (latest.high - latest.low) / 2
    hints = []
    if scores.basis != "gold":
        hints.append("There is no gold sample: the scores rest on picked texts, which are harder than the pool.")
    elif half > WIDE:
        hints.append(
            f"{_words(name)} is known to ±{half:.2f} only, by {scores.n:,} gold texts: the difference of two rounds is "
            f"mostly chance. Four times as many ({4 * scores.n:,}) would about halve that."
        )
    levelled = decide([rule for rule in rules if rule.name == "plateau"], history)
    if levelled is not None and levelled.rule == "plateau" and history.labels < EARLY:
        hints.append(
            f"It levelled off with {history.labels:,} labels, which is early. A strategy that spreads wider (typical, "
            "k-centre) may find what the model has not seen."
        )
    for one in oracle_reports(bench, task):
        same = one.steadiness.agreement
        if same is not None and same.value < STEADY:
            hints.append(
                f"{one.oracle} gave the same answer again in {same.value:.0%} of {one.steadiness.repeats:,} texts. A "
                "clearer guideline may bring more than new labels."
            )
    return hints


def _words(name: str) -> str:
    return {"f1": "F1", "macro_f1": "mean F1"}.get(name, name)
