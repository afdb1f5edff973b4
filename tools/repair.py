"""Repair of a guideline: what oracle and people disagree about becomes edits to accept or not.

An edit that is accepted makes a new version of the guideline, and takes back the labels that it puts in doubt, so that
the oracle is asked about them again; all other labels stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.answers import Purposes, keep
from tools.checks import for_a_person, judged_by, judged_by_people
from tools.engine.borderline import at_home
from tools.engine.errors import UnknownName
from tools.engine.records import Answer, Label, Opinion, Task, TextId
from tools.engine.repair import Disagreement, Edit, difference, edited, mentions, propose_edits
from tools.labeling import example_of
from tools.opinions import is_person, standing
from tools.workbench import Workbench

REWORDED = "guideline changed"
"""Note on a label that was taken back because a new guideline put it in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one edit would change.

    `diff` shows it, `disagreements` are why, `in_doubt` counts the labels that would be asked about again.
    """

    edit: str
    said: str
    truth: str
    diff: str
    disagreements: tuple[Disagreement, ...]
    in_doubt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The task with its new guideline, and how many labels are asked about again."""

    task: Task
    requeued: int


def proposals(bench: Workbench, task: Task) -> list[Proposal]:
    """The edits that the disagreements suggest, the most frequent kind first; one kind of mistake each.

    From texts on which a model's answer under the guideline that holds differs from what a person said. The gold sample
    is left out, so that nobody fits a guideline to it.
    """
    return [
        Proposal(
            edit=edit.key,
            said=edit.said,
            truth=edit.truth,
            diff=difference(task.classes, edited(task.classes, [edit])),
            disagreements=edit.disagreements,
            in_doubt=len(_in_doubt(bench, task, [edit])),
        )
        for edit in _edits(bench, task)
    ]


def accept(bench: Workbench, task: Task, edits: Sequence[str]) -> Accepted:
    """Make the edits of these names (`SAID>TRUTH`) and take back the labels that they put in doubt.

    Raises UnknownName for an edit that is not proposed; nothing is changed then.
    """
    open_ = {edit.key: edit for edit in _edits(bench, task)}
    unknown = [name for name in edits if name not in open_]
    if unknown:
        raise UnknownName(
            f"There is no edit {unknown[0]!r} to accept. Proposed: {', '.join(map(repr, open_)) or 'none'}."
        )
    chosen = [open_[name] for name in dict.fromkeys(edits)]
    doubted = _in_doubt(bench, task, chosen)
    changed = bench.tasks.save(replace(task, classes=edited(task.classes, chosen)))
    purposes = Purposes(bench, changed)
    for text, label in doubted.items():
        withdrawn = Answer(text_id=text, outcome="withdrawn", source=label.answer.source, note=REWORDED)
        keep(bench, withdrawn, purposes.of(text))
    return Accepted(task=changed, requeued=len(doubted))


def requeued(bench: Workbench, task: Task) -> list[TextId]:
    """The texts whose label was taken back for a new guideline and that have none since, nor wait for a person."""
    newest = {label.text_id: label for label in bench.labels.history(task.name)}
    current = bench.labels.current(task.name)
    hers = set(for_a_person(bench, task, current))
    return [
        text for text, label in newest.items() if label.answer.note == REWORDED and text not in hers | current.keys()
    ]


def _edits(bench: Workbench, task: Task) -> list[Edit]:
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    current = bench.labels.current(task.name)
    said: dict[TextId, Opinion] = {}
    for (text, source, purpose), one in standing(bench.opinions.of(task.name)).items():
        asked = (
            purpose in {"check", "vote"} and not is_person(source) and one.guideline_version == task.guideline_version
        )
        if asked and text in current and judged_by(current[text].answer, source) and text not in gold:
            said[text] = one
    names = set(task.class_names)
    pairs = [
        (text, str(one.label), str(current[text].answer.label), current[text].answer.note)
        for text, one in said.items()
        if one.label in names and current[text].answer.label in names
    ]
    texts = bench.pools.texts(task.pool, [text for text, *_ in pairs])
    differ, agree = [], []
    for shown, (text, model, person, note) in zip(texts, pairs, strict=True):
        if model == person:
            agree.append((shown.text, person))
        else:
            differ.append(Disagreement(id=text, text=example_of(shown.text), said=model, truth=person, note=note))
    return propose_edits(differ, agree)


def _in_doubt(bench: Workbench, task: Task, edits: Sequence[Edit]) -> dict[TextId, Label]:
    """Labels of models, of the class that an edit takes texts from, that have its words or are like its texts."""
    # What oracles are judged by stays, be it a person's or recorded.
    kept = {item.text_id for item in bench.rounds.gold(task.name) or []} | judged_by_people(bench, task).keys()
    current = bench.labels.current(task.name)
    found: dict[TextId, Label] = {}
    for edit in edits:
        labels = {
            text: label
            for text, label in current.items()
            if label.answer.label == edit.said and not is_person(label.answer.source) and text not in kept
        }
        ids = list(labels)
        texts = bench.pools.texts(task.pool, ids)
        near = _like(bench, task, ids, [one.id for one in edit.disagreements])
        for shown, close in zip(texts, near, strict=True):
            if close or mentions(shown.text, edit.words):
                found[shown.id] = labels[shown.id]
    return found


def _like(bench: Workbench, task: Task, ids: Sequence[TextId], disputed: Sequence[TextId]) -> list[bool]:
    """Which texts are as near to a disputed one as a text's nearest neighbour among them usually is."""
    every = [*ids, *disputed]
    held = bench.vectors.vectors(bench.pools.get(task.pool), every)
    if any(text not in held for text in every) or not ids:
        return [False] * len(ids)
    vectors = np.stack([held[text] for text in every]).astype(np.float32)
    lacking = np.arange(len(every)) >= len(ids)
    return [bool(near) for near in at_home(vectors[: len(ids)], vectors, lacking)]
