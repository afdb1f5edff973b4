"""`laud task`: say what to learn, have it drafted, answer what is unclear, delete it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

app = typer.Typer(help="Tasks: what to learn from a pool.")


@app.command()
def create(
    file: Annotated[Path | None, typer.Argument(help="A task file (YAML)")] = None,
    pool: Annotated[str | None, typer.Option(help="Name of the pool")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the task")] = None,
    describe: Annotated[str, typer.Option(help="What is wanted, in a sentence")] = "",
    classes: Annotated[str | None, typer.Option(help="The classes, separated by commas")] = None,
    positive: Annotated[str | None, typer.Option(help="The rare class that is looked for")] = None,
    definitions: Annotated[Path | None, typer.Option(help="YAML file of class name: definition")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a task, or change its guideline: the next version of its description and definitions."""
    from tools.engine.errors import AskAgain  # noqa: PLC0415 - `laud --help` loads nothing heavy
    from tools.task import create_task, load_task_file, make_spec  # noqa: PLC0415 - as above

    flags: dict[str, Any] = {"pool": pool, "name": name, "description": describe or None, "positive": positive}
    if classes is not None:
        flags["classes"] = [part.strip() for part in classes.split(",")]
    given = {key: value for key, value in flags.items() if value is not None}
    if file is None and not {"pool", "name", "classes"} <= given.keys():
        raise AskAgain("Give a task file, or --pool, --name and --classes (see `laud task create --help`).")
    if file is not None and given:
        raise AskAgain(f"Give either the task file {file} or {', '.join(f'--{key}' for key in given)}, not both.")
    spec = make_spec(given, definitions=definitions) if file is None else load_task_file(file, definitions)
    with workbench(workspace, write=True) as bench:
        task = create_task(bench, spec)
    if as_json:
        print_json({"task": task})
        return
    say(f"Task {task.name!r} over pool {task.pool!r}, guideline version {task.guideline_version}:")
    for one in task.classes:
        role = " (looked for)" if one.name == task.positive else " (takes the rest)" if one.name == task.rest else ""
        say(f"  {one.name}{role}{': ' + one.definition if one.definition else ''}")
    say(f"Next: laud run {task.name!r} --oracle llm|human|replay:COLUMN")


TaskArgument = Annotated[str, typer.Argument(help="Name of the task")]


@app.command()
def propose(
    pool: Annotated[str, typer.Argument(help="Name of the pool")],
    request: Annotated[str, typer.Argument(help='What is wanted: "find the complaints", "sort them by topic"')],
    classes: Annotated[str | None, typer.Option(help="The classes, separated by commas")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it as a task file to mend and create")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is drawn")] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft a task from a sentence and what the pool holds, with the questions that matter most; stores nothing."""
    from agent.cli.show_findings import show_proposal  # noqa: PLC0415 - as above
    from tools.proposal import propose_task  # noqa: PLC0415 - as above
    from tools.task import write_task_file  # noqa: PLC0415 - as above

    names = [part.strip() for part in classes.split(",")] if classes else None
    with workbench(workspace, write=False) as bench:
        proposal = propose_task(bench, pool, request, names, seed=seed)
    if out is not None:
        write_task_file(out, proposal.spec)
    if as_json:
        print_json({"proposal": proposal, "out": None if out is None else str(out)})
        return
    show_proposal(proposal)
    say(f"Next: laud task create {out}" if out else "Next: the same with --out task.yaml, mend it, laud task create it")


@app.command()
def show(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The guideline of a task as it stands."""
    from agent.cli.show_findings import show_task  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = bench.tasks.get(task)
    if as_json:
        print_json({"task": found})
    else:
        show_task(found)


@app.command()
def questions(
    task: TaskArgument,
    limit: Annotated[int, typer.Option(min=1, help="Texts to ask about, at most")] = 3,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The borderline texts whose answers matter most; answer them with `laud task answer`."""
    from agent.cli.show_findings import show_questions  # noqa: PLC0415 - as above
    from tools.proposal import questions as ask  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        asked = ask(bench, bench.tasks.get(task), limit=limit)
    if as_json:
        print_json({"questions": list(asked)})
    else:
        show_questions(asked)


@app.command()
def answer(
    task: TaskArgument,
    answers: Annotated[list[str], typer.Argument(help="TEXT_ID=CLASS, or =unsure, or =skip; one or more")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer questions about borderline texts: they become examples of the guideline, and labels."""
    from agent.cli.labels import read_pairs  # noqa: PLC0415 - as above
    from tools.proposal import answer_questions  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        answered = answer_questions(bench, bench.tasks.get(task), read_pairs(answers))
    if as_json:
        print_json({"task": answered.task, "labels": answered.labels})
        return
    say(f"{answered.labels:,} labels stored; guideline version {answered.task.guideline_version}.")


@app.command()
def delete(
    task: TaskArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a task for good, with its labels, rounds and models; its pool stays."""
    from tools.task import delete_task  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        if not yes:
            held = len(bench.labels.current(task))
            typer.confirm(
                f"Delete task {task!r} with its {held:,} labels and its models for good?", abort=True, err=True
            )
        deleted = delete_task(bench, task)
    if as_json:
        print_json({"deleted": deleted})
        return
    say(f"Task {task!r} is deleted: {deleted.labels:,} answers and {deleted.models:,} models. Its pool is still there.")
