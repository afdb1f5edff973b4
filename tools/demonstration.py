"""The demonstration: the whole loop on the sample that comes with LAUD."""

from dataclasses import dataclass
from pathlib import Path

from tools.account import write_report
from tools.evaluation import HardText, hard_texts
from tools.export import export
from tools.plan import RunPlan
from tools.pool import add_texts
from tools.rounds import run
from tools.standing import RunResult
from tools.task import create_task, load_task_file
from tools.workbench import Workbench

SAMPLE = Path(__file__).parent / "samples"
LABELS = 141
"""Training labels of the demonstration: a seed of 16 and five rounds of 25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What the demonstration showed and where its results lie."""

    result: RunResult
    hard: list[HardText]
    report: Path
    exported: Path


def demonstrate(bench: Workbench, *, labels: int = LABELS, gold: int = 300) -> Demonstration:
    """Find the baby care lines among the 1,600 receipt lines of the sample, its own column as the oracle."""
    add_texts(bench, source=str(SAMPLE / "receipts.csv"), name="receipts", id_column="id")
    task = create_task(bench, load_task_file(SAMPLE / "task.yaml"))
    result = run(bench, RunPlan(task=task.name, labels=labels, gold=gold))
    if result.model is None:
        raise RuntimeError("a finished run without a model")
    exported = bench.folder / "result"
    export(bench, task.name, out=exported)
    return Demonstration(
        result=result,
        hard=hard_texts(bench, task, result.model),
        report=write_report(bench, result),
        exported=exported,
    )
