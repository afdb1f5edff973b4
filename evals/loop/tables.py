"""Results as Markdown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from evals.loop.comparing import FEWEST, Difference, difference
from evals.loop.curves import Curve, Spread
from evals.loop.groups import Figure, Group, groups
from evals.loop.protocol import REFERENCE, Key, reference_of
from evals.loop.results import Run

LEGEND = """\
Scores are medians over seeds with a 95 % bootstrap interval over seeds (with few seeds it is too narrow rather than too
wide). `area` is the mean height of the curve over the labels named. `labels to` is where the median run first stands at
the score that drawing at random ends with. Differences are means over the seeds that both have, with the bootstrap
interval and the exact sign-flip p, which with n seeds cannot be below 2 / 2^n: `leans` is what all seeds agree on and n
is too small to prove."""


def tables(runs: Mapping[Key, Run]) -> str:
    """Everything there is to say of these runs."""
    found = groups(runs)
    if not found:
        return "No results.\n"
    parts = [LEGEND, _overall(found)]
    for group in found:
        parts += [f"## {group.data}, {group.oracle} labels ({group.metric})", _scores(group), _against(group)]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def shown(value: Spread | None, digits: int = 3) -> str:
    """A figure with its interval, such as `0.910 [0.886, 0.914]`; without one for a single seed; else a dash."""
    if value is None:
        return "—"
    one, low, high = (f"{number:,.{digits}f}" if math.isfinite(number) else "never" for number in _ends(value))
    return one if value.seeds == 1 else f"{one} [{low}, {high}]"


def _ends(value: Spread) -> tuple[float, float, float]:
    return value.value, value.low, value.high


def _compared(found: Difference | None) -> str:
    if found is None:
        return "—"
    one, low, high = (f"{number:+.3f}" for number in _ends(found.mean))
    if found.mean.seeds == 1:
        return one
    verdict = "" if found.verdict == "open" else f", **{found.verdict}**"
    return f"{one} [{low}, {high}], p {found.p:.2g}{verdict}"


def _scores(group: Group) -> str:
    checkpoints, between, level = group.checkpoints, group.range, group.level(REFERENCE)
    head = ["Method", "Seeds", "Seed set", *map(str, checkpoints)]
    head += [] if between is None else [f"Area {between[0]} to {between[1]}"]
    head += [] if level is None else [f"Labels to {level[0]:.3f}"]
    rows = []
    for method, by_seed in sorted(group.runs.items()):
        row = [f"`{method}`", str(len(by_seed)), shown(group.figure(method, lambda curve: curve.scores[0]))]
        row += [shown(group.figure(method, _at(labels))) for labels in checkpoints]
        row += [] if between is None else [shown(group.figure(method, group.area))]
        row += [] if level is None else [shown(group.figure(method, _reaches(level[0])), 0)]
        rows.append([*row, *_spent(by_seed)])
    return markdown([*head, "Calls", "Seconds"], rows)


def _spent(by_seed: Mapping[int, Run]) -> list[str]:
    """Median answers asked for and seconds taken by whole runs."""
    last = [run[-1] for run in by_seed.values()]
    return [f"{median(line.calls for line in last):,.0f}", f"{median(line.seconds for line in last):,.0f}"]


def _against(group: Group) -> str:
    """The methods against drawing at random, empty where that was not run."""
    checkpoints = group.checkpoints
    rows = [
        [
            f"`{method}`",
            f"`{reference_of(method)}`",
            str(len(pairs)),
            *(_compared(group.against_reference(method, _at(labels))) for labels in checkpoints),
            _compared(group.against_reference(method, group.area)),
        ]
        for method in sorted(group.runs)
        if method != reference_of(method) and (pairs := group.pairs(method, lambda curve: curve.scores[-1]))
    ]
    return markdown(["Method", "Against", "Seeds", *map(str, checkpoints), "Area"], rows) if rows else ""


def _overall(found: Sequence[Group]) -> str:
    """Each method over all data sets and seeds; empty where nothing can be compared."""
    methods = sorted({method for group in found for method in group.runs})
    rows = []
    for method in methods:
        pairs = [pair for group in found for pair in group.pairs(method, group.area)]
        if not pairs or method == reference_of(method):
            continue
        saved = [share for group in found if (share := group.saved(method)) is not None]
        worse = [group.data for group in found if _is_worse(group, method)]
        row = [f"`{method}`", str(len(saved)), str(len(pairs)), _compared(difference(*zip(*pairs, strict=True)))]
        told = len(pairs) >= FEWEST * len(saved)
        rows.append([*row, _share(median(saved)), ", ".join(worse) or ("none" if told else "—")])
    head = ["Method", "Data sets", "Pairs", "Area against random", "Labels to random's last score", "Worse on"]
    return f"## All data sets\n\n{markdown(head, rows)}" if rows else ""


def _is_worse(group: Group, method: str) -> bool:
    """Whether a method is, or leans to be, worse than its reference at any checkpoint."""
    found = [group.against_reference(method, _at(labels)) for labels in group.checkpoints]
    return any(one is not None and one.verdict in {"worse", "leans worse"} for one in found)


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else "never"


def _at(labels: int) -> Figure:
    return lambda curve: curve.at(labels)


def _reaches(level: float) -> Figure:
    def reaches(curve: Curve) -> float | None:
        return curve.reaches(level)

    return reaches
