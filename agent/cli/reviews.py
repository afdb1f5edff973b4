"""`laud estimate` and `laud review`: what a run would take, and what a task has come to."""

from typing import Annotated

import typer

from agent.cli.runs import MinutesOption, QualityOption
from agent.cli.session import JsonOption, WorkspaceOption, print_json, workbench

app = typer.Typer(help="Look at what a model confuses, at labels that look wrong, at why texts were picked.")
TaskArgument = Annotated[str, typer.Argument(help="Name of the task")]
LimitOption = Annotated[int, typer.Option(min=1, help="Texts to show")]


def estimate(
    task: TaskArgument,
    oracle: Annotated[str | None, typer.Option(help="Who labels [default: the task's, else human]")] = None,
    rounds: Annotated[int | None, typer.Option(min=0, help="Rounds after the cold start, at most")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Texts to label in a round")] = 25,
    labels: Annotated[int | None, typer.Option(min=1, help="Training labels, at most")] = None,
    gold: Annotated[int, typer.Option(min=0, help="Texts set apart to judge by")] = 100,
    gold_oracle: Annotated[str | None, typer.Option(help="Who labels the gold sample [default: the oracle]")] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="Dollars to spend on answers, at most")] = None,
    learner: Annotated[str, typer.Option(help="head, kernel, finetune, lora, in-context or auto")] = "auto",
    gate: Annotated[str | None, typer.Option(help="Who checks the oracle first [default: human, if it is llm]")] = None,
    quality: QualityOption = None,
    minutes: MinutesOption = None,
    until: Annotated[list[str] | None, typer.Option(help="Stop rule; may be repeated")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What `laud run` with the same options would still take: answers, dollars, machine time, a person's minutes."""
    from agent.cli.show_findings import show_estimate  # noqa: PLC0415 - `laud --help` loads nothing heavy
    from tools.estimate import estimate as estimate_run  # noqa: PLC0415 - as above
    from tools.plan import RunPlan  # noqa: PLC0415 - as above

    plan = RunPlan(
        task=task,
        oracle=oracle,
        gold_oracle=gold_oracle,
        rounds=rounds,
        batch=batch,
        labels=labels,
        gold=gold,
        budget=budget,
        learner=learner,
        gate=gate,
        quality=quality,
        minutes=minutes,
        until=tuple(until or ()),
    )
    with workbench(workspace, write=False) as bench:
        found = estimate_run(bench, plan)
    if as_json:
        print_json({"estimate": found})
    else:
        show_estimate(found)


@app.command()
def confused(
    task: TaskArgument, limit: LimitOption = 5, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """The pairs of classes that the latest model confuses, with texts of each."""
    from agent.cli.show_findings import show_confused  # noqa: PLC0415 - as above
    from tools import review  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = review.confused(bench, bench.tasks.get(task), limit=limit)
    if as_json:
        print_json({"confused": found})
    else:
        show_confused(found)


@app.command()
def suspicious(
    task: TaskArgument, limit: LimitOption = 10, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """The labels that look wrong, likeliest first; `laud label give` mends one."""
    from agent.cli.show_findings import show_suspicious  # noqa: PLC0415 - as above
    from tools import review  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = review.suspicious(bench, bench.tasks.get(task), limit=limit)
    if as_json:
        print_json({"suspicious": found})
    else:
        show_suspicious(found)


@app.command()
def hard(
    task: TaskArgument, limit: LimitOption = 10, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """The labeled texts that the latest model finds hardest."""
    from agent.cli.show_findings import show_hard  # noqa: PLC0415 - as above
    from tools import review  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = review.hard(bench, bench.tasks.get(task), limit=limit)
    if as_json:
        print_json({"hard": found})
    else:
        show_hard(found)


@app.command()
def why(
    task: TaskArgument,
    number: Annotated[int | None, typer.Option("--round", min=0, help="A round [default: the latest]")] = None,
    text: Annotated[str | None, typer.Option(help="Id of one text")] = None,
    limit: LimitOption = 10,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why texts were picked to be labeled."""
    from agent.cli.show_findings import show_picked  # noqa: PLC0415 - as above
    from tools import review  # noqa: PLC0415 - as above
    from tools.engine.records import TextId  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        chosen = None if text is None else TextId(text)
        found = review.why_picked(bench, bench.tasks.get(task), number=number, text=chosen, limit=limit)
    if as_json:
        print_json({"picked": found})
    else:
        show_picked(found)


@app.command()
def compare(
    task: TaskArgument,
    first: Annotated[int, typer.Argument(min=0, help="Number of a round")],
    second: Annotated[int, typer.Argument(min=0, help="Number of another")],
    limit: LimitOption = 10,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two rounds against each other: their scores, and the predictions that changed."""
    from agent.cli.show_findings import show_comparison  # noqa: PLC0415 - as above
    from tools import review  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = review.compare(bench, bench.tasks.get(task), first, second, limit=limit)
    if as_json:
        print_json({"comparison": found})
    else:
        show_comparison(found)


@app.command()
def predictions(
    task: TaskArgument,
    name: Annotated[str | None, typer.Option("--class", help="Only this class")] = None,
    limit: LimitOption = 5,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the latest model calls each class: how many texts, the surest and the least sure."""
    from agent.cli.show_findings import show_predictions  # noqa: PLC0415 - as above
    from tools import review  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = review.predictions(bench, bench.tasks.get(task), name, limit=limit)
    if as_json:
        print_json({"predictions": found})
    else:
        show_predictions(found)
