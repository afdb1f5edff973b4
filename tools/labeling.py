"""Labeling: ask an oracle about texts, keep each answer the moment it comes, and never ask twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from tools.engine.errors import BudgetSpent, UnknownLabel
from tools.engine.ports import Oracle
from tools.engine.records import Answer, Label, Outcome, Pick, Role, RoundStatus, SkippedRow, Task, Text, TextId
from tools.workbench import Workbench

TEXTS_PER_GROUP = 20
"""Texts asked about between two looks at the budget."""
SETTLED = ("label", "unsure", "skip")
"""Outcomes that an oracle is not asked again about; a failure is."""
OPEN_ENDED: tuple[Outcome, ...] = ("unsure", "skip")
"""What a person may say in place of a class."""
LONGEST_EXAMPLE = 500
"""Characters of a text that becomes an example."""
QUESTION = "answer to a question of the task's set-up"
"""Note on a label that came with its text into the guideline, as an example."""


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
    before a group of texts that could cost more than is left, and OracleUnavailable; what was answered stays.
    """
    task = purpose.task
    known = settled(bench, task, ids)
    texts = bench.pools.texts(task.pool, [i for i in ids if i not in known])
    calls, cost = 0, 0.0
    limited = spending_limit(bench, purpose.budget) is not None
    for group in _groups(texts, TEXTS_PER_GROUP if limited else len(texts)):
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
    new = {text: answer for text, answer in said.items() if not _holds(current.get(text), answer, source)}
    purposes = _Purposes(bench, task)
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


def person_source(person: str | None) -> str:
    """The source that stands on a person's answers."""
    return "human" if person is None else f"human:{person}"


def _holds(label: Label | None, answer: tuple[Outcome, str | None], source: str) -> bool:
    return label is not None and (label.answer.outcome, label.answer.label) == answer and label.answer.source == source


class _Purposes:
    """What texts are labeled for."""

    def __init__(self, bench: Workbench, task: Task) -> None:
        self._task = task
        rounds = bench.rounds.rounds(task.name)
        self._known = {label.text_id: (label.role, label.round) for label in bench.labels.history(task.name)}
        for one in rounds:
            role: Role = "seed" if one.number == 0 else "train"
            self._known |= {p.text_id: (role, one.number) for p in bench.rounds.picks(task.name, one.number)}
        self._known |= {item.text_id: ("gold", 0) for item in bench.rounds.gold(task.name) or []}
        begun = [one for one in rounds if one.number > 0 or one.status is not RoundStatus.SELECTED]
        self._new: tuple[Role, int] = ("train", rounds[-1].number) if begun else ("seed", 0)

    def of(self, text: TextId) -> Purpose:
        role, number = self._known.get(text, self._new)
        return Purpose(task=self._task, role=role, round=number)


def undo(bench: Workbench, task: Task, *, count: int = 1, person: str | None = None) -> Undone:
    """Take back the last `count` answers of a person that still hold, the latest first.

    Nothing is erased: an answer `withdrawn` follows each in the history, and the text waits again where it was wanted.
    A text that an answer had made an example of the guideline is taken out of it. Models that have learnt from the
    answers stay as they are until the next round.
    """
    source = person_source(person)
    newest: dict[TextId, Label] = {}
    for label in reversed(bench.labels.history(task.name)):
        newest.setdefault(label.text_id, label)
    held = [label for label in newest.values() if label.answer.outcome != "withdrawn"]
    last = [label for label in held if label.answer.source == source][:count]
    texts = bench.pools.texts(task.pool, [label.text_id for label in last])
    for label, text in zip(last, texts, strict=True):
        if label.answer.note == QUESTION:
            task = bench.tasks.save(_without_example(task, example_of(text.text)))
        answer = Answer(text_id=text.id, outcome="withdrawn", source=source)
        keep(bench, answer, Purpose(task=task, role=label.role, round=label.round))
    return Undone(
        withdrawn=tuple(
            Withdrawn(id=text.id, text=text.text, label=label.answer.label or label.answer.outcome)
            for label, text in zip(last, texts, strict=True)
        ),
        waiting=len(waiting(bench, task)),
        task=task,
    )


def example_of(text: str) -> str:
    """A text as it stands among the examples of a guideline: cut, since every prompt repeats it."""
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"


def _without_example(task: Task, example: str) -> Task:
    classes = (replace(c, examples=tuple(e for e in c.examples if e != example)) for c in task.classes)
    return replace(task, classes=tuple(classes))


def check_budget(bench: Workbench, oracle: Oracle, texts: Sequence[Text], purpose: Purpose) -> None:
    """Raise BudgetSpent when asking about `texts` could cost more than budget and cap have left."""
    limit = spending_limit(bench, purpose.budget)
    if limit is None:
        return
    spent = bench.labels.spent(purpose.task.name)
    price = oracle.price(texts)
    if spent + price > limit:
        capped = limit == bench.settings.max_dollars
        raise BudgetSpent(
            f"The next {len(texts)} answers can cost up to ${price:.4f}; ${spent:.4f} of the "
            f"{'most that LAUD_MAX_DOLLARS lets a task spend, ' if capped else 'budget of '}${limit:.4f}, is spent. "
            f"{'Whoever runs LAUD can raise it' if capped else 'Raise --budget to go on'}; the model of the last round "
            "stands."
        )


def spending_limit(bench: Workbench, budget: float | None) -> float | None:
    """Dollars that a task may cost: its budget, or the installation's cap where that is lower; None for no limit."""
    limits = [limit for limit in (budget, bench.settings.max_dollars) if limit is not None]
    return min(limits, default=None)


def waiting(bench: Workbench, task: Task) -> list[Text]:
    """The texts that wait for a label: the gold sample's first, then those of the open round."""
    return bench.pools.texts(task.pool, waiting_ids(bench, task, bench.labels.current(task.name)))


def waiting_ids(bench: Workbench, task: Task, current: Mapping[TextId, Label]) -> list[TextId]:
    """The ids of these texts, given the labels that hold now."""
    rounds = bench.rounds.rounds(task.name)
    ids = [item.text_id for item in bench.rounds.gold(task.name) or []]
    if rounds:
        ids += [pick.text_id for pick in bench.rounds.picks(task.name, rounds[-1].number)]
    return [i for i in ids if i not in current or current[i].answer.outcome not in SETTLED]


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
