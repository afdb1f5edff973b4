"""What is known of a task's oracles: what their checks proved, and how steady they are."""

from dataclasses import dataclass

from tools.consistency import asked_again, steadiness_of
from tools.engine.consistency import Steadiness
from tools.engine.oracle_gate import ClassTrust, Verdict
from tools.engine.records import Estimate, Task
from tools.gate import advice, oracles_checked, standing_of
from tools.workbench import Workbench


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
        steadiness=steadiness_of(bench, task, source),
    )
