"""Labeling: ask an oracle about texts, keep each answer the moment it comes, and never ask twice."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from tools.answers import QUESTION, Purpose, Purposes, holds, is_settled, keep, settled, voted
from tools.checks import for_a_person
from tools.engine.alike import grouped
from tools.engine.errors import BudgetSpent, UnknownLabel
from tools.engine.paid import under_way
from tools.engine.ports import Oracle
from tools.engine.records import (
    Answer,
    Label,
    Opinion,
    Outcome,
    Pick,
    SkippedRow,
    Task,
    Text,
    TextId,
)
from tools.opinions import opinion_of, person_source, standing
from tools.workbench import Workbench

OPEN_ENDED: tuple[Outcome, ...] = ("unsure", "skip")
"""What a person may say in place of a class."""
LONGEST_EXAMPLE = 500
"""Characters of a text that becomes an example."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of the labels a person gave: those stored, those that held already, and how many texts wait."""

    stored: int
    unchanged: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """An answer taken back; `label` is the class, or `unsure` or `skip`."""

    id: TextId
    text: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was taken back, latest first, how many texts wait now, and the task, whose guideline may have changed."""

    withdrawn: tuple[Withdrawn, ...]
    waiting: int
    task: Task


def ask(bench: Workbench, oracle: Oracle, ids: Sequence[TextId], purpose: Purpose) -> Asked:
    """The oracle's answers about `ids`; those that are settled already cost nothing.

    Each answer is committed as it arrives. `unanswered` names the texts that a person left open. Raises BudgetSpent
    before a text that could cost more than is left, and OracleUnavailable; what was answered stays. A text that is
    in an offline batch is not asked about again by a language model.
    """
    task = purpose.task
    known = settled(bench, task, ids).keys() | voted(bench, task, oracle.source)
    if oracle.source.startswith("llm:"):
        known |= under_way(bench.language_models.batches.of(task.name)).keys()
    texts = bench.pools.texts(task.pool, [i for i in ids if i not in known])
    calls, cost = 0, 0.0
    for group in affordable(bench, oracle, texts, purpose):
        asked = {text.id for text in group}
        for answer in oracle.answers(group, task):
            # A person may take back an answer given for another purpose; it stays with that purpose.
            keep(bench, answer, purpose if answer.text_id in asked else Purposes(bench, task).of(answer.text_id))
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


def label_texts(
    bench: Workbench, task: Task, labels: Mapping[str, str], *, person: str | None = None, note: str | None = None
) -> Stored:
    """Store what a person says of texts of the pool: text id → a class, `unsure` or `skip`; all or nothing.

    A text keeps the purpose it was asked for: gold sample, seed or round. One that nobody asked about joins the seed
    before the loop has begun, and the latest round's texts after that, so that the next model learns from it. Answers
    are a person's own (`human`, or `human:NAME`); the same answer again changes nothing.

    Raises:
        UnknownLabel: naming what is none of the classes.
        UnknownName: for an id that the pool does not hold.
    """
    said = read_answers(task, labels)
    bench.pools.texts(task.pool, list(said))
    source = person_source(person)
    current = bench.labels.current(task.name)
    new = {text: answer for text, answer in said.items() if not holds(current.get(text), answer, source)}
    purposes = Purposes(bench, task)
    for text, (outcome, name) in new.items():
        purpose = purposes.of(text)
        answer = Answer(text_id=text, outcome=outcome, label=name, source=source, note=note)
        # Picked first: a picked text without a label waits, one with a label that is not picked would be forgotten.
        if purpose.role == "train":
            bench.rounds.add_pick(task.name, purpose.round, Pick(text_id=text, score=0.0, strategy="given"))
        keep(bench, answer, purpose)
    return Stored(stored=len(new), unchanged=len(said) - len(new), waiting=len(waiting(bench, task)))


def read_answers(task: Task, labels: Mapping[str, str]) -> dict[TextId, tuple[Outcome, str | None]]:
    """What a person said of each text, as an outcome and its class; case does not matter.

    A class goes before the words `unsure` and `skip`. Raises UnknownLabel naming what is neither.
    """
    by_name = {name.casefold(): name for name in task.class_names}
    open_ended = {word: word for word in OPEN_ENDED}
    said: dict[TextId, tuple[Outcome, str | None]] = {}
    unknown: list[str] = []
    for text, given in labels.items():
        word = given.strip().casefold()
        if word in by_name:
            said[TextId(text)] = "label", by_name[word]
        elif word in open_ended:
            said[TextId(text)] = open_ended[word], None
        else:
            unknown.append(given.strip()[:80])
    if unknown:
        raise UnknownLabel(
            f"{', '.join(map(repr, dict.fromkeys(unknown)))} is no class of task {task.name!r}. Its classes: "
            f"{', '.join(map(repr, task.class_names))}; or say unsure or skip. Nothing was stored."
        )
    return said


def undo(bench: Workbench, task: Task, *, count: int = 1, person: str | None = None) -> Undone:
    """Take back the last `count` answers of a person that still hold, the latest first.

    Nothing is erased: an answer `withdrawn` follows each in the history, and the text waits again where it was wanted.
    A text that an answer had made an example of the guideline is taken out of it. Models that have learnt from the
    answers stay as they are until the next round.
    """
    last = _given(bench, task, person_source(person))[:count]
    texts = bench.pools.texts(task.pool, [one.text_id for one in last])
    for one, text in zip(last, texts, strict=True):
        if one.note == QUESTION:
            task = bench.tasks.save(_without_example(task, example_of(text.text)))
        answer = Answer(text_id=text.id, outcome="withdrawn", source=one.source)
        if one.purpose in {"vote", "adjudication"}:
            keep(bench, answer, replace(Purposes(bench, task).of(text.id), task=task))
        else:
            bench.opinions.append(task.name, opinion_of(answer, task, purpose=one.purpose, at=bench.clock()))
    return Undone(
        withdrawn=tuple(
            Withdrawn(id=text.id, text=text.text, label=one.label or one.outcome)
            for one, text in zip(last, texts, strict=True)
        ),
        waiting=len(waiting(bench, task)),
        task=task,
    )


def _given(bench: Workbench, task: Task, source: str) -> list[Opinion]:
    """What this person said and did not take back, the latest first."""
    said = [one for one in bench.opinions.of(task.name) if one.source == source]
    known = {one.text_id for one in said}
    # Labels of an older LAUD have no opinion beside them.
    newest = {label.text_id: label for label in bench.labels.history(task.name)}
    older = [label for label in newest.values() if label.answer.source == source and label.text_id not in known]
    older = sorted((one for one in older if one.answer.outcome != "withdrawn"), key=lambda label: label.at)
    kept = [opinion_of(label.answer, task, purpose="vote", at=label.at) for label in older]
    return [*kept, *standing(said).values()][::-1]


def example_of(text: str) -> str:
    """A text as it stands among the examples of a guideline: cut, since every prompt repeats it."""
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"


def _without_example(task: Task, example: str) -> Task:
    classes = (replace(c, examples=tuple(e for e in c.examples if e != example)) for c in task.classes)
    return replace(task, classes=tuple(classes))


def affordable(bench: Workbench, oracle: Oracle, texts: Sequence[Text], purpose: Purpose) -> Iterator[Sequence[Text]]:
    """`texts` in groups that budget and cap pay for, whatever the answers cost; all at once where nothing is limited.

    Answers cost less than they could, so what is left pays for more each time. Raises BudgetSpent when the next text
    could cost more than is left.
    """
    limit = spending_limit(bench, purpose.budget)
    if limit is None:
        yield texts
        return
    bounds = list(accumulate((oracle.price([text]) for text in texts), initial=0.0))
    start = 0
    while start < len(texts):
        spent = spent_on(bench, purpose.task)
        end = bisect_right(bounds, bounds[start] + limit - spent, lo=start) - 1
        # Asking for what is free stays possible when all is spent.
        end = max(end, bisect_right(bounds, bounds[start], lo=start) - 1)
        if end <= start:
            raise _spent(bench, limit, spent=spent, price=bounds[start + 1] - bounds[start])
        yield texts[start:end]
        start = end


def _spent(bench: Workbench, limit: float, *, spent: float, price: float) -> BudgetSpent:
    capped = limit == bench.settings.max_dollars
    return BudgetSpent(
        f"The next answer can cost up to ${price:.4f}; ${spent:.4f} of the "
        f"{'most that LAUD_MAX_DOLLARS lets a task spend, ' if capped else 'budget of '}${limit:.4f}, is spent. "
        f"{'Whoever runs LAUD can raise it' if capped else 'Raise the budget to go on'}; the model of the last round "
        "stands.",
        argument=None if capped else "budget",
    )


def spent_on(bench: Workbench, task: Task) -> float:
    """Dollars that a task has cost: for its labels, and for opinions that are no labels."""
    return bench.labels.spent(task.name) + bench.opinions.spent(task.name)


def spending_limit(bench: Workbench, budget: float | None) -> float | None:
    """Dollars that a task may cost: its budget, or the installation's cap where that is lower; None for no limit."""
    limits = [limit for limit in (budget, bench.settings.max_dollars) if limit is not None]
    return min(limits, default=None)


