"""How one answer is kept: with its purpose, and a person's as a vote that may have to wait for those of others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.engine.records import Answer, Label, Opinion, OpinionPurpose, Role, RoundStatus, Task, TextId
from tools.opinions import (
    CONSENSUS,
    NOTHING_SHOWN,
    Said,
    Shown,
    is_person,
    opinion_of,
    probability,
    standing,
    verdict,
    votes_by_text,
)
from tools.workbench import Workbench

SETTLED = ("label", "unsure", "skip")
"""Outcomes that an oracle is not asked again about; a failure is."""
QUESTION = "answer to a question of the task's set-up"
"""Note on a label that came with its text into the guideline, as an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why texts are being labeled: for which task, in which role and round, and what may be spent at most."""

    task: Task
    role: Role
    round: int
    budget: float | None = None


def settled(bench: Workbench, task: Task, ids: Sequence[TextId]) -> dict[TextId, Label]:
    """The answers that hold for `ids` and need no asking again."""
    current = bench.labels.current(task.name)
    return {i: current[i] for i in ids if is_settled(current.get(i))}


def is_settled(label: Label | None) -> bool:
    """Whether a label needs no asking again."""
    return label is not None and label.answer.outcome in SETTLED


def voted(bench: Workbench, task: Task, source: str) -> set[TextId]:
    """The texts that this person is not asked about again although they may have no label: others have to say too."""
    if not is_person(source) or bench.tasks.desk(task.name).overlap == 1:
        return set()
    votes = votes_by_text(bench.opinions.of(task.name, purpose="vote"))
    return {text for text, said in votes.items() if source in said}


def keep(bench: Workbench, answer: Answer, purpose: Purpose) -> None:
    """Commit one answer.

    A person's is kept as an opinion too. Where several people are asked, it is one vote on a text that waits, and
    decides about a text that has a label already, or that is an example of the guideline.
    """
    name = purpose.task.name
    if not is_person(answer.source):
        _append(bench, answer, purpose)
    elif answer.outcome == "withdrawn":
        _take_back(bench, answer, purpose)
    else:
        overlap = bench.tasks.desk(name).overlap
        held = bench.labels.current(name).get(answer.text_id)
        if overlap > 1 and answer.note != QUESTION and not is_settled(held):
            vote(bench, answer, purpose)
        else:
            keep_decision(bench, answer, purpose, kind="vote" if overlap == 1 else "adjudication")


def keep_decision(bench: Workbench, answer: Answer, purpose: Purpose, *, kind: OpinionPurpose = "adjudication") -> None:
    """Commit an answer that is the label, whatever others said: as an opinion of this kind, and as the label."""
    bench.opinions.append(purpose.task.name, opinion_of(answer, purpose.task, purpose=kind, at=bench.clock()))
    _append(bench, answer, purpose)


def vote(
    bench: Workbench, answer: Answer, purpose: Purpose, *, shown: Shown = NOTHING_SHOWN, variant: str | None = None
) -> None:
    """Commit a person's answer as a vote; the label follows as soon as the votes on the text make one."""
    opinion = opinion_of(answer, purpose.task, purpose="vote", at=bench.clock(), shown=shown, variant=variant)
    bench.opinions.append(purpose.task.name, opinion)
    settle(bench, answer.text_id, purpose)


def settle(bench: Workbench, text: TextId, purpose: Purpose) -> None:
    """Make the text's label what the votes come to: theirs once they agree, none while they do not.

    A label of another origin stays: one that a person decided on, or that was there first.
    """
    task = purpose.task
    overlap = bench.tasks.desk(task.name).overlap
    votes = votes_by_text(bench.opinions.of(task.name, purpose="vote", texts=[text])).get(text, {})
    held = bench.labels.current(task.name).get(text)
    found = verdict(votes, overlap)
    if found.said is None:
        if held is not None and held.answer.source == CONSENSUS:
            _append(bench, Answer(text_id=text, outcome="withdrawn", source=CONSENSUS), purpose)
        return
    newest = list(votes.values())[-1]
    source = newest.source if overlap == 1 else CONSENSUS
    free = held is None or not is_settled(held) or held.answer.source == source
    if free and not holds(held, found.said, source):
        _append(bench, _answer_of(newest) if overlap == 1 else _agreed(bench, task, text, found.said), purpose)


def _answer_of(vote: Opinion) -> Answer:
    """The one vote on a text, as its answer."""
    return Answer(
        text_id=vote.text_id,
        outcome=vote.outcome,
        label=vote.label,
        confidence=vote.confidence,
        seconds=vote.seconds,
        source=vote.source,
        note=vote.note,
    )


def _agreed(bench: Workbench, task: Task, text: TextId, said: Said) -> Answer:
    """What several people said alike, as an answer, with how probable their votes make it."""
    outcome, label = said
    sure = None if label is None else probability(bench, task, text, label)
    return Answer(text_id=text, outcome=outcome, label=label, confidence=sure, source=CONSENSUS)


def _take_back(bench: Workbench, answer: Answer, purpose: Purpose) -> None:
    """Withdraw what a person said of a text, and the label that it made or helped to make."""
    name, text = purpose.task.name, answer.text_id
    for _, source, kind in standing(bench.opinions.of(name, texts=[text])):
        if source == answer.source and kind in {"vote", "adjudication"}:
            bench.opinions.append(name, opinion_of(answer, purpose.task, purpose=kind, at=bench.clock()))
    label = bench.labels.current(name).get(text)
    if label is not None and label.answer.source == answer.source:
        _append(bench, answer, purpose)
        before = _before(bench, name, label)
        if before is not None:
            _append(bench, replace(before.answer, cost=0.0, seconds=0.0), purpose)  # it was paid for once
    if bench.tasks.desk(name).overlap > 1:
        settle(bench, text, purpose)


def _before(bench: Workbench, task: str, label: Label) -> Label | None:
    """The label of another source that this one had taken the place of, such as a model's that a person corrected."""
    said = [one for one in bench.labels.history(task) if one.text_id == label.text_id]
    others = [at for at, one in enumerate(said) if one.answer.source != label.answer.source]
    found = said[others[-1]] if others else None
    return found if is_settled(found) else None


def _append(bench: Workbench, answer: Answer, purpose: Purpose) -> None:
    label = Label(
        answer=answer,
        role=purpose.role,
        round=purpose.round,
        guideline_version=purpose.task.guideline_version,
        at=bench.clock(),
    )
    bench.labels.append(purpose.task.name, label)


def holds(label: Label | None, answer: Said, source: str) -> bool:
    """Whether this is what the source said already."""
    return label is not None and (label.answer.outcome, label.answer.label) == answer and label.answer.source == source


class Purposes:
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
        """The text's: what it was asked or labeled for, or what one is for that nobody asked about."""
        role, number = self._known.get(text, self._new)
        return Purpose(task=self._task, role=role, round=number)
