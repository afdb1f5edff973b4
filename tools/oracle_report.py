"""What is known of a task's oracles: what their checks proved, and how steady they are."""

from dataclasses import dataclass

from tools.checks import given_answers, sampled, truths
from tools.consistency import asked_again, steadiness_of
from tools.engine.consistency import Steadiness
from tools.engine.oracle_gate import ClassTrust, Verdict
from tools.engine.records import Estimate, Task
from tools.engine.shares import share
from tools.gate import advice, oracles_checked, standing_of
from tools.workbench import Workbench

BINS = 10
"""Steps of confidence that a report tells apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceStep:
    """Answers to the sample with a confidence from `low` on, as the oracle stated it: how many, and the share right.

    `right` rests on the `checked` ones; None where there are none.
    """

    low: float
    answers: int
    checked: int
    right: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleReport:
    """One oracle of a task.

    Attributes:
        oracle: its source, such as `llm:gpt-4o-mini`.
        verdict: `use`, `above` a confidence, `not`, or check `more`; None before the first check.
        advice: the same in words, with the numbers.
        sampled: texts it answered to be judged by.
        checks: of these, those that a person has judged.
        waiting: those that wait for a person.
        accuracy: how often it is right, over all it says.
        classes: the same for each class.
        threshold: the calibrated confidence from which on it is to be used; None where that is not the advice.
        share: the part of its answers that reach the threshold.
        confidence: what its stated confidences are worth, from low to high; empty where it states none.
        steadiness: what asking again has shown.
    """

    oracle: str
    verdict: Verdict | None
    advice: str
    sampled: int
    checks: int
    waiting: int
    accuracy: Estimate | None
    classes: tuple[ClassTrust, ...]
    threshold: float | None
    share: float | None
    confidence: tuple[ConfidenceStep, ...]
    steadiness: Steadiness


def oracle_reports(bench: Workbench, task: Task) -> list[OracleReport]:
    """A report on each oracle that was checked or asked again, in the order of their first answer."""
    sources = dict.fromkeys([*oracles_checked(bench, task), *asked_again(bench, task)])
    return [oracle_report(bench, task, source) for source in sources]


def oracle_report(bench: Workbench, task: Task, source: str) -> OracleReport:
    """The report on the oracle of that source."""
    found = standing_of(bench, task, source)
    it = found.judgement
    return OracleReport(
        oracle=source,
        verdict=None if it is None else it.verdict,
        advice=advice(found),
        sampled=found.asked,
        checks=0 if it is None else it.checks,
        waiting=len(found.waiting),
        accuracy=None if it is None else it.accuracy,
        classes=() if it is None else it.classes,
        threshold=None if it is None else it.threshold,
        share=None if it is None else it.share,
        confidence=_confidence(bench, task, source),
        steadiness=steadiness_of(bench, task, source),
    )


def _confidence(bench: Workbench, task: Task, source: str) -> tuple[ConfidenceStep, ...]:
    truth = truths(bench, task, source)
    steps: dict[int, list[bool | None]] = {}
    for one in given_answers(sampled(bench, task, source).values(), task.class_names):
        if one.confidence is not None:
            known = truth.get(one.text_id)
            place = min(int(one.confidence * BINS), BINS - 1)
            steps.setdefault(place, []).append(None if known is None else known == one.label)
    found = []
    for place, answers in sorted(steps.items()):
        checked = [right for right in answers if right is not None]
        found.append(
            ConfidenceStep(
                low=place / BINS, answers=len(answers), checked=len(checked), right=share(sum(checked), len(checked))
            )
        )
    return tuple(found)