def waiting(bench: Workbench, task: Task) -> list[Text]:
    """The texts that wait for a label: the gold sample's first, then an oracle's checks, then the open round's."""
    return bench.pools.texts(task.pool, waiting_ids(bench, task, bench.labels.current(task.name)))


def waiting_ids(bench: Workbench, task: Task, current: Mapping[TextId, Label]) -> list[TextId]:
    """The ids of these texts, given the labels that hold now."""
    rounds = bench.rounds.rounds(task.name)
    ids = [item.text_id for item in bench.rounds.gold(task.name) or []]
    ids += for_a_person(bench, task, current)
    if rounds:
        ids += [pick.text_id for pick in bench.rounds.picks(task.name, rounds[-1].number)]
    return [i for i in dict.fromkeys(ids) if not is_settled(current.get(i))]


def label_waiting(bench: Workbench, task: Task) -> Asked:
    """Ask the person at the terminal about what waits for a label."""
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    rounds = bench.rounds.rounds(task.name)
    number = rounds[-1].number if rounds else 0
    ids = [text.id for text in waiting(bench, task)]
    oracle = at_the_terminal(bench)
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


def at_the_terminal(bench: Workbench) -> Oracle:
    """The person at this terminal, who is asked about near-duplicates together."""

    def alike(texts: Sequence[Text], task: Task) -> Mapping[TextId, Sequence[TextId]]:
        ids = [text.id for text in texts]
        together = bench.tasks.desk(task.name).near_duplicates
        return grouped(ids, bench.vectors.vectors(bench.pools.get(task.pool), ids) if together else {})

    return bench.human_oracle(source=person_source(bench.person), alike=alike)


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
    for answer in (replace(one, source=person_source(bench.person)) for one in reading.answers):
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
