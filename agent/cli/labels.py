"""`laud label`: labels by a person, at the prompt or through a file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench


class _PromptByDefault(TyperGroup):
    """`laud label TASK` is `laud label prompt TASK`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the command that was left out."""
        known = not args or args[0] in self.commands or args[0].startswith("-")
        return super().parse_args(ctx, args if known else ["prompt", *args])


app = typer.Typer(
    cls=_PromptByDefault,
    help="Labels by a person: `laud label TASK` asks at the prompt; export and import go through a file.",
)
TaskArgument = Annotated[str, typer.Argument(help="Name of the task")]
PersonOption = Annotated[str | None, typer.Option("--person", help="Name of who gives the labels, where several do")]


@app.command()
def prompt(
    task: TaskArgument, person: PersonOption = None, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Label what waits for a label, one key a text."""
    from tools.labeling import label_waiting  # noqa: PLC0415 - `laud --help` loads nothing heavy

    with workbench(workspace, write=True) as bench:
        asked = label_waiting(bench.lent(person=person), bench.tasks.get(task))
    if as_json:
        print_json({"answered": asked.calls, "waiting": len(asked.unanswered)})
        return
    left = f"{len(asked.unanswered):,} wait still" if asked.unanswered else "none waits"
    say(f"{asked.calls:,} texts answered; {left}. Go on with: laud run {task!r} --oracle human")


@app.command()
def give(
    task: TaskArgument,
    labels: Annotated[list[str], typer.Argument(help="TEXT_ID=CLASS, or =unsure, or =skip; one or more")],
    person: PersonOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label texts by their ids, also those that have a label already."""
    from tools.labeling import label_texts  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        stored = label_texts(bench, bench.tasks.get(task), read_pairs(labels), person=person)
    if as_json:
        print_json({"stored": stored.stored, "unchanged": stored.unchanged, "waiting": stored.waiting})
        return
    say(f"{stored.stored:,} stored, {stored.unchanged:,} held already; {stored.waiting:,} texts wait for a label.")


@app.command()
def undo(
    task: TaskArgument,
    count: Annotated[int, typer.Option(min=1, help="How many answers to take back")] = 1,
    person: PersonOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back the latest answers that a person gave."""
    from agent.cli.show import one_line  # noqa: PLC0415 - as above
    from tools.labeling import undo as take_back  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        undone = take_back(bench, bench.tasks.get(task), count=count, person=person)
    if as_json:
        print_json({"withdrawn": list(undone.withdrawn), "waiting": undone.waiting})
        return
    for one in undone.withdrawn:
        say(f"{one.id}  {one_line(one.text)}: no longer {one.label}")
    say(f"{len(undone.withdrawn):,} taken back; {undone.waiting:,} texts wait for a label.")


@app.command()
def waiting(
    task: TaskArgument,
    limit: Annotated[int, typer.Option(min=1, help="Texts to show")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The texts that wait for a label."""
    from agent.cli.show import one_line  # noqa: PLC0415 - as above
    from tools.labeling import waiting as waiting_texts  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        texts = waiting_texts(bench, bench.tasks.get(task))
    if as_json:
        print_json({"waiting": len(texts), "texts": [{"id": t.id, "text": t.text} for t in texts[:limit]]})
        return
    for text in texts[:limit]:
        say(f"{text.id}  {one_line(text.text)}")
    say(f"{len(texts):,} texts wait for a label.")


def read_pairs(pairs: list[str]) -> dict[str, str]:
    """TEXT_ID=CLASS as a mapping; raises AskAgain for another form."""
    from tools.engine.errors import AskAgain  # noqa: PLC0415 - as above

    wrong = [pair for pair in pairs if not pair.partition("=")[2]]
    if wrong:
        raise AskAgain(f'{wrong[0]!r} is not TEXT_ID=CLASS. Put a class with spaces in quotes: "ID=baby care".')
    return {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}


@app.command("export")
def export_batch(
    task: TaskArgument,
    out: Annotated[Path, typer.Option(help="csv or jsonl file to write")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the texts that wait for a label to a file to fill in."""
    from tools.labeling import export_batch as write  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        count = write(bench, bench.tasks.get(task), out)
    if as_json:
        print_json({"texts": count, "path": str(out)})
    else:
        say(f"{count:,} texts are in {out}. Fill in the column `label`, then: laud label import {task!r} {out}")


@app.command("import")
def import_labels(
    task: TaskArgument,
    file: Annotated[Path, typer.Argument(help="The filled-in file")],
    person: PersonOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over a filled-in file, all or nothing."""
    from tools.labeling import import_batch  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        imported = import_batch(bench.lent(person=person), bench.tasks.get(task), file)
    if as_json:
        print_json({"imported": imported})
        return
    say(
        f"{imported.labels:,} labels, {imported.unsure:,} unsure, {imported.skipped:,} skipped; "
        f"{imported.unlabeled:,} rows have no label yet."
    )
    for problem in imported.problems:
        say(f"  row {problem.row:,}: {problem.reason}")
