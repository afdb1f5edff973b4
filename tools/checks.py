"""Checks of an oracle: which of its answers a person is asked to judge by, what came of it, and how far to believe it.

A check is a label like any other: the oracle's answer is put up as an opinion, the text waits for a person's label, and
the label that the person gives is what the answer is held against. Calibrations are not stored: they follow from the
opinions and labels that are, so they are learnt anew whenever an oracle is opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tools.engine.confidence import Calibration, CheckedAnswer, fit_calibration
from tools.engine.oracle_gate import GivenAnswer
from tools.engine.records import Answer, Label, Opinion, OpinionPurpose, Task, TextId
from tools.opinions import by_people, opinion_of, standing
from tools.workbench import Workbench

PUT_UP = "put up"
"""The variant of an oracle's answer that a person is asked to judge by."""
DOUBTED = "doubted"
"""The variant of a repeat that differed, so that the oracle's label was taken back and a person is asked."""
ROUTED = "routed"
"""The variant of a model's answer that a person is asked to give instead, since the model is not sure enough."""
FEWEST = 10
"""Checks from which on a calibration is learnt; below, a raw confidence says as much."""


def store_opinion(  # noqa: PLR0913 - keyword-only: what an opinion adds to an answer
    bench: Workbench,
    task: Task,
    answer: Answer,
    *,
    source: str,
    purpose: OpinionPurpose,
    variant: str | None = None,
    note: str | None = None,
    paid: bool = True,
) -> Opinion:
    """Commit an oracle's answer as an opinion of `source`; without `paid` its cost stands on a label."""
    opinion = opinion_of(answer, task, purpose=purpose, at=bench.clock(), variant=variant)
    opinion = replace(opinion, source=source, note=note or opinion.note, cost=opinion.cost if paid else 0.0)
    bench.opinions.append(task.name, opinion)
    return opinion


def put_up(bench: Workbench, task: Task, opinions: Iterable[Opinion]) -> None:
    """Have these answers of an oracle judged by a person: their texts wait for a label from now on."""
    for one in opinions:
        bench.opinions.append(task.name, replace(one, variant=PUT_UP, cost=0.0, seconds=0.0, at=bench.clock()))


def sampled(bench: Workbench, task: Task, source: str) -> dict[TextId, Opinion]:
    """What the oracle said of texts drawn at random to judge it by, under the guideline that holds, oldest first."""
    held = standing(bench.opinions.of(task.name, purpose="check")).values()
    return {
        one.text_id: one for one in held if one.source == source and one.guideline_version == task.guideline_version
    }


def truths(bench: Workbench, task: Task, source: str) -> dict[TextId, str | None]:
    """The texts put up of this oracle's answers that have a label now, oldest first; None where it is no class."""
    current = bench.labels.current(task.name)
    return {
        text: current[text].answer.label
        for text, one in sampled(bench, task, source).items()
        if one.variant == PUT_UP and text in current and judged_by(current[text].answer, source)
    }


def given_answers(opinions: Iterable[Opinion], classes: Sequence[str]) -> list[GivenAnswer]:
    """Those that name a class."""
    return [
        GivenAnswer(text_id=one.text_id, label=one.label, confidence=one.confidence)
        for one in opinions
        if one.label is not None and one.label in classes
    ]


def calibration_of(bench: Workbench, task: Task, source: str) -> Calibration | None:
    """How far to believe this source, by the texts of any oracle's checks that it gave an opinion on; None with few."""
    judged = judged_by_people(bench, task)
    held = standing(bench.opinions.of(task.name))
    mine: dict[TextId, Opinion] = {}
    for (text, who, purpose), one in held.items():
        if who == source and purpose in {"check", "vote"} and one.guideline_version == task.guideline_version:
            mine[text] = one
    answers = given_answers(mine.values(), task.class_names)
    checked = [
        CheckedAnswer(label=one.label, confidence=one.confidence, right=judged[one.text_id] == one.label)
        for one in answers
        if one.text_id in judged
    ]
    if len(checked) < FEWEST:
        return None
    return fit_calibration(checked, task.class_names, [one.confidence for one in answers])


def for_a_person(bench: Workbench, task: Task, current: Mapping[TextId, Label]) -> list[TextId]:
    """The texts without a label that an oracle's checks, or its doubtful answers, want a person's label for."""
    held = standing(bench.opinions.of(task.name))
    wanted = [
        text
        for (text, _, _), one in held.items()
        if one.variant in {PUT_UP, DOUBTED, ROUTED}
        and one.guideline_version == task.guideline_version
        and (text not in current or current[text].answer.outcome == "failed")
    ]
    return list(dict.fromkeys(wanted))


def judged_by_people(bench: Workbench, task: Task) -> dict[TextId, str]:
    """The classes that people gave to texts put up as checks of any oracle: a random sample, good to learn from too."""
    current = bench.labels.current(task.name)
    found: dict[TextId, str] = {}
    for (text, source, _), one in standing(bench.opinions.of(task.name, purpose="check")).items():
        label = current[text].answer.label if text in current else None
        if one.variant == PUT_UP and label in task.class_names and judged_by(current[text].answer, source):
            found[text] = label
    return found


def judged_by(answer: Answer, source: str) -> bool:
    """Whether an answer can be held against those of `source`: a person's, or a recorded one."""
    recorded = answer.source.partition(":")[0] == "replay"
    return answer.source != source and (by_people(answer.source) or recorded)
