"""Labels to other labeling tools and back: Label Studio, Argilla, doccano, and plain csv, with where each came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tools.answers import Purposes, keep
from tools.engine.errors import AskAgain, UnknownLabel
from tools.engine.exchanged import FORMS, ExchangedText, GivenAnswer, Guess, LabelForm, ReadRow
from tools.engine.records import Answer, Label, Opinion, Pick, SkippedRow, Task, Text, TextId
from tools.labeling import read_answers, waiting_ids
from tools.opinions import KEY, Said, is_person, opinion_of, person_source, standing
from tools.pool import text_id
from tools.training import known_probabilities
from tools.workbench import Workbench

Which = Literal["all", "labeled", "waiting"]
WHICH: tuple[Which, ...] = ("all", "labeled", "waiting")
NAMED_AT_MOST = 10
"""Rows that an error message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsTaken:
    """What a file brought: answers stored, those there already, known answers, rows without one, and problems."""

    stored: int
    unchanged: int
    known: int
    unlabeled: int
    people: tuple[str, ...]
    problems: tuple[SkippedRow, ...]


def export_labels(bench: Workbench, task: Task, path: Path, *, form: LabelForm, which: Which = "all") -> int:
    """Write the task's texts, labeled or waiting or both, in the form of another tool; returns how many.

    Every answer goes along with who gave it and when, and the label with where it comes from. Raises AskAgain when
    the file is there already, as it may hold labels; StorageFailed.
    """
    if path.exists():
        raise AskAgain(f"{path} is there already and may hold labels. Import it first, or give another name.")
    labels = bench.labels.current(task.name)
    held = standing(bench.opinions.of(task.name))
    said: dict[TextId, list[Opinion]] = {}
    for (text, _, purpose), one in held.items():
        if purpose != "repeat":
            said.setdefault(text, []).append(one)
    waiting = waiting_ids(bench, task, labels)
    labeled = [i for i in dict.fromkeys([*labels, *said]) if i not in waiting]
    ids = {"all": [*labeled, *waiting], "labeled": labeled, "waiting": waiting}[which]
    guesses = _guesses(bench, task, ids)
    texts = [
        _exchanged(text, labels.get(text.id), said.get(text.id, []), guesses.get(text.id))
        for text in bench.pools.texts(task.pool, ids)
    ]
    bench.write_labels(path, texts, form)
    return len(texts)


def import_labels(
    bench: Workbench, task: Task, path: Path, *, form: LabelForm, person: str | None = None
) -> LabelsTaken:
    """Store the answers of such a file, each as its giver's; `person` gave those that name nobody.

    Texts are known by their id, or by themselves. Rows whose text the pool lacks, or that cannot be taken, are
    problems; labels outside the classes stop all of it. The same file again changes nothing.

    Raises:
        UnknownLabel: naming the rows whose label is none of the classes.
        AskAgain: people differ about a text, and the desk asks one person a text.
        UnreadableInput: it is no such file.
    """
    rows = bench.read_labels(path, form)
    _check_labels(path, rows, task)
    problems = [SkippedRow(row=one.row, reason=one.problem) for one in rows if one.problem is not None]
    known = _known_ids(bench, task, rows)
    given: list[tuple[TextId, GivenAnswer]] = []
    for row in rows:
        if row.problem is None and known[row.row] is None:
            problems.append(SkippedRow(row=row.row, reason="its text is none of the pool's"))
        elif row.problem is None:
            given += [(TextId(str(known[row.row])), one) for one in row.answers]
    taking = _Taking(bench, task, person)
    _check_overlap(bench, task, [pair for pair in given if not taking.holds(*pair)], person)
    now = datetime.max.replace(tzinfo=UTC)
    for text, one in sorted(given, key=lambda pair: pair[1].at or now):
        taking.take(text, one)
    return LabelsTaken(
        stored=taking.stored,
        unchanged=taking.unchanged,
        known=taking.known,
        unlabeled=sum(1 for row in rows if row.problem is None and not row.answers),
        people=tuple(sorted(taking.people)),
        problems=tuple(sorted(problems, key=lambda one: one.row)),
    )


def as_form(name: str) -> LabelForm:
    """The form of that name; raises AskAgain for another."""
    for form in FORMS:
        if form == name:
            return form
    raise AskAgain(f"There is no form {name!r}. The forms are: {', '.join(FORMS)}.")


def as_which(name: str) -> Which:
    """The texts of that name; raises AskAgain for another."""
    for which in WHICH:
        if which == name:
            return which
    raise AskAgain(f"There are no texts {name!r}: write all, labeled or waiting.")


