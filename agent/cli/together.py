"""`laud together`: a model and people, and what each costs. `laud guideline`: edits that their disputes suggest."""

from typing import Annotated

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

app = typer.Typer(help="A model and people together: what each way costs, and which labels to look at again.")
guideline = typer.Typer(help="Repair of a task's guideline, by what model and people disagree about.")
DIFF_WIDTH = 200
TaskArgument = Annotated[str, typer.Argument(help="Name of the task")]


@app.command()
def benefit(
    task: TaskArgument,
    oracle: Annotated[str | None, typer.Option(help="An oracle that was checked [default: the first]")] = None,
    labels: Annotated[int | None, typer.Option(min=1, help="For so many labels [default: those there are]")] = None,
    quality: Annotated[float, typer.Option(min=0, max=1, help="Share of labels that should be right")] = 0.95,
    minutes: Annotated[float | None, typer.Option(min=0, help="Time that a person has, at most")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Model only, person only, or both: quality, dollars and minutes, by the checks of this task."""
    from tools.benefit import benefit as compare  # noqa: PLC0415 - `laud --help` loads nothing heavy

    with workbench(workspace, write=False) as bench:
        known = bench.tasks.get(task)
        found = compare(bench, known, oracle=oracle, labels=labels, quality=quality, minutes=minutes)
    if as_json:
        print_json({"benefit": found})
        return
    say(found.advice)
    for way in found.ways:
        right = f"{way.quality.value:.1%} ({way.quality.low:.1%} to {way.quality.high:.1%}) right"
        say(f"  {way.who}: {right}, ${way.dollars:.4f}, {way.minutes:.0f} minutes, {way.by_hand:,} by hand")
    for one in found.assumptions:
        say(f"  {one}")


@app.command()
def doubts(
    task: TaskArgument,
    limit: Annotated[int, typer.Option(min=1, help="How many, at most")] = 20,
    again: Annotated[bool, typer.Option("--again", help="Have those worth it labeled anew by a person")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The labels least likely right; `--again` puts those that are worth more than new texts before a person."""
    from tools.doubts import doubts as find  # noqa: PLC0415 - as above
    from tools.doubts import put_again  # noqa: PLC0415 - as above

    with workbench(workspace, write=again) as bench:
        known = bench.tasks.get(task)
        found = find(bench, known, limit=limit)
        put = put_again(bench, known, [one.id for one in found if one.worth]) if again else 0
    if as_json:
        print_json({"doubts": found, "put_again": put})
        return
    from agent.cli.show import one_line  # noqa: PLC0415 - as above

    for one in found:
        worth = ", worth a person's time" if one.worth else ""
        say(f"{one.id}  {one.label} ({one.right:.0%} right{worth}), rather {one.suggested}: {one_line(one.text)}")
    if again:
        say(f"{put:,} labels were taken back and wait for a person: laud label {task!r}")
    if not found:
        say("No label is in doubt.")


@guideline.command()
def propose(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Edits to the definitions, as a diff each, that would have told the model what people said."""
    from tools.repair import proposals  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = proposals(bench, bench.tasks.get(task))
    if as_json:
        print_json({"edits": found})
        return
    from agent.cli.show import one_line  # noqa: PLC0415 - as above

    for one in found:
        say(f"{one.edit}: {len(one.disagreements):,} texts; {one.in_doubt:,} labels would be asked about again")
        for line in one.diff.splitlines():
            say(f"    {one_line(line, DIFF_WIDTH)}")
    if not found:
        say("Model and people disagree about no kind of text twice, so nothing is proposed.")


@guideline.command()
def accept(
    task: TaskArgument,
    edits: Annotated[list[str], typer.Argument(help="Names of the edits, SAID>TRUTH as `propose` shows them")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make these edits a new version of the guideline; the labels that they put in doubt are asked about again."""
    from tools.repair import accept as take_over  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        done = take_over(bench, bench.tasks.get(task), edits)
    if as_json:
        print_json({"guideline_version": done.task.guideline_version, "requeued": done.requeued})
        return
    say(f"The guideline is at version {done.task.guideline_version}; {done.requeued:,} labels are asked about again.")
