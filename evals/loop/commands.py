"""`python -m evals loop run|table|plot|check|split`: label efficiency, see docs/bench.md."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evals.loop.baselines import FILE, Checked, check, load_baselines, renewed, write_baselines
from evals.loop.data_sets import load, names
from evals.loop.groups import Group, groups
from evals.loop.plots import write_plots
from evals.loop.protocol import CHECKPOINTS, DEFAULT, REFERENCE, Key, method_parts
from evals.loop.results import RESULTS, Run, read
from evals.loop.running import Bench, run_all
from evals.loop.splitting import write_split
from evals.loop.tables import markdown, tables
from tools.settings import Settings

OUT = Path("laud-bench")
SEEDS = 5


def main(arguments: Sequence[str]) -> int:
    """Do what the first argument says; the exit code."""
    given = _parser().parse_args(arguments)
    do: Callable[[argparse.Namespace], int] = given.do
    return do(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals loop", description="How few labels it takes.")
    commands = parser.add_subparsers(required=True, metavar="run|table|plot|check|split")

    def command(name: str, do: Callable[[argparse.Namespace], int], told: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=told, description=told)
        made.set_defaults(do=do)
        return made

    run = command("run", _run, "Run the product; what is done already is skipped.")
    _choosing(run)
    run.add_argument("--seeds", type=int, default=SEEDS, help="seeds 0 to N - 1 (default %(default)s)")
    run.add_argument("--labels", type=int, default=CHECKPOINTS[-1], help="training labels at most")
    run.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="data sets worked on at the same time")
    run.add_argument("--pools", type=Path, help="folder of the workspaces (default OUT/pools), to share embeddings")
    table = command("table", _table, "Print the results as Markdown.")
    _choosing(table, everything=True)
    plot = command("plot", _plot, "Draw the learning curves as SVG into the folder of results.")
    _choosing(plot, everything=True)
    checking = command("check", _check, "Compare with the baselines; exit code 1 when the product got worse.")
    _choosing(checking, everything=True)
    checking.add_argument("--baselines", type=Path, default=FILE, help="file of baselines")
    checking.add_argument("--write", action="store_true", help="take these results as baselines instead")
    split = command("split", _split, "Write a data set for programs that are not the product.")
    split.add_argument("name", help="a data set")
    split.add_argument("--out", type=Path, required=True, help="folder to write to")
    return parser


def _choosing(parser: argparse.ArgumentParser, *, everything: bool = False) -> None:
    """The options that choose runs: to make, or (`everything` by default) to look at."""
    shown = "all" if everything else "all there are"
    parser.add_argument("--data", type=_list, help=f"data sets, separated by commas (default {shown})")
    methods = None if everything else [DEFAULT, REFERENCE]
    told = "all" if everything else f"{DEFAULT},{REFERENCE}"
    parser.add_argument("--methods", type=_list, default=methods, help=f"laud:STRATEGY:LEARNER,… (default {told})")
    parser.add_argument("--oracle", choices=("gold", "model"), default=None if everything else "gold")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of results (default %(default)s)")
    if everything:
        parser.add_argument("--more", type=Path, action="append", default=[], help="another file of results")


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _run(given: argparse.Namespace) -> int:
    wanted = given.data or list(names())
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        sys.stderr.write(
            f"No data set {', '.join(unknown)}. There are: {', '.join(names())}; LAUD_DATA names a folder.\n"
        )
        return 2
    try:
        for method in given.methods:
            method_parts(method)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    keys = [
        Key(data=data, oracle=given.oracle, method=method, seed=seed)
        for data in wanted
        for seed in range(given.seeds)
        for method in given.methods
    ]
    pools = given.pools or given.out / "pools"
    bench = Bench(out=given.out, pools=pools, settings=Settings(), labels=given.labels)
    return int(run_all(bench, keys, jobs=given.jobs) > 0)


def _chosen(given: argparse.Namespace) -> Mapping[Key, Run]:
    return {
        key: run
        for key, run in read([given.out / RESULTS, *given.more]).items()
        if (given.data is None or key.data in given.data)
        and (given.methods is None or key.method in given.methods)
        and given.oracle in {None, key.oracle}
    }


def _table(given: argparse.Namespace) -> int:
    sys.stdout.write(tables(_chosen(given)))
    return 0


def _plot(given: argparse.Namespace) -> int:
    for path in write_plots(groups(_chosen(given)), given.out / "plots"):
        print(path)
    return 0


def _check(given: argparse.Namespace) -> int:
    found = groups(_chosen(given))
    before = load_baselines(given.baselines)
    if given.write:
        write_baselines(renewed(before, found), given.baselines)
        return 0
    checked = check(before, found)
    if not checked:
        sys.stderr.write(_nothing(found))
        return 1
    print(_checked(checked))
    worse = sum(one.worse for one in checked)
    print(
        f"\n{worse} of {len(checked)} figures got worse." if worse else f"\nNone of {len(checked)} figures got worse."
    )
    return int(worse > 0)


def _nothing(found: Sequence[Group]) -> str:
    ran = ", ".join(f"{group.data} ({group.oracle})" for group in found) or "nothing"
    return f"No baseline can be compared: there are results of {ran}. Run what the baselines are of, or --write them.\n"


def _checked(checked: Sequence[Checked]) -> str:
    head = ("Data", "Oracle", "Method", "Figure", "Labels", "Seeds", "Then", "Now", "Difference", "Tolerance", "")
    rows = [
        (
            one.baseline.data,
            one.baseline.oracle,
            f"`{one.baseline.method}`",
            one.figure,
            " to ".join(map(str, one.baseline.labels if one.figure == "area" else one.baseline.labels[1:])),
            str(one.seeds),
            f"{one.then:.3f}",
            f"{one.now:.3f}",
            f"{one.now - one.then:+.3f}",
            f"{one.tolerance:.3f}",
            "**worse**" if one.worse else "",
        )
        for one in checked
    ]
    return markdown(head, rows)


def _split(given: argparse.Namespace) -> int:
    write_split(load(given.name), given.out, labels=CHECKPOINTS[-1])
    return 0
