"""Results as a person reads them in a terminal."""

import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text as Cell

from tools.engine.scoring import headline, metric

if TYPE_CHECKING:
    from tools.demonstration import Demonstration
    from tools.engine.records import Estimate, Scores
    from tools.pool import PoolDescription
    from tools.standing import RunResult

TEXT_WIDTH = 100
PIPED_WIDTH = 140
"""Columns where stdout is no terminal: tables stay whole in a file."""


def one_line(text: str, width: int = TEXT_WIDTH) -> str:
    """A pool text fit for a terminal: one line, cut, without control or direction characters."""
    safe = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    line = " ".join(safe.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def interval(estimate: "Estimate") -> str:
    """A score with its interval."""
    return f"{estimate.value:.3f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def show_run(result: "RunResult", report: Path | None = None) -> None:
    """Rounds, why the loop ended, and what to do next."""
    console = _console()
    console.print(Cell(f"Task {result.task.name!r} over pool {result.task.pool!r}", style="bold"))
    if result.rounds:
        console.print(_rounds_table(result))
    for name, (have, want) in result.unfilled.items():
        console.print(Cell(f"Class {name!r}: {have} of the {want} labels wanted for the seed were found."))
    if result.zero_shot is not None:
        name, estimate = headline(result.zero_shot)
        console.print(Cell(f"Zero-shot alone, on the same gold sample: {name} {interval(estimate)}"))
    console.print(
        Cell(
            f"{result.labels} training labels, {result.seed_calls} oracle calls for the seed, "
            f"{result.gold_labels} gold labels, ${result.cost:.4f}."
        )
    )
    console.print(Cell(f"Ended by {result.stop.rule}: {result.stop.reason}."))
    if result.stop.rule == "waiting":
        console.print(Cell(f"Label them with: laud label {result.task.name}"))
    if result.model is not None:
        console.print(Cell(f"Model: {result.model.path}"))
    if report is not None:
        console.print(Cell(f"Report: {report}"))


def show_demo(shown: "Demonstration") -> None:
    """What the demonstration learnt."""
    show_run(shown.result, shown.report)
    console = _console()
    console.print(Cell("\nTen texts that were hard", style="bold"))
    table = Table("text", "truth", "a model that had not seen it said", box=None, pad_edge=False)
    for text in shown.hard:
        table.add_row(
            Cell(one_line(text.text, 60)), Cell(text.truth), Cell(f"{text.predicted} ({text.confidence:.2f})")
        )
    console.print(table)
    console.print(Cell(f"\nModel, labels, predictions and card: {shown.exported}"))


def show_scores(scores: "Scores") -> None:
    """All scores with their intervals."""
    console = _console()
    console.print(Cell(f"accuracy {interval(scores.accuracy)}   macro F1 {interval(scores.macro_f1)}"))
    if scores.average_precision is not None:
        console.print(
            Cell(
                f"average precision of {scores.positive!r} {interval(scores.average_precision)}, "
                f"threshold {0.5 if scores.threshold is None else scores.threshold:.3f}"
            )
        )
    table = Table("class", "precision", "recall", "F1", "texts", box=None, pad_edge=False)
    for name, one in scores.per_class.items():
        table.add_row(Cell(name), interval(one.precision), interval(one.recall), interval(one.f1), f"{one.support:,}")
    console.print(table)


def show_description(description: "PoolDescription") -> None:
    """What a pool looks like."""
    console = _console()
    pool, characters, near = description.pool, description.lengths.characters, description.near_duplicates
    console.print(Cell(f"Pool {pool.name!r}: {pool.texts:,} texts of {description.rows:,} rows", style="bold"))
    about = "about " if near.sampled < pool.texts else ""
    lines = [
        f"{description.duplicates:,} duplicates folded",
        f"{about}{near.count:,} texts have a near-duplicate ({near.share:.1%})",
        f"characters: median {characters.median:,}, 95 % up to {characters.p95:,}, longest {characters.max:,}",
        f"scripts: {_shares(description.scripts)}; languages: {_shares(description.languages)}",
        f"other columns: {', '.join(description.columns) or 'none'}; encoder: {pool.encoder}",
    ]
    if description.warning:
        lines.append(f"Warning: {description.warning}")
    for line in lines:
        console.print(Cell(line))
    console.print(Cell("\nThemes", style="bold"))
    for theme in description.themes:
        console.print(Cell(f"{theme.share:6.1%}  {', '.join(theme.words)}"))
        for example in theme.examples:
            console.print(Cell(f"          {one_line(example)}", style="dim"))
    console.print(Cell("\nUnlike the others", style="bold"))
    for hit in description.outliers:
        console.print(Cell(f"  {one_line(hit.text.text)}"))


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items() if share >= 0.005) or "none"


def _rounds_table(result: "RunResult") -> Table:
    first = next((r.scores for r in result.rounds if r.scores is not None), None)
    name = "score" if first is None else headline(first)[0]
    basis = "" if first is None else f" ({first.basis})"
    columns = ("round", "labels", "calls", f"{name}{basis}", "precision", "recall", "strategy", "learner", "seconds")
    table = Table(*columns, box=None, pad_edge=False)
    for one in result.rounds:
        cells = ["…", "", ""]
        if one.scores is not None:
            cells = [
                interval(headline(one.scores)[1]),
                f"{metric(one.scores, 'precision').value:.3f}",
                f"{metric(one.scores, 'recall').value:.3f}",
            ]
        table.add_row(
            str(one.number),
            str(one.labels),
            str(one.oracle_calls),
            *cells,
            one.strategy,
            one.learner,
            f"{one.seconds:.1f}",
        )
    return table


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
