"""`laud evaluate`, `laud predict`, `laud export`: what a model is worth, and how to take it along."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

if TYPE_CHECKING:
    from tools.evaluation import Evaluated

NameArgument = Annotated[str, typer.Argument(help="Name of a task, or id of a model")]


def evaluate(
    name: NameArgument,
    test: Annotated[str, typer.Option(help="A labeled file")],
    label_column: Annotated[str | None, typer.Option(help="Column with the labels [default: label]")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on a labeled file."""
    from tools.evaluation import evaluate as evaluate_model  # noqa: PLC0415 - `laud --help` loads nothing heavy

    with workbench(workspace, write=False) as bench:
        evaluated = evaluate_model(bench, name, test=test, label_column=label_column)
    scores = evaluated.scores
    if as_json:
        print_json(_evaluation_json(evaluated))
        return
    from agent.cli.show import show_scores  # noqa: PLC0415 - as above

    say(f"Model {evaluated.model.id} on {scores.n:,} labeled texts of {test}:")
    show_scores(scores)
    if evaluated.counted_as_rest:
        count = sum(evaluated.counted_as_rest.values())
        say(f"{count:,} texts with {len(evaluated.counted_as_rest)} other labels counted as the rest.")
    if evaluated.skipped:
        say(f"{len(evaluated.skipped):,} rows could not be used; the first for: {evaluated.skipped[0].reason}.")


def _evaluation_json(evaluated: "Evaluated") -> dict[str, Any]:
    scores = evaluated.scores
    estimates: dict[str, Any] = {"accuracy": scores.accuracy, "macro_f1": scores.macro_f1}
    if scores.average_precision is not None:
        estimates["average_precision"] = scores.average_precision
    return {
        "n": scores.n,
        "accuracy": scores.accuracy.value,
        "macro_f1": scores.macro_f1.value,
        "per_class": {
            c: {
                "precision": s.precision.value,
                "recall": s.recall.value,
                "f1": s.f1.value,
                "support": s.support,
            }
            for c, s in scores.per_class.items()
        },
        "intervals": {
            **{key: [e.low, e.high] for key, e in estimates.items()},
            "per_class": {
                c: {key: [e.low, e.high] for key, e in (("precision", s.precision), ("recall", s.recall), ("f1", s.f1))}
                for c, s in scores.per_class.items()
            },
        },
        "average_precision": None if scores.average_precision is None else scores.average_precision.value,
        "positive": scores.positive,
        "threshold": scores.threshold,
        "confusion": scores.confusion,
        "classes": scores.classes,
        "model": evaluated.model.id,
        "skipped": [{"row": s.row, "reason": s.reason} for s in evaluated.skipped],
        "counted_as_rest": evaluated.counted_as_rest,
    }


def predict(
    name: NameArgument,
    file: Annotated[str, typer.Argument(help="File with texts, or - for stdin")],
    out: Annotated[Path, typer.Option(help="csv or jsonl file to write")],
    text_column: Annotated[str | None, typer.Option(help="Column with the texts [default: found]")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give every text of a file its class and probability."""
    from tools.export import predict_file  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        done = predict_file(bench, name, source=file, out=out, text_column=text_column)
    if as_json:
        print_json({"predicted": done})
        return
    say(f"{done.rows:,} texts predicted by {done.model} into {out}, {done.seconds:.1f} s.")
    for label, count in done.counts.items():
        say(f"  {label}: {count:,}")
    if done.skipped:
        say(f"  {len(done.skipped):,} rows skipped; the first, row {done.skipped[0].row:,}: {done.skipped[0].reason}")


def export(
    name: NameArgument,
    out: Annotated[Path, typer.Option(help="Folder to write to")],
    format_: Annotated[
        str, typer.Option("--format", help="hf, onnx, labels, predictions, card, or all but onnx")
    ] = "all",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the model, its card, the labels and the predictions along."""
    from tools.export import export as export_model  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        paths = export_model(bench, name, out=out, what=format_)
    if as_json:
        print_json({"paths": paths})
        return
    for path in paths:
        say(str(path))
