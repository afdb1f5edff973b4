"""Learning curves as SVG, one figure a data set and oracle. The template draws, here is the geometry."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evals.loop.curves import Spread, spread
from evals.loop.groups import Group
from tools.files import replacing

WIDTH, HEIGHT = 560, 320
"""Of the plot itself, in points; axes and legend come beside it."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
"""Those of Okabe and Ito, which people who are blind to some colours can tell apart."""
STEP = 100
"""Labels between two marks of the axis."""
Scale = Callable[[float], float]
"""From labels or a score to points from the left or from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A method's median curve, its band, and the places where it was judged."""

    name: str
    colour: str
    dashes: str
    dots: tuple[tuple[float, float], ...]
    band: str

    @property
    def points(self) -> str:
        """The curve as SVG points."""
        return _points(self.dots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A mark of an axis."""

    at: float
    text: str


def write_plots(found: Iterable[Group], folder: Path) -> list[Path]:
    """Write a figure for each group; the files."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True
    )
    template = environment.get_template("curves.svg")
    written = []
    for group in found:
        path = folder / f"{group.data}-{group.oracle}.svg"
        with replacing(path) as file:
            file.write(template.render(_figure(group)).encode())
        written.append(path)
    return written


def _figure(group: Group) -> dict[str, object]:
    curves = {method: _medians(group, method) for method in sorted(group.runs)}
    scores = [end for places in curves.values() for _, score in places for end in (score.low, score.high)]
    most = max(labels for places in curves.values() for labels, _ in places)
    bottom, top = floor(min(scores) * 10) / 10, ceil(max(scores) * 10) / 10

    def across(labels: float) -> float:
        return round(WIDTH * labels / most, 1)

    def down(score: float) -> float:
        return round(HEIGHT * (top - score) / max(top - bottom, 0.1), 1)

    return {
        "title": f"{group.data}, {group.oracle} labels",
        "metric": group.metric,
        "width": WIDTH,
        "height": HEIGHT,
        "lines": [_line(number, method, curves[method], across, down) for number, method in enumerate(curves)],
        "x_marks": [Mark(at=across(labels), text=str(labels)) for labels in range(0, most + 1, STEP)],
        "y_marks": [
            Mark(at=down(n / 10), text=f"{n / 10:.1f}") for n in range(round(bottom * 10), round(top * 10) + 1)
        ],
    }


def _line(number: int, name: str, places: Sequence[tuple[int, Spread]], across: Scale, down: Scale) -> Line:
    there = [(across(labels), down(score.high)) for labels, score in places]
    back = [(across(labels), down(score.low)) for labels, score in reversed(places)]
    return Line(
        name=name,
        colour=COLOURS[number % len(COLOURS)],
        dashes="" if number < len(COLOURS) else "6 3",
        dots=tuple((across(labels), down(score.value)) for labels, score in places),
        band=_points(there + back),
    )


def _medians(group: Group, method: str) -> list[tuple[int, Spread]]:
    """The median at every number of labels where each seed was judged or lies between two that were."""
    curves = list(group.curves(method).values())
    places = sorted({labels for curve in curves for labels in curve.labels})
    found = [(labels, [curve.at(labels) for curve in curves]) for labels in places]
    return [(labels, spread([v for v in values if v is not None])) for labels, values in found if None not in values]


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
