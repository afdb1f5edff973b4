"""The runs of one data set with one oracle, side by side."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from evals.loop.comparing import Difference, difference
from evals.loop.curves import Curve, Spread, common_range, spread
from evals.loop.protocol import CHECKPOINTS, Key, OracleName, reference_of
from evals.loop.results import Run

Figure = Callable[[Curve], float | None]
"""A number that a curve gives, None where it does not run so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Methods by name, the runs of each by seed."""

    data: str
    oracle: OracleName
    runs: Mapping[str, Mapping[int, Run]]

    @property
    def metric(self) -> str:
        """The main score, in words."""
        return "accuracy" if any(run[-1].scores.f1 is None for run in self._all) else "F1"

    @property
    def _all(self) -> list[Run]:
        return [run for by_seed in self.runs.values() for run in by_seed.values()]

    @property
    def range(self) -> tuple[int, int] | None:
        """The labels between which all curves run."""
        return common_range([Curve.of(run) for run in self._all])

    @property
    def checkpoints(self) -> list[int]:
        """The checkpoints that at least one curve runs to."""
        curves = [Curve.of(run) for run in self._all]
        return [labels for labels in CHECKPOINTS if any(curve.at(labels) is not None for curve in curves)]

    def curves(self, method: str) -> Mapping[int, Curve]:
        """The curves of a method by seed; none where it was not run."""
        return {seed: Curve.of(run) for seed, run in self.runs.get(method, {}).items()}

    def figure(self, method: str, of: Figure) -> Spread | None:
        """The median over seeds of a number that curves give; None where no curve gives it."""
        found = [value for curve in self.curves(method).values() if (value := of(curve)) is not None]
        return spread(found) if found else None

    def area(self, curve: Curve) -> float | None:
        """The area under a curve over the range of this group."""
        return None if self.range is None else curve.area(*self.range)

    def level(self, method: str) -> tuple[float, int] | None:
        """The median score of a method at the end of its shortest run, and the labels there."""
        curves = self.curves(method).values()
        if not curves:
            return None
        last = min(curve.labels[-1] for curve in curves)
        return median(curve.at(last) or 0.0 for curve in curves), last

    def pairs(self, method: str, of: Figure) -> list[tuple[float, float]]:
        """A number of the method's curves beside that of its reference, for every seed that both have."""
        ours, theirs = self.curves(method), self.curves(reference_of(method))
        found = [(of(ours[seed]), of(theirs[seed])) for seed in sorted(ours.keys() & theirs.keys())]
        return [(one, other) for one, other in found if one is not None and other is not None]

    def against_reference(self, method: str, of: Figure) -> Difference | None:
        """How much better than its reference a method is; None where no seed has both."""
        pairs = self.pairs(method, of)
        return difference(*zip(*pairs, strict=True)) if pairs and method != reference_of(method) else None

    def saved(self, method: str) -> float | None:
        """Labels that a method needs to the score that its reference ends with, as a share of the reference's."""
        level = self.level(reference_of(method))
        curves = self.curves(method).values()
        if level is None or not curves or method == reference_of(method):
            return None
        needed = median(curve.reaches(level[0]) for curve in curves)
        return needed / level[1] if math.isfinite(needed) else math.inf


def groups(runs: Mapping[Key, Run]) -> list[Group]:
    """The runs by data set and oracle, in order of name."""
    found: dict[tuple[str, OracleName], dict[str, dict[int, Run]]] = {}
    for key, run in runs.items():
        found.setdefault((key.data, key.oracle), {}).setdefault(key.method, {})[key.seed] = run
    return [Group(data=data, oracle=oracle, runs=methods) for (data, oracle), methods in sorted(found.items())]
