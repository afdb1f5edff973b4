"""`laud run`, `laud status`, `laud demo`: the loop."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

if TYPE_CHECKING:
    from tools.engine.records import Round
    from tools.standing import RunResult


QualityOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="Share of right labels; a person gives what is least sure")
]
MinutesOption = Annotated[float | None, typer.Option(min=0, help="Time that a person has for that, at most")]


def run(
    task: Annotated[str, typer.Argument(help="Name of the task")],
    oracle: Annotated[
        str | None,
        typer.Option(help="llm, human, zero-shot, replay:COLUMN or replay:FILE[:COLUMN]; several as A>B or vote:A,B"),
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds after the cold start, at most")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Texts to label in a round")] = 25,
    labels: Annotated[int | None, typer.Option(min=1, help="Training labels, at most")] = None,
    gold: Annotated[int, typer.Option(min=0, help="Texts set apart to judge by; 0 = cross-validate")] = 100,
    gold_oracle: Annotated[str | None, typer.Option(help="Who labels the gold sample [default: the oracle]")] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="Dollars to spend on answers, at most")] = None,
    strategy: Annotated[str, typer.Option(help="Query strategy")] = "auto",
    learner: Annotated[str, typer.Option(help="head, kernel, finetune, lora, in-context or auto")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice")] = 0,
    seed_labels: Annotated[int | None, typer.Option(min=2, help="Size of the verified seed")] = None,
    noise: Annotated[float, typer.Option(min=0, max=1, help="Share of replayed labels made wrong on purpose")] = 0.0,
    gate: Annotated[str | None, typer.Option(help="Who checks the oracle first [default: human, if it is llm]")] = None,
    quality: QualityOption = None,
    minutes: MinutesOption = None,
    until: Annotated[
        list[str] | None, typer.Option(help="Stop rule such as precision>=0.95, plateau, stable; may be repeated")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn unlabeled text into a classifier, round by round; the same command again goes on after a stop or a kill."""
    from tools.plan import RunPlan, within_caps  # noqa: PLC0415 - `laud --help` loads nothing heavy
    from tools.rounds import run as run_loop  # noqa: PLC0415 - as above

    plan = RunPlan(
        task=task,
        oracle=oracle,
        gold_oracle=gold_oracle,
        rounds=rounds,
        batch=batch,
        labels=labels,
        gold=gold,
        budget=budget,
        strategy=strategy,
        learner=learner,
        seed=seed,
        seed_labels=seed_labels,
        noise=noise,
        gate=gate,
        quality=quality,
        minutes=minutes,
        until=tuple(until or ()),
    )
    with workbench(workspace, write=True) as bench:
        from tools.account import write_report  # noqa: PLC0415 - as above

        result = run_loop(bench, within_caps(bench, plan))
        report = write_report(bench, result)
    if as_json:
        print_json(run_json(result, report))
    else:
        from agent.cli.show import show_run  # noqa: PLC0415 - as above

        show_run(result, report)


def status(
    task: Annotated[str | None, typer.Argument(help="Name of the task [default: all]")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where the tasks stand: labels, rounds, scores, what waits."""
    from tools.standing import status as task_status  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        names = [task] if task is not None else bench.tasks.names()
        results = [task_status(bench, name) for name in names]
        pools = [bench.pools.get(name) for name in bench.pools.names()] if task is None else []
    if as_json:
        print_json(
            {"pools": pools, "tasks": [{"task": r.task.name, "pool": r.task.pool, **run_json(r)} for r in results]}
        )
        return
    from agent.cli.show import show_run  # noqa: PLC0415 - as above

    for pool in pools:
        say(f"Pool {pool.name!r}: {pool.texts:,} texts, encoder {pool.encoder}")
    for result in results:
        show_run(result)
    if not pools and not results:
        say("Nothing here yet. Begin with: laud pool add FILE --name NAME")


def demo(
    workspace: Annotated[Path, typer.Option("--workspace", help="Folder to work in")] = Path("laud-demo"),
    as_json: JsonOption = False,
) -> None:
    """The whole loop on the sample that comes with LAUD: finds the baby care lines among 1,600 receipt lines."""
    from agent.cli.show import show_demo  # noqa: PLC0415 - as above
    from tools.demonstration import demonstrate  # noqa: PLC0415 - as above

    with workbench(workspace, write=True) as bench:
        shown = demonstrate(bench)
    if as_json:
        print_json({**run_json(shown.result, shown.report), "hard": [asdict(text) for text in shown.hard]})
    else:
        show_demo(shown)


def run_json(result: "RunResult", report: Path | None = None) -> dict[str, Any]:
    """The JSON form of a run."""
    from tools.engine.scoring import summary  # noqa: PLC0415 - as above

    model = result.model
    return {
        "task": result.task.name,
        "rounds": [_round_json(round_) for round_ in result.rounds],
        "stop": {"rule": result.stop.rule, "reason": result.stop.reason},
        "model": None if model is None else {"id": model.id, "path": model.path},
        "seed_calls": result.seed_calls,
        "gold_labels": result.gold_labels,
        "unfilled": {name: {"have": have, "want": want} for name, (have, want) in result.unfilled.items()},
        "zero_shot": None if result.zero_shot is None else summary(result.zero_shot),
        "cost": result.cost,
        "report": None if report is None else str(report),
    }


def _round_json(round_: "Round") -> dict[str, Any]:
    from tools.engine.scoring import summary  # noqa: PLC0415 - as above

    scores = round_.scores
    return {
        "round": round_.number,
        "status": str(round_.status),
        "labels": round_.labels,
        "oracle_calls": round_.oracle_calls,
        "cost": round_.cost,
        "scores": None if scores is None else {**summary(scores), "basis": scores.basis, "n": scores.n},
        "strategy": round_.strategy,
        "learner": round_.learner,
        "agreement": round_.agreement,
        "seconds": round(round_.seconds, 3),
    }
