"""A workbench in this process over a small pool and an encoder that costs nothing, for loops that take a second."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.laud_process import sample_rows, write_csv
from tests.support.tiny_encoder import write_tiny_encoder
from tools.engine.records import Task
from tools.plan import RunPlan
from tools.pool import add_texts
from tools.rounds import run
from tools.settings import Settings
from tools.standing import RunResult
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

POOL = "receipts"
EVERY = 18
"""One line in so many is marked: the rare class that even this encoder can tell."""
FORMULAS = ("=1+1", "+2 for 1", "-20% off soap", "@SUM(A1:A9)")
"""Texts that a spreadsheet would run."""


def has_figure(text: str) -> bool:
    """What the classes of the column `figures` are about; every encoder sees it, and neither class is rare."""
    return any(letter.isdigit() for letter in text)


def rows() -> list[dict[str, str]]:
    """Receipt lines with the columns `category`, `figures` (figures or words) and `marked` (marked or plain)."""
    made = []
    texts = [(row["text"], row["category"]) for row in sample_rows()] + [(text, "formula") for text in FORMULAS]
    for number, (text, category) in enumerate(texts):
        marked = number % EVERY == 0
        shown = f"zzz zzz zzz zzz {text[:12]}" if marked else text
        made.append(
            {
                "id": f"=r{number}",
                "text": shown,
                "category": category,
                "figures": "figures" if has_figure(shown) else "words",
                "marked": "marked" if marked else "plain",
            }
        )
    return made


@contextmanager
def small_bench(
    folder: Path, *, attended: bool = True, lines: Sequence[Mapping[str, str]] | None = None, **settings: Any
) -> Iterator[Workbench]:
    """A workbench with that pool, or one of other lines, embedded; `settings` are added to its own."""
    given = {
        "workspace": folder / "workspace",
        "encoder": str(write_tiny_encoder(folder / "encoder")),
        "precision": "float32",
        "oracle_gate": "skip",
        "oracle_repeats": 0.0,
        **settings,
    }
    with open_workbench(Settings(**given), write=True, attended=attended) as bench:
        source = write_csv(folder / "receipts.csv", rows() if lines is None else lines)
        add_texts(bench, source=str(source), name=POOL, text_column="text", id_column="id")
        yield bench


def small_task(bench: Workbench, name: str, *, column: str = "figures", **changes: Any) -> Task:
    """A task over one of the columns, replayed."""
    classes = {"figures": ["figures", "words"], "marked": ["marked", "plain"], "category": ["baby care", "other"]}
    rest = {"figures": "words", "marked": "plain", "category": "other"}
    given = {
        "name": name,
        "pool": POOL,
        "classes": classes[column],
        "rest": rest[column],
        "oracle": f"replay:{column}",
        **changes,
    }
    return create_task(bench, make_spec(given))


def small_run(bench: Workbench, task: Task, **plan: Any) -> RunResult:
    """A run with a head and small numbers, unless the plan says otherwise."""
    return run(bench, RunPlan(task=task.name, **{"learner": "head", "gold": 24, "batch": 8, "labels": 32, **plan}))
