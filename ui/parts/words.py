"""Numbers and steps in words."""

import re
from collections.abc import Mapping
from typing import Any

_STEPS: Mapping[str, str] = {
    "add_texts": "Read {file}",
    "inspect_pool": "Looked at the pool {pool}",
    "propose_task": "Drafted a task",
    "set_task": "Set the task {name}",
    "answer_questions": "Kept your answers",
    "estimate": "Worked out what it takes",
    "run_rounds": "Ran the loop for {task}",
    "label_texts": "Stored your labels",
    "show_results": "Looked at the results of {task}",
    "undo": "Took labels back",
    "delete_task": "Deleted the task {task}",
    "export": "Wrote the result of {task}",
    "predict": "Classified {file}",
    "stop_job": "Stopped the job",
}
_DOING: Mapping[str, str] = {
    "add_texts": "Reading {file}",
    "run_rounds": "Running the loop for {task}",
    "predict": "Classifying {file}",
    "propose_task": "Drafting a task",
    "export": "Writing the result of {task}",
}
_NAMELESS = re.compile(r"(?: for| of| the pool| the task)+$")
"""The end of a step whose pool or task was left for LAUD to find."""
NONE = "\u2013"
"""Stands where there is no number."""
MEASURES: Mapping[str, str] = {
    "f1": "F1",
    "macro_f1": "Mean F1",
    "precision": "Precision",
    "recall": "Recall",
    "accuracy": "Accuracy",
}
"""Scores by their names on the wire."""


def step(tool: str, args: Mapping[str, Any], receipt: Mapping[str, Any], *, running: bool) -> str:
    """What a tool did or does, in a few words."""
    form = (_DOING if running and tool in _DOING else _STEPS).get(tool, tool.replace("_", " "))
    known = {"file": "the file", "pool": "", "task": "", "name": "", **args}
    known |= {name: value for name, value in receipt.items() if name in {"pool", "task", "file"}}
    said = " ".join(form.format_map({name: str(value) for name, value in known.items()}).split())
    return _NAMELESS.sub("", said)


def outcome(tool: str, receipt: Mapping[str, Any]) -> str:
    """What came of it, where a number says it."""
    if "error" in receipt:
        # The rest, with what to do about it, is said below the step.
        return re.split(r"(?<=[.!?]) ", str(receipt["error"]), maxsplit=1)[0]
    match tool:
        case "add_texts" if "added" in receipt:
            folded = f", {receipt['duplicates']:,} repeated and folded" if receipt.get("duplicates") else ""
            skipped = f", {receipt['skipped_rows']:,} skipped" if receipt.get("skipped_rows") else ""
            return f"{receipt['added']:,} new texts{folded}{skipped}, {seconds(receipt['seconds'])}"
        case "set_task" | "answer_questions" if "guideline_version" in receipt:
            return f"guideline version {receipt['guideline_version']}"
        case "run_rounds" if "labels" in receipt:
            return f"{receipt['labels']:,} labels"
        case "predict" if "rows" in receipt:
            return f"{receipt['rows']:,} rows"
        case _:
            return ""


def percent(value: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return f"{100 * value:.{digits}f}\u2009%"


def interval(score: Mapping[str, float]) -> str:
    """A score's 95 % interval."""
    return f"{100 * score['low']:.0f}\u2009\u2013\u2009{percent(score['high'])}"


def points(value: float) -> str:
    """A difference of shares in points of a hundred."""
    number = round(100 * value)
    return f"{number} point{'' if number == 1 else 's'}"


def change(value: float) -> str:
    """By how many points of a hundred a share rose or fell."""
    return f"{100 * value:+.0f}".replace("-", "\u2212")


def dollars(value: float) -> str:
    """Dollars, with cents of cents where they are few."""
    if value == 0:
        return "$0"
    return f"${value:,.2f}" if value >= 0.1 else f"${value:.4f}"


def seconds(value: float) -> str:
    """A time as a person says it."""
    if value < 90:
        return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
    if value < 5_400:
        return f"{value / 60:.0f} min"
    return f"{value / 3_600:.1f} h"


def headline(scores: Mapping[str, Any] | None) -> tuple[str, Mapping[str, float]] | None:
    """The score that counts most, with its name: F1 of the class that is looked for, else the mean over classes."""
    if scores is None:
        return None
    name = "f1" if "f1" in scores else "macro_f1"
    return ("F1" if name == "f1" else "mean F1", scores[name])
