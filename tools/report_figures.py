"""The geometry of the report's figures, and numbers as people read them. The template draws; nothing here is HTML."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.engine.records import Estimate, Round, Scores
from tools.engine.scoring import headline

MATRIX_LIMIT = 20
"""With more classes than this, a confusion table cannot be read: the most confused pairs are shown."""

PAIRS_SHOWN = 20

_METRIC_WORDS = {"f1": "F1", "macro_f1": "macro F1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis: its place in percent of the plot, and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A round on the learning curve; places are percent from the left and from the top."""

    x: float
    y: float
    low: float
    high: float
    labels: int
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The learning curve of `metric`, in percent of the plot; `zero_shot` is the height of that line, if known."""

    metric: str
    dots: tuple[Dot, ...]
    zero_shot: float | None
    zero_shot_estimate: Estimate | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    @property
    def line(self) -> str:
        """The curve as SVG points."""
        return _points((dot.x, dot.y) for dot in self.dots)

    @property
    def band(self) -> str:
        """The outline of the interval band as SVG points."""
        there = [(dot.x, dot.high) for dot in self.dots]
        back = [(dot.x, dot.low) for dot in reversed(self.dots)]
        return _points(there + back)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of the confusion table: how many texts, and their share of the row's true class, from 0 to 1."""

    count: int
    share: float
    correct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """One row of the confusion table."""

    true: str
    cells: tuple[Cell, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Texts of class `true` taken for `predicted`: how many, and their share of that class, from 0 to 1."""

    true: str
    predicted: str
    count: int
    share: float


def learning_curve(rounds: Sequence[Round], zero_shot: Scores | None) -> Curve | None:
    """The headline score against the number of labels; None while no round has scores."""
    scored = [(round_.labels, *headline(round_.scores)) for round_ in rounds if round_.scores is not None]
    if not scored:
        return None
    zero = None if zero_shot is None else headline(zero_shot)[1]
    lows = [estimate.low for _, _, estimate in scored] + ([] if zero is None else [zero.value])
    # A line may leave zero out, unlike a bar; whole tenths keep the axis honest and readable.
    floor = max(0.0, math.floor(min(lows) * 10 - 0.5) / 10)
    most = max(labels for labels, _, _ in scored)

    def across(labels: float) -> float:
        return round(100 * labels / max(most, 1), 2)

    def down(value: float) -> float:
        return round(100 * (1 - value) / (1 - floor), 2)

    return Curve(
        metric=_METRIC_WORDS.get(scored[-1][1], scored[-1][1]),
        dots=tuple(
            Dot(
                x=across(labels),
                y=down(estimate.value),
                low=down(estimate.low),
                high=down(estimate.high),
                labels=labels,
                estimate=estimate,
            )
            for labels, _, estimate in scored
        ),
        zero_shot=None if zero is None else down(zero.value),
        zero_shot_estimate=zero,
        x_ticks=tuple(Tick(at=across(at), text=f"{at:,}") for at in _steps(most)),
        y_ticks=_y_ticks(floor),
    )


def confusion_rows(scores: Scores) -> tuple[Confusion, ...]:
    """The confusion table, one row a true class; empty where there are too many classes to read it."""
    if len(scores.classes) > MATRIX_LIMIT:
        return ()
    return tuple(
        Confusion(
            true=name,
            cells=tuple(
                Cell(count=count, share=count / max(sum(row), 1), correct=column == number)
                for column, count in enumerate(row)
            ),
            total=sum(row),
        )
        for number, (name, row) in enumerate(zip(scores.classes, scores.confusion, strict=True))
    )


def confused_pairs(scores: Scores) -> tuple[Pair, ...]:
    """The pairs of classes confused most often, most frequent first."""
    pairs = [
        Pair(true=true, predicted=predicted, count=count, share=count / sum(row))
        for true, row in zip(scores.classes, scores.confusion, strict=True)
        for predicted, count in zip(scores.classes, row, strict=True)
        if count and predicted != true
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.count, -pair.share))[:PAIRS_SHOWN])


def unmeasured(score: Estimate) -> bool:
    """Whether nothing was there to measure: such a score comes as 0 with an interval from 0 to 1."""
    return math.isnan(score.value) or (score.value, score.low, score.high) == (0, 0, 1)


def number(value: float) -> str:
    """A score with two digits; three where two would pass 0.996 off as perfect."""
    two = f"{value:.2f}"
    return f"{min(value, 0.999):.3f}" if two == "1.00" and value < 1 else two


def estimate(score: Estimate | None) -> str:
    """A score with its interval, such as `0.97 [0.92, 0.99]`; a dash where nothing could be measured."""
    if score is None or unmeasured(score):
        return "—"
    return f"{number(score.value)} [{number(score.low)}, {number(score.high)}]"


def percent(share: float) -> str:
    """A share as whole percent; a small one that is not nothing reads `<1 %`."""
    return "<1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def money(dollars: float) -> str:
    """A price with cents, or with two significant digits below ten cents."""
    if dollars == 0:
        return "$0"
    return f"${dollars:,.2f}" if dollars >= 0.1 else f"${float(f'{dollars:.2g}'):f}".rstrip("0")


def duration(seconds: float) -> str:
    """A span of time in the two units that matter."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _y_ticks(floor: float) -> tuple[Tick, ...]:
    tenths = range(round(floor * 10), 11)
    every = 2 if len(tenths) > 6 else 1
    return tuple(
        Tick(at=round(100 * (1 - tenth / 10) / (1 - floor), 2), text=f"{tenth / 10:.1f}")
        for tenth in reversed(tenths)
        if (10 - tenth) % every == 0
    )


def _steps(most: int) -> range:
    """Round numbers from 0 to `most`, at most six of them."""
    power = 10 ** max(0, len(str(most)) - 2)
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if most <= 5 * power * factor)
    return range(0, most + 1, step)


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
