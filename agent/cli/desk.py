"""`laud desk`: several people who label, how they agree, what they disagree on, and labels of other tools."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.labels import PersonOption, TaskArgument, read_pairs
from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

if TYPE_CHECKING:
    from tools.annotators import AgreementReport
    from tools.engine.records import Estimate

app = typer.Typer(help="Several people who label: overlap, agreement, conflicts, checks; labels of other tools.")
NoteOption = Annotated[str | None, typer.Option(help="Why; kept with the decision")]
FormatOption = Annotated[str, typer.Option("--format", help="csv, label-studio, argilla or doccano")]


@app.command("set")
def set_desk(
    task: TaskArgument,
    overlap: Annotated[int | None, typer.Option(min=1, help="How many people answer each text")] = None,
    suggestions: Annotated[bool | None, typer.Option(help="Whether the model's class is shown with a text")] = None,
    blind: Annotated[float | None, typer.Option(min=0, max=1, help="Part shown without, to measure bias")] = None,
    known: Annotated[float | None, typer.Option(min=0, max=1, help="Part of the texts that are known")] = None,
    lease: Annotated[float | None, typer.Option(min=10, help="Seconds that a text is one person's")] = None,
    near_duplicates: Annotated[bool | None, typer.Option(help="Whether nearly equal texts come together")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set how people label, or show it: overlap, suggestions, known texts, leases."""
    from dataclasses import asdict  # noqa: PLC0415 - `laud --help` loads nothing that it need not

    from tools.task import set_desk as change  # noqa: PLC0415 - as above

    given: dict[str, Any] = {
        "overlap": overlap,
        "suggestions": suggestions,
        "blind_share": blind,
        "known_share": known,
        "lease_seconds": lease,
        "near_duplicates": near_duplicates,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with workbench(workspace, write=bool(changes)) as bench:
        settings = change(bench, task, changes)
    if as_json:
        print_json(asdict(settings))
        return
    say("; ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(settings).items()) + ".")


@app.command()
def agreement(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """How people agree: kappa, alpha, each one's quality, and what shown suggestions do."""
    from tools.annotators import agreement as measure  # noqa: PLC0415 - `laud --help` loads nothing heavy

    with workbench(workspace, write=False) as bench:
        report = measure(bench, bench.tasks.get(task))
    if as_json:
        print_json({"agreement": report})
        return
    _say_agreement(report)


@app.command()
def conflicts(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The texts on which people disagree, with what each said and why."""
    from agent.cli.show import one_line  # noqa: PLC0415 - as above
    from tools.adjudication import conflicts as find  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = find(bench, bench.tasks.get(task))
    if as_json:
        print_json({"conflicts": found})
        return
    for one in found:
        say(f"{one.id}  {one_line(one.text)}")
        for vote in one.votes:
            note = "" if vote.note is None else f": {one_line(vote.note)}"
            say(f"    {one_line(vote.source)} said {vote.label or vote.outcome}{note}")
    say(f"{len(found):,} texts wait for a decision. Decide with: laud desk decide {task!r} ID=CLASS")


@app.command()
def decide(
    task: TaskArgument,
    labels: Annotated[list[str], typer.Argument(help="TEXT_ID=CLASS, or =unsure, or =skip; one or more")],
    person: PersonOption = None,
    note: NoteOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide about texts on which people disagree."""
    from tools.adjudication import adjudicate  # noqa: PLC0415 - as above
    from tools.adjudication import conflicts as find  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        of = bench.tasks.get(task)
        done = adjudicate(bench, of, read_pairs(labels), person=person, note=note)
        left = len(find(bench, of))
    _say_decided(done, left, as_json=as_json)


@app.command()
def accept(
    task: TaskArgument,
    at_least: Annotated[float, typer.Option(min=0.5, max=1, help="Probability from which on")] = 0.9,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give texts in conflict their likeliest class, by all votes, where it is probable enough."""
    from tools.adjudication import accept_consensus  # noqa: PLC0415 - as above
    from tools.adjudication import conflicts as find  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        of = bench.tasks.get(task)
        done = accept_consensus(bench, of, at_least=at_least)
        left = len(find(bench, of))
    _say_decided(len(done), left, as_json=as_json)


@app.command()
def known(
    task: TaskArgument,
    labels: Annotated[list[str] | None, typer.Argument(help="TEXT_ID=CLASS; none or more")] = None,
    gold: Annotated[bool, typer.Option("--gold", help="The labels of the gold sample are known too")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make answers known, to check people by; `laud desk set --known` mixes them in."""
    from tools.desk import set_known  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        count = set_known(bench, bench.tasks.get(task), read_pairs(labels or []), from_gold=gold)
    if as_json:
        print_json({"known": count})
        return
    say(f"{count:,} answers are known.")


@app.command("export")
def export_labels(
    task: TaskArgument,
    out: Annotated[Path, typer.Option(help="File to write")],
    form: FormatOption = "csv",
    which: Annotated[str, typer.Option("--texts", help="all, labeled or waiting")] = "all",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write texts with their labels for Label Studio, Argilla or doccano, or as csv."""
    from tools.exchange import as_form, as_which  # noqa: PLC0415 - as above
    from tools.exchange import export_labels as write  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        count = write(bench, bench.tasks.get(task), out, form=as_form(form), which=as_which(which))
    if as_json:
        print_json({"texts": count, "path": str(out)})
        return
    say(f"{count:,} texts are in {out}. What was labeled there comes back with: laud desk import {task!r} FILE")


@app.command("import")
def import_labels(
    task: TaskArgument,
    file: Annotated[Path, typer.Argument(help="The file")],
    form: FormatOption = "csv",
    person: PersonOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take labels from another tool, each as the opinion of whoever gave it."""
    from tools.exchange import as_form  # noqa: PLC0415 - as above
    from tools.exchange import import_labels as take  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        taken = take(bench, bench.tasks.get(task), file, form=as_form(form), person=person)
    if as_json:
        print_json({"imported": taken})
        return
    who = f" by {', '.join(taken.people)}" if taken.people else ""
    say(
        f"{taken.stored:,} answers stored{who}, {taken.unchanged:,} were there; {taken.known:,} known answers; "
        f"{taken.unlabeled:,} rows have no label."
    )
    for problem in taken.problems:
        say(f"  row {problem.row:,}: {problem.reason}")


def _say_decided(done: int, left: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"decided": done, "conflicts": left})
        return
    say(f"{done:,} decided; {left:,} texts wait for a decision still.")


def _say_agreement(report: "AgreementReport") -> None:
    from agent.cli.show import one_line  # noqa: PLC0415 - as above

    say(f"{report.texts:,} texts have answers of two people or more; about {report.agreed:,} all agree.")
    say(f"Krippendorff's alpha {_figure(report.alpha)}")
    say(f"Fleiss' kappa {_figure(report.fleiss)} ({report.fleiss_texts:,} texts with {report.fleiss_votes} answers)")
    for pair in report.pairs:
        say(
            f"Cohen's kappa {_figure(pair.kappa)}  {one_line(pair.first)} and {one_line(pair.second)}, "
            f"{pair.texts:,} texts"
        )
    for one in report.annotators:
        right = "" if one.accuracy is None else f", right on about {one.accuracy:.0%}"
        met = "" if one.known is None else f"; of {one.known_texts:,} known texts {_figure(one.known)}"
        time = "" if one.seconds is None else f"; {one.seconds:.1f} s a text"
        say(f"{one_line(one.source)}: {one.answers:,} answers{right}{met}{time}")
    bias = report.bias
    if bias.effect is not None:
        say(
            f"People say what the model says on {_figure(bias.shown)} of {bias.shown_texts:,} texts when it is shown, "
            f"on {_figure(bias.blind)} of {bias.blind_texts:,} when it is not: a difference of {_figure(bias.effect)}"
        )


def _figure(value: "Estimate | None") -> str:
    return "unknown" if value is None else f"{value.value:.3f} [{value.low:.2f}, {value.high:.2f}]"
