"""`laud llm`: batch files for a language model, how many texts a request can be about, and what was spent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

if TYPE_CHECKING:
    from tools.engine.paid import OfflineBatch
    from tools.offline import Sent

app = typer.Typer(help="A language model as oracle: batch files at a lower price, texts a request, and what was spent.")
TaskArgument = Annotated[str, typer.Argument(help="Name of the task")]
ModelOption = Annotated[str | None, typer.Option(help="The model [default: LAUD_LLM_MODEL]")]
BudgetOption = Annotated[float | None, typer.Option(min=0, help="Dollars that the task may cost [default: the task's]")]


@app.command()
def submit(
    task: TaskArgument,
    model: ModelOption = None,
    budget: BudgetOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand what waits for a label to the endpoint as a batch file; it answers within a day, often at half the price."""
    from tools.offline import submit as hand_over  # noqa: PLC0415 - `laud --help` loads nothing heavy

    with workbench(workspace, write=True) as bench:
        sent = hand_over(bench, bench.tasks.get(task), model=model, budget=budget)
    _show_sent(sent, f"Later: laud llm collect {task!r}", as_json=as_json)


@app.command()
def write(
    task: TaskArgument,
    model: ModelOption = None,
    budget: BudgetOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the batch file only; `submit` sends it, or hand it over yourself and `collect --file` the answers."""
    from tools.offline import write as write_batch  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        sent = write_batch(bench, bench.tasks.get(task), model=model, budget=budget)
    _show_sent(sent, f"Send it with: laud llm submit {task!r}", as_json=as_json)


@app.command()
def collect(
    task: TaskArgument,
    file: Annotated[Path | None, typer.Option(help="Answers that were fetched by hand")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look after the batches under way, and take over the answers of those that have ended."""
    from tools.offline import collect as bring_back  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        found = bring_back(bench, bench.tasks.get(task), file=file)
    if as_json:
        print_json({"collected": found})
        return
    for batch in found.batches:
        _show_batch(batch)
    say(
        f"{found.labels:,} labels, {found.unsure:,} unsure, {found.failed:,} texts without an answer that wait again; "
        f"${found.cost:.4f}."
        if found.batches
        else "No batch is under way."
    )


@app.command()
def drop(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Forget batch files that were written and not submitted."""
    from tools.offline import drop as forget  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        count = forget(bench, bench.tasks.get(task))
    if as_json:
        print_json({"dropped": count})
    else:
        say(f"{count:,} batch files were forgotten; their texts wait as before.")


@app.command("request-size")
def request_size(
    task: TaskArgument,
    sizes: Annotated[
        list[int] | None, typer.Option("--size", min=2, max=50, help="Texts a request; repeatable")
    ] = None,
    sample: Annotated[int, typer.Option(min=10, help="Texts to ask about")] = 60,
    model: ModelOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw")] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how many texts a request can be about before the answers change. It costs what the answers cost."""
    from tools.request_size import SIZES, measure_request_size  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        found = measure_request_size(
            bench, bench.tasks.get(task), model=model, sizes=sizes or SIZES, sample=sample, seed=seed
        )
    if as_json:
        print_json({"request_size": found})
        return
    for one in found.tried:
        say(
            f"{one.items:>3} a request: {one.alike.value:.0%} as alone ({one.alike.low:.0%} to {one.alike.high:.0%}), "
            f"{one.unanswered:,} unanswered, ${one.dollars_per_text:.6f} and {one.seconds_per_text:.2f} s a text"
        )
    say(f"Recommended: LAUD_LLM_ITEMS={found.recommended}. Asking cost ${found.cost:.4f}.")


@app.command()
def costs(task: TaskArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """What the task has cost so far, by source, and what is left."""
    from tools.costs import costs as account  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        found = account(bench, bench.tasks.get(task))
        batches = bench.language_models.batches.of(task)
    if as_json:
        print_json({"costs": found, "batches": batches})
        return
    for one in found.sources:
        say(f"{one.source}: ${one.dollars:.4f} for {one.answers:,} answers, {one.failed:,} of them failed")
    for batch in batches:
        _show_batch(batch)
    left = "" if found.left is None else f" of ${found.limit:.4f}; ${found.left:.4f} left"
    say(f"Spent ${found.spent:.4f}{left}; ${found.opinions:.4f} of it on checks, ${found.reserved:.4f} reserved.")
    if found.under_way_at_kills:
        say(f"Killed runs had {found.under_way_at_kills:,} answers under way, of all tasks: these may be paid twice.")


def _show_sent(sent: "Sent", then: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"batch": sent.batch, "known": sent.known})
        return
    if sent.known:
        say(f"{sent.known:,} texts were labeled with answers that were paid for before.")
    if sent.batch is not None:
        _show_batch(sent.batch)
        say(f"It can cost up to ${sent.batch.most_dollars:.4f}. {then}")


def _show_batch(batch: "OfflineBatch") -> None:
    there = f" ({batch.state_there})" if batch.state_there else ""
    say(f"{batch.id}: {len(batch.texts):,} texts, {batch.state}{there}, {batch.path}")
