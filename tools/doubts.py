"""Labels that are likely wrong, and those worth a person's time before new texts are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.answers import Purpose, Purposes, keep
from tools.beliefs import beliefs
from tools.checks import DOUBTED
from tools.engine.confident import label_issues
from tools.engine.errors import UnknownName
from tools.engine.ports import Oracle, Probabilities
from tools.engine.records import Answer, Label, Opinion, Task, TextId
from tools.engine.trust import still_right, worth_relabeling
from tools.evaluation import latest_model
from tools.labeling import Asked, Stored, ask, label_texts, read_answers
from tools.opinions import standing
from tools.training import held_out
from tools.workbench import Workbench

DECIDED = "decided at the desk"
"""Note on a doubt that a person settled without its text waiting first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A label that may be wrong.

    `right` is the probability that it is right, by who gave it and by a model that had not seen it; `suggested` the
    class that the model finds likeliest beside it; `worth` whether a person's answer here is worth more than one on a
    new text.
    """

    id: TextId
    text: str
    label: str
    suggested: str
    right: float
    worth: bool
    source: str
    round: int


def doubts(bench: Workbench, task: Task, *, limit: int | None = None) -> list[Doubt]:
    """The labels of the latest model that are least likely right, worst first; none that was decided after a doubt.

    The source's checks say how often such a label is right; for people and for sources that were not checked, the share
    of the class that confident learning (Northcutt et al. 2021, arXiv:1911.00068) takes for right. To that comes what
    the model says that had not seen the label. Only checks make a label worth a person's time: a model that learnt from
    a few hundred of these very labels proves too little of one.
    Neighbours are not asked beside it: they add nothing to the model.

    Raises NotEnoughLabels when there is no model.
    """
    model = latest_model(bench, task.name)
    ids, codes, probabilities = held_out(bench, model)
    current = bench.labels.current(task.name)
    decided = _doubted(bench, task)
    held = [
        row
        for row, text in enumerate(ids)
        if text in current and current[text].answer.label == model.classes[codes[row]] and text not in decided
    ]
    labels = {ids[row]: current[ids[row]] for row in held}
    kept, views = codes[held], probabilities[held]
    measured = beliefs(bench, task, labels)
    right = still_right(_by_source(list(labels), measured, kept, views), kept, views)
    worth = {ids[held[row]] for row in worth_relabeling(right, len(model.classes))} & measured.keys()
    others = views.copy()
    others[np.arange(len(held)), kept] = -1.0
    rows = np.argsort(right, kind="stable")[:limit]
    texts = bench.pools.texts(task.pool, [ids[held[row]] for row in rows])
    return [
        Doubt(
            id=text.id,
            text=text.text,
            label=model.classes[kept[row]],
            suggested=model.classes[int(others[row].argmax())],
            right=float(right[row]),
            worth=text.id in worth,
            source=labels[text.id].answer.source,
            round=labels[text.id].round,
        )
        for text, row in zip(texts, rows, strict=True)
    ]


def put_again(bench: Workbench, task: Task, texts: Sequence[TextId], *, note: str | None = None) -> int:
    """Take the labels of these texts back, so that they wait for a person, before the texts of a round do.

    A text that waits already is left as it is. Returns how many labels were taken back. Raises UnknownName for a text
    that has no label.
    """
    current = bench.labels.current(task.name)
    waiting = _doubted(bench, task).keys()
    unknown = [text for text in texts if text not in current and text not in waiting]
    if unknown:
        raise UnknownName(f"The text {unknown[0]!r} has no label in task {task.name!r}; nothing was put up.")
    purposes = Purposes(bench, task)
    taken = 0
    for text in dict.fromkeys(texts):
        if text not in current:
            continue
        label = current[text]
        # Put up first: a withdrawn label that nobody is asked about would be forgotten.
        bench.opinions.append(task.name, _opinion(bench, task, label, note))
        keep(bench, Answer(text_id=text, outcome="withdrawn", source=label.answer.source), purposes.of(text))
        taken += 1
    return taken


def decide(
    bench: Workbench, task: Task, labels: Mapping[str, str], *, person: str | None = None, note: str | None = None
) -> Stored:
    """Store what a person says of labels in doubt, be it that they are right; they are not doubted again.

    Raises UnknownLabel, and UnknownName for a text without a label; then nothing is stored.
    """
    current = bench.labels.current(task.name)
    unknown = [text for text in labels if text not in current]
    if unknown:
        raise UnknownName(f"The text {unknown[0]!r} has no label in task {task.name!r}; nothing was stored.")
    read_answers(task, labels)
    # Noted first, so that the answer is the last that the person said, and the first that is taken back.
    for text in labels:
        bench.opinions.append(task.name, _opinion(bench, task, current[TextId(text)], DECIDED))
    return label_texts(bench, task, labels, person=person, note=note)


def relabel_first(bench: Workbench, task: Task, person: Oracle, *, number: int, most: int) -> Asked:
    """Ask a person, before round `number`, about labels that are worth more than new texts; the worst, `most` of them.

    They are chosen once a round, so that a run that waits for her and goes on later asks about the same.
    """
    mark = f"before round {number}"
    if most and all(one.note != mark for one in _doubted(bench, task).values()):
        put_again(bench, task, [one.id for one in doubts(bench, task) if one.worth][:most], note=mark)
    current = bench.labels.current(task.name)
    waiting = [text for text, one in _doubted(bench, task).items() if text not in current and one.note == mark]
    return ask(bench, person, waiting, Purpose(task=task, role="train", round=number))


def _by_source(
    labels: Sequence[TextId], measured: Mapping[TextId, float], codes: NDArray[np.int64], views: Probabilities
) -> NDArray[np.float64]:
    """(n,) probability that labels are right, before the model says what it thinks of them one by one."""
    wrong = np.bincount(codes[[issue.row for issue in label_issues(codes, views)]], minlength=views.shape[1])
    sizes = np.bincount(codes, minlength=views.shape[1])
    # As if two labels more of each class had been looked at, one of them wrong: a small class is not called clean.
    usual = 1 - (wrong + 1) / (sizes + 2)
    return np.array([measured.get(text, usual[code]) for text, code in zip(labels, codes, strict=True)])


def _doubted(bench: Workbench, task: Task) -> dict[TextId, Opinion]:
    """Texts that were put up once: what was said of them then is not doubted again."""
    held = standing(bench.opinions.of(task.name)).values()
    return {one.text_id: one for one in held if one.variant == DOUBTED}


def _opinion(bench: Workbench, task: Task, label: Label, note: str | None) -> Opinion:
    answer = label.answer
    return Opinion(
        text_id=label.text_id,
        source=answer.source,
        purpose="repeat",
        outcome=answer.outcome,
        label=answer.label,
        confidence=answer.confidence,
        variant=DOUBTED,
        note=note,
        guideline_version=task.guideline_version,
        at=bench.clock(),
    )
