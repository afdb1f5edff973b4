"""`laud task`: say what to learn."""

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
