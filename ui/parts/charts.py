"""What all charts share: colors that stand out for everybody on light and dark ground, and a few pieces."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

BLUE, ORANGE, GREEN, GREY = "#2c86cc", "#E69F00", "#009E73", "#8A8A8A"
CLASSES = ("#E69F00", "#2c86cc", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7A6FCB")
"""Okabe & Ito (2008), made for eyes that see colors differently; more than these nobody tells apart."""
RAMP = ("#56B4E9", "#E69F00")
"""From little to much."""
STEPS = 10
"""Steps of that way, each with a color of its own."""
CLOSE: Mapping[str, int] = MappingProxyType({"left": 0, "right": 10, "top": 6, "bottom": 0})
"""Room around a chart."""
PERCENT: Mapping[str, Any] = MappingProxyType(
    {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": ".0%", "tickCount": 6}}
)
"""A share, from 0 to 1."""


def named_colors(names: Sequence[str], *, counts: Sequence[int], rest: str | None) -> dict[str, str]:
    """A color for each of the names: the most frequent ones get their own, the rest class and the others grey."""
    order = sorted(range(len(names)), key=lambda at: (-counts[at], at))
    own = [names[at] for at in order if names[at] != rest][: len(CLASSES)]
    return {name: CLASSES[own.index(name)] if name in own else GREY for name in names}


def step(share: float) -> int:
    """On which step from little to much a share, 0 to 1, lies."""
    return round(STEPS * share)


def step_color(number: int) -> str:
    """The color of a step from little to much."""
    low, high = (bytes.fromhex(end.removeprefix("#")) for end in RAMP)
    return f"#{bytes(round(a + (b - a) * number / STEPS) for a, b in zip(low, high, strict=True)).hex()}"


def said_against_true(x: Mapping[str, Any], y: Mapping[str, Any]) -> list[Any]:
    """The layers under shares that hold, by how sure somebody was: where the two are equal, and each one's interval."""
    return [
        {
            "data": {"values": [{x["field"]: end, "is": end} for end in (0, 1)]},
            "mark": {"type": "line", "strokeDash": [6, 4], "color": GREY, "strokeWidth": 1.5},
            "encoding": {"x": x, "y": {**y, "field": "is"}},
        },
        {
            "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2, "opacity": 0.55},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
    ]


def words_at(row: Mapping[str, Any], x: Mapping[str, Any], y: Mapping[str, Any], color: str, **mark: Any) -> Any:
    """A layer with one word, `name` of the row, at its place."""
    text = {"type": "text", "align": "left", "dx": 5, "dy": -7, "fontWeight": 600, "color": color, **mark}
    encoding = {"x": x, "y": y, "text": {"field": "name"}}
    return {"data": {"values": [dict(row)]}, "mark": text, "encoding": encoding}
