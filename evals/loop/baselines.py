"""What the product scored when its baselines were committed, and whether it scores less now.

A baseline keeps, for each seed, the area under the curve and the last score. It is compared with new runs of the same
seeds. A run differs from another one by more than its code (another sum order on another processor picks another text),
so a loss counts from a tolerance on: twice the standard error of the difference between two means of independent seeds.
How far seeds lie apart is taken from the committed ones, but never for less than LEAST_SPREAD: two of them may meet by
chance.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from evals.loop.curves import Curve
from evals.loop.groups import Group
from evals.loop.protocol import OURS, OracleName
from tools.files import replacing

FILE = Path(__file__).with_name("baselines.json")
LEAST_SPREAD = 0.015
"""Standard deviation of a score over seeds, at least."""
Figure = Literal["area", "last"]


class SeedScores(BaseModel):
    """The mean height of a run's curve, and its score at the end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: float
    last: float


class Baseline(BaseModel):
    """A method on a data set between two numbers of labels, by seed; `tolerance` is for as many seeds as there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    oracle: OracleName
    method: str
    labels: tuple[int, int]
    seeds: dict[int, SeedScores]
    tolerance: SeedScores


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A baseline beside what is scored now, by the seeds that both have."""

    baseline: Baseline
    figure: Figure
    seeds: int
    then: float
    now: float
    tolerance: float

    @property
    def worse(self) -> bool:
        """Whether more is lost than chance would take."""
        return self.now < self.then - self.tolerance


_LIST = TypeAdapter(list[Baseline])


def load_baselines(path: Path = FILE) -> list[Baseline]:
    """The committed baselines; none where there is no file."""
    return _LIST.validate_json(path.read_bytes()) if path.exists() else []


def write_baselines(baselines: Iterable[Baseline], path: Path = FILE) -> None:
    """Write them, one line a baseline, in order of name."""
    ordered = sorted(baselines, key=_key)
    lines = ",\n".join(json.dumps(baseline.model_dump(mode="json"), ensure_ascii=False) for baseline in ordered)
    with replacing(path) as file:
        file.write(f"[\n{lines}\n]\n".encode())


def _key(baseline: Baseline) -> tuple[str, str, str, tuple[int, int]]:
    return baseline.data, baseline.oracle, baseline.method, baseline.labels


def renewed(baselines: Iterable[Baseline], found: Iterable[Group]) -> list[Baseline]:
    """The baselines with those of the product's runs in the place of older ones, others as they are."""
    kept = {_key(baseline): baseline for baseline in baselines}
    for group in found:
        for method in group.runs:
            if method.startswith(f"{OURS}:"):
                made = _baseline(group, method)
                kept[_key(made)] = made
    return list(kept.values())


def _baseline(group: Group, method: str) -> Baseline:
    curves = group.curves(method)
    labels = max(curve.labels[0] for curve in curves.values()), min(curve.labels[-1] for curve in curves.values())
    seeds = {seed: scores for seed, curve in curves.items() if (scores := _scores(curve, labels)) is not None}
    return Baseline(
        data=group.data,
        oracle=group.oracle,
        method=method,
        labels=labels,
        seeds=seeds,
        tolerance=SeedScores(
            area=_tolerance([one.area for one in seeds.values()]), last=_tolerance([one.last for one in seeds.values()])
        ),
    )


def _scores(curve: Curve, labels: tuple[int, int]) -> SeedScores | None:
    area, last = curve.area(*labels), curve.at(labels[1])
    return None if area is None or last is None else SeedScores(area=round(area, 5), last=round(last, 5))


def _tolerance(values: Sequence[float]) -> float:
    spread = max(LEAST_SPREAD, stdev(values) if len(values) > 1 else 0.0)
    return round(2 * spread * math.sqrt(2 / len(values)), 4)


def check(baselines: Iterable[Baseline], found: Sequence[Group]) -> list[Checked]:
    """Every baseline that new runs can be compared with, once for the area and once for the last score."""
    groups: Mapping[tuple[str, OracleName], Group] = {(group.data, group.oracle): group for group in found}
    checked = []
    for baseline in baselines:
        group = groups.get((baseline.data, baseline.oracle))
        curves = {} if group is None else group.curves(baseline.method)
        now = {
            seed: scores
            for seed in sorted(baseline.seeds.keys() & curves.keys())
            if (scores := _scores(curves[seed], baseline.labels)) is not None
        }
        if not now:
            continue
        wider = math.sqrt(len(baseline.seeds) / len(now))
        figures: tuple[Figure, ...] = ("area", "last")
        checked += [
            Checked(
                baseline=baseline,
                figure=figure,
                seeds=len(now),
                then=mean(getattr(baseline.seeds[seed], figure) for seed in now),
                now=mean(getattr(scores, figure) for scores in now.values()),
                tolerance=wider * getattr(baseline.tolerance, figure),
            )
            for figure in figures
        ]
    return checked
