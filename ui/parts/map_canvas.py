"""The picture of a pool's map, on which one draws a line around some of its texts."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.parts import look, words
from ui.parts.charts import CLASSES, GREY, RAMP, STEPS, named_colors, step, step_color

_HERE = Path(__file__).parent
OTHERS, WITHOUT = "others", "without"
Outline = tuple[float, ...]
"""Corners of a line around a part: from the left and from below in turn, the whole map runs from 0 to 1 both ways."""


def show(task: wire.Task, found: wire.PoolMap, part: Sequence[float], *, alt: str) -> Outline | None:
    """Draw the marks of a part of the map; the line that the person drew, until she drops it."""
    kinds, colors = colored(task, found)
    torn = found.color == "uncertainty"
    look.put(_legend({"sure": RAMP[0], "torn": RAMP[1]} if torn else colors))
    names = list(colors)
    key = f"map-{task.name}-{'-'.join(map(str, part))}"
    outline = _drawn(key)
    marks = found.marks or wire.Marks(x=[], y=[], count=[], group=[], value=[])
    data = {
        "x": marks.x,
        "y": marks.y,
        "count": marks.count,
        "kind": [names.index(kind) for kind in kinds],
        "kinds": [{"name": name, "color": color, "faint": color == GREY} for name, color in colors.items()],
        "part": list(part),
        "binned": found.binned,
        "outline": outline,
        "alt": alt,
    }
    _canvas()(key=key, data=data, on_outline_change=lambda: None)
    return None if outline is None else tuple(outline)


def colored(task: wire.Task, found: wire.PoolMap) -> tuple[list[str], dict[str, str]]:
    """What each mark is, and the color of each thing that a mark can be."""
    marks = found.marks or wire.Marks(x=[], y=[], count=[], group=[], value=[])
    if found.color == "uncertainty":
        torn = [f"torn {words.percent(number / STEPS)}" for number in range(STEPS + 1)]
        return [torn[step(value)] for value in marks.value], {name: step_color(at) for at, name in enumerate(torn)}
    if found.color == "round":
        names = [one.capitalize() for one in found.names]
        colors = {name: CLASSES[at % len(CLASSES)] for at, name in enumerate(names)}
    else:
        names, counts = list(found.names), [0] * len(found.names)
        for group, count in zip(marks.group, marks.count, strict=True):
            if group >= 0:
                counts[group] += count
        colors = named_colors(names, counts=counts, rest=task.rest)
        names = [name if colors[name] != GREY or name == task.rest else OTHERS for name in names]
    kinds = [names[group] if group >= 0 else WITHOUT for group in marks.group]
    there = set(kinds)
    found_colors = {name: colors.get(name, GREY) for name in [*dict.fromkeys(names), WITHOUT] if name in there}
    return kinds, dict(sorted(found_colors.items(), key=lambda pair: pair[1] == GREY))


def _drawn(key: str) -> list[float] | None:
    """The line as the browser sent it last."""
    state: Mapping[str, Any] | None = st.session_state.get(key)
    return None if state is None else state.get("outline")


def _legend(colors: Mapping[str, str]) -> Markup:
    items = (look.html("<li><i style='background:{}'></i>{}</li>", color, name) for name, color in colors.items())
    return look.html("<ul class='laud-legend' aria-label='Colors'>{}</ul>", look.joined(items))


@cache
def _canvas() -> Any:
    return st.components.v2.component(
        "laud_map",
        html="<div id='pool-map'><canvas role='img'></canvas><p hidden></p></div>",
        css=(_HERE / "map_canvas.css").read_text(encoding="utf-8"),
        js=(_HERE / "map_canvas.js").read_text(encoding="utf-8"),
    )
