"""`laud oracle`: check an oracle before it is paid for, and see what is known of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

if TYPE_CHECKING:
    from tools.engine.records import Estimate
    from tools.oracle_report import OracleReport

app = typer.Typer(help="How far an oracle can be trusted: check some of its answers, and see what they prove.")
TaskArgument = Annotated[str, typer.Argument(help="Name of the task")]


@app.command()
def check(
    task: TaskArgument,
    oracle: Annotated[str, typer.Option(help="The oracle to check, in any form that `laud run` takes")],
    by: Annotated[str, typer.Option(help="Who checks: human, or another oracle such as replay:COLUMN")] = "human",
    budget: Annotated[float | None, typer.Option(min=0, help="Dollars to spend on answers, at most")] = None,
    again: Annotated[int, typer.Option(min=0, help="Check so many times more, on fresh texts")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw")] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have an oracle answer a random sample, and judge some of the answers; the judgements are labels like others."""
    from tools.evaluation import ensure_gold  # noqa: PLC0415 - `laud --help` loads nothing heavy
    from tools.gate import check as check_oracle  # noqa: PLC0415 - as above
    from tools.oracle_report import oracle_report  # noqa: PLC0415 - as above
    from tools.oracles import open_oracle  # noqa: PLC0415 - as above
    from tools.plan import RunPlan  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        known = bench.tasks.get(task)
        asked = open_oracle(bench, known, oracle, seed=seed, priced=budget is not None)
        checker = open_oracle(bench, known, by, seed=seed)
        # Drawn first, so that no text of the gold sample is among the checks.
        ensure_gold(bench, known, size=RunPlan(task=task).gold, seed=seed)
        found = check_oracle(bench, known, asked, checker, seed=seed, budget=budget, again=again)
        made = oracle_report(bench, known, found.oracle)
    if as_json:
        print_json({"oracle": made})
    else:
        _show(made)


@app.command()
def report(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """What the checks of a task's oracles proved, and how steady the oracles are."""
    from tools.oracle_report import oracle_reports  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = oracle_reports(bench, bench.tasks.get(task))
    if as_json:
        print_json({"oracles": found})
        return
    for one in found:
        _show(one)
    if not found:
        say(f"No oracle of this task was checked yet. Begin with: laud oracle check {task!r} --oracle llm")


def _show(found: "OracleReport") -> None:
    say(found.advice)
    for one in found.classes:
        if one.checked:
            say(f"  {one.name}: {_share(one.right)} right of {one.checked:,} checked; found {_share(one.found)}")
    if found.waiting:
        say(f"  {found.waiting:,} answers wait for a person: laud label TASK")
    steady = found.steadiness
    if steady.agreement is not None:
        say(f"  asked again about {steady.repeats:,}: the same answer to {_share(steady.agreement)}")
    if steady.position is not None:
        say(f"  what another order of classes changed went to the class listed earlier in {_share(steady.position)}")
    if steady.drift is not None:
        low, high = steady.drift.low, steady.drift.high
        say(f"  the latest round against those before: {steady.drift.value:+.0%} ({low:+.0%} to {high:+.0%})")


def _share(one: "Estimate") -> str:
    return f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"
