"""Labeling: ask an oracle about texts, keep each answer the moment it comes, and never ask twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tools.engine.errors import BudgetSpent
from tools.engine.ports import Oracle
from tools.engine.records import Answer, Label, Role, SkippedRow, Task, Text, TextId
from tools.workbench import Workbench

TEXTS_PER_GROUP = 20
"""Texts asked about between two looks at the budget."""
SETTLED = ("label", "unsure", "skip")
"""Outcomes that an oracle is not asked again about; a failure is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why texts are being labeled: for which task, in which role and round, and what may be spent at most."""

    task: Task
    role: Role
    round: int
    budget: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking: the answers that hold now for the texts, and how many calls and dollars were new."""

    labels: Mapping[TextId, Label]
    calls: int
    cost: float
    unanswered: tuple[TextId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a filled-in batch file brought."""

    labels: int
    unsure: int
    skipped: int
    unlabeled: int
    problems: tuple[SkippedRow, ...]


def ask(bench: Workbench, oracle: Oracle, ids: Sequence[TextId], purpose: Purpose) -> Asked:
    """The oracle's answers about `ids`; those that are settled already cost nothing.

    Each answer is committed as it arrives. `unanswered` names the texts that a person left open. Raises BudgetSpent
    before a group of texts that could cost more than is left, and OracleUnavailable; what was answered stays.
    """
    task = purpose.task
    known = settled(bench, task, ids)
    texts = bench.pools.texts(task.pool, [i for i in ids if i not in known])
    calls, cost = 0, 0.0
    for group in _groups(texts, TEXTS_PER_GROUP if purpose.budget is not None else len(texts)):
        check_budget(bench, oracle, group, purpose)
        asked = {text.id for text in group}
        for answer in oracle.answers(group, task):
            # A person may take back an answer given for another purpose; it stays with that purpose.
            keep(bench, answer, purpose if answer.text_id in asked else _purpose_of(bench, task, answer.text_id))
            calls += answer.outcome != "withdrawn"
            cost += answer.cost
            bench.progress(f"labeling ({purpose.role})", calls, len(texts))
    current = bench.labels.current(task.name)
    wanted = set(ids)
    return Asked(
        labels={i: label for i, label in current.items() if i in wanted},
        calls=calls,
        cost=cost,
        unanswered=tuple(i for i in ids if i not in current),
    )


def settled(bench: Workbench, task: Task, ids: Sequence[TextId]) -> dict[TextId, Label]:
    """The answers that hold for `ids` and need no asking again."""
    current = bench.labels.current(task.name)
    return {i: current[i] for i in ids if i in current and current[i].answer.outcome in SETTLED}


def keep(bench: Workbench, answer: Answer, purpose: Purpose) -> None:
    """Commit one answer."""
    label = Label(
        answer=answer,
        role=purpose.role,
        round=purpose.round,
        guideline_version=purpose.task.guideline_version,
        at=bench.clock(),
    )
    bench.labels.append(purpose.task.name, label)


def check_budget(bench: Workbench, oracle: Oracle, texts: Sequence[Text], purpose: Purpose) -> None:
    """Raise BudgetSpent when asking about `texts` could cost more than the budget has left."""
    if purpose.budget is None:
        return
    spent = bench.labels.spent(purpose.task.name)
    price = oracle.price(texts)
    if spent + price > purpose.budget:
        raise BudgetSpent(
            f"The next {len(texts)} answers can cost up to ${price:.4f}; ${spent:.4f} of the budget of "
            f"${purpose.budget:.4f} is spent. Raise --budget to go on; the model of the last round stands."
        )


def waiting(bench: Workbench, task: Task) -> list[Text]:
    """The texts that wait for a label: the gold sample's first, then those of the open round."""
    rounds = bench.rounds.rounds(task.name)
    ids = [item.text_id for item in bench.rounds.gold(task.name) or []]
    if rounds:
        ids += [pick.text_id for pick in bench.rounds.picks(task.name, rounds[-1].number)]
    answered = settled(bench, task, ids)
    return bench.pools.texts(task.pool, [i for i in ids if i not in answered])


def label_waiting(bench: Workbench, task: Task) -> Asked:
    """Ask the person at the terminal about what waits for a label."""
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    rounds = bench.rounds.rounds(task.name)
    number = rounds[-1].number if rounds else 0
    ids = [text.id for text in waiting(bench, task)]
    oracle = bench.human_oracle()
    parts = (
        ask(bench, oracle, [i for i in ids if i in gold], Purpose(task=task, role="gold", round=0)),
        ask(bench, oracle, [i for i in ids if i not in gold], _round_purpose(task, number)),
    )
    return Asked(
        labels={**parts[0].labels, **parts[1].labels},
        calls=sum(part.calls for part in parts),
        cost=0.0,
        unanswered=(*parts[0].unanswered, *parts[1].unanswered),
    )


def _round_purpose(task: Task, number: int) -> Purpose:
    return Purpose(task=task, role="seed" if number == 0 else "train", round=number)


def export_batch(bench: Workbench, task: Task, path: Path) -> int:
    """Write the texts that wait for a label to a file to fill in; returns how many."""
    texts = waiting(bench, task)
    bench.write_batch(path, texts, task)
    return len(texts)


def import_batch(bench: Workbench, task: Task, path: Path) -> Imported:
    """Take over a filled-in batch file, all or nothing; raises UnknownLabel naming the rows that hold another word."""
    reading = bench.read_batch(path, bench.pools.texts(task.pool), task)
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    rounds = bench.rounds.rounds(task.name)
    number = rounds[-1].number if rounds else 0
    for answer in reading.answers:
        judged = answer.text_id in gold
        keep(bench, answer, Purpose(task=task, role="gold", round=0) if judged else _round_purpose(task, number))
    outcomes = [answer.outcome for answer in reading.answers]
    return Imported(
        labels=outcomes.count("label"),
        unsure=outcomes.count("unsure"),
        skipped=outcomes.count("skip"),
        unlabeled=reading.unlabeled,
        problems=reading.problems,
    )


def _purpose_of(bench: Workbench, task: Task, text: TextId) -> Purpose:
    label = next(label for label in bench.labels.history(task.name) if label.text_id == text)
    return Purpose(task=task, role=label.role, round=label.round)


def _groups(texts: Sequence[Text], size: int) -> Iterator[list[Text]]:
    remaining = iter(texts)
    while group := list(islice(remaining, size)):
        yield group