class _Taking:
    """Stores answers one by one."""

    def __init__(self, bench: Workbench, task: Task, person: str | None) -> None:
        self._bench, self._task, self._person = bench, task, person
        self._purposes = Purposes(bench, task)
        held = standing(bench.opinions.of(task.name))
        self._held = {(text, source): (one.outcome, one.label) for (text, source, _), one in held.items()}
        for text, label in bench.labels.current(task.name).items():
            self._held.setdefault((text, label.answer.source), (label.answer.outcome, label.answer.label))
        self.stored = self.unchanged = self.known = 0
        self.people: set[str] = set()

    def holds(self, text: TextId, given: GivenAnswer) -> bool:
        """Whether this is what its giver said already."""
        source, said = self._read(text, given)
        return self._held.get((text, source)) == said

    def take(self, text: TextId, given: GivenAnswer) -> None:
        """Store one answer, at the time at which it was given where that is known."""
        if self.holds(text, given):
            self.unchanged += 1
            return
        source, (outcome, label) = self._read(text, given)
        self._held[text, source] = (outcome, label)
        bench = self._bench if given.at is None else self._bench.lent(clock=_at(given.at))
        answer = Answer(
            text_id=text,
            outcome=outcome,
            label=label,
            confidence=given.confidence,
            seconds=given.seconds,
            source=source,
            note=given.note,
        )
        if given.known:
            self.known += 1
            bench.opinions.append(self._task.name, opinion_of(answer, self._task, purpose="known", at=bench.clock()))
            return
        purpose = self._purposes.of(text)
        if purpose.role == "train":
            bench.rounds.add_pick(self._task.name, purpose.round, Pick(text_id=text, score=0.0, strategy="given"))
        keep(bench, answer, purpose)
        self.stored += 1
        if is_person(source):
            self.people.add(source)

    def _read(self, text: TextId, given: GivenAnswer) -> tuple[str, Said]:
        (said,) = read_answers(self._task, {text: given.said}).values()
        return KEY if given.known else given.who or person_source(self._person), said


def _at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def _exchanged(text: Text, label: Label | None, said: Sequence[Opinion], guess: Guess | None) -> ExchangedText:
    answers = [
        GivenAnswer(
            who=None if one.source == KEY else one.source,
            said=one.label or one.outcome,
            note=one.note,
            seconds=one.seconds,
            at=one.at,
            confidence=one.confidence,
            suggested=one.suggested,
            known=one.source == KEY,
        )
        for one in said
        if one.outcome != "failed"
    ]
    held = None if label is None or label.answer.outcome == "failed" else label
    if held is not None and held.answer.source not in {one.who for one in answers} | {"consensus"}:
        one = held.answer
        answers.append(
            GivenAnswer(
                who=one.source, said=one.label or one.outcome, note=one.note, seconds=one.seconds, at=held.at,
                confidence=one.confidence,
            )
        )  # fmt: skip
    origin = (
        {}
        if held is None
        else {
            "source": held.answer.source,
            "confidence": held.answer.confidence,
            "role": held.role,
            "round": held.round,
            "guideline_version": held.guideline_version,
            "at": held.at.isoformat(),
        }
    )
    return ExchangedText(
        id=text.id,
        text=text.text,
        label=None if held is None else held.answer.said,
        origin=origin,
        answers=tuple(answers),
        guess=guess,
    )


def _guesses(bench: Workbench, task: Task, ids: Sequence[TextId]) -> dict[TextId, Guess]:
    models = bench.rounds.models(task.name)
    name = models[-1].id if models else "zero-shot"
    found = {}
    for text, row in known_probabilities(bench, task, ids).items():
        code = int(row.argmax())
        found[text] = Guess(label=task.class_names[code], confidence=float(row[code]), model=name)
    return found


def _known_ids(bench: Workbench, task: Task, rows: Sequence[ReadRow]) -> dict[int, TextId | None]:
    """The text of the pool that each row is about: by its id, unless the text is another one; else by the text."""
    by_text = {one.row: text_id(one.text) for one in rows if one.text}
    wanted = [TextId(one.id) for one in rows if one.id] + list(by_text.values())
    there = {text.id: text for text in bench.pools.texts(task.pool, list(bench.pools.places(task.pool, wanted)))}
    if any(one.id and one.id not in there and one.row not in by_text for one in rows):
        there |= {TextId(text.external_id): text for text in bench.pools.texts(task.pool) if text.external_id}
    found: dict[int, TextId | None] = {}
    for one in rows:
        named = there.get(TextId(one.id)) if one.id else None
        same = named is not None and (one.row not in by_text or text_id(named.text) == by_text[one.row])
        meant = named if same else there.get(by_text[one.row]) if one.row in by_text else None
        found[one.row] = None if meant is None else meant.id
    return found


def _check_labels(path: Path, rows: Sequence[ReadRow], task: Task) -> None:
    outside = []
    for row in rows:
        for one in row.answers:
            try:
                read_answers(task, {"": one.said})
            except UnknownLabel:
                outside.append(f"row {row.row:,} {one.said[:60]!r}")
    if outside:
        more = f" and {len(outside) - NAMED_AT_MOST:,} more" if len(outside) > NAMED_AT_MOST else ""
        raise UnknownLabel(
            f"{len(outside):,} answers in {path.name} are none of the classes: {', '.join(outside[:NAMED_AT_MOST])}"
            f"{more}. The classes: {', '.join(map(repr, task.class_names))}; or unsure or skip. Nothing was imported."
        )


def _check_overlap(
    bench: Workbench, task: Task, given: Sequence[tuple[TextId, GivenAnswer]], person: str | None
) -> None:
    """Raise where several people differ about a text although one is asked: the newest would silently hold."""
    if bench.tasks.desk(task.name).overlap > 1:
        return
    said: dict[TextId, dict[str, str]] = {}
    for text, one in given:
        source = one.who or person_source(person)
        if is_person(source) and not one.known:
            said.setdefault(text, {})[source] = one.said.casefold()
    differing = [text for text, by in said.items() if len(set(by.values())) > 1]
    if differing:
        most = max(len(by) for by in said.values())
        raise AskAgain(
            f"People differ about {len(differing):,} texts of this file, and task {task.name!r} asks one person a "
            f"text, so that the newest answer would hold. Set the overlap of its desk to {most} "
            "first, then import again. Nothing was imported."
        )
