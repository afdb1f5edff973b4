"""The map of a pool: a box around a part of it opens the texts there, to be labeled or left out together."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, words
from ui.parts.charts import CLASSES, GREY, RAMP, named_colors

EVERY = 1.0
"""Seconds between two looks at a map that is being laid out."""
COLORS: Mapping[str, str] = {
    "prediction": "What the model calls it",
    "label": "Label",
    "uncertainty": "How torn the model is",
    "round": "Round",
}
Box = tuple[float, float, float, float]
"""Left, right, bottom, top; the whole map runs from 0 to 1 both ways."""
WHOLE: Box = (0.0, 1.0, 0.0, 1.0)
SHOWN = 25
FEW = 5
"""Classes up to which each has a button of its own."""
OTHERS, WITHOUT = "others", "without"
SKIP = "skip"
EVERYTHING = "All of them"


def show(service: Service, task: wire.Task) -> None:
    """The map, and the texts of the part that is chosen."""
    color = str(
        st.segmented_control(
            "Color by",
            list(COLORS),
            default="prediction",
            required=True,
            format_func=COLORS.__getitem__,
            key="map-color",
        )
    )
    part = _part(task.name)
    found = service.pool_map(task.name, color, part)
    if not found.ready or found.marks is None:
        st.fragment(run_every=EVERY)(_wait)(task.name)
        return
    if not found.texts:
        st.info("There is no text in this part.")
    box = _picture(task, found, part)
    _where(task.name, box, part)
    if box is not None or part != WHOLE:
        _texts(service, task, box or part)


def _wait(task: str) -> None:
    with entrance.guarded():
        if entrance.service().pool_map(task, "prediction", WHOLE).ready:
            st.rerun()
        look.put(
            look.html(
                "<div class='laud-card' role='status'><h3>Laying out the map</h3><p class='dim'>This happens once for "
                "a pool and takes some seconds; while a model is trained it waits for that.</p>{}</div>",
                look.bar(0, None),
            )
        )


def _part(task: str) -> Box:
    """The part of the map that is looked at."""
    part: Box = st.session_state.get(_key(task), WHOLE)
    return part


def _key(task: str) -> str:
    return f"map-part-{task}"


def _picture(task: wire.Task, found: wire.PoolMap, part: Box) -> Box | None:
    """Draw the map; the box that the person drew on it."""
    shown, colors = _colored(task, found)
    look.put(_legend(colors))
    marks = found.marks or wire.Marks(x=[], y=[], count=[], group=[], value=[])
    faint = [int(colors.get(one) == GREY) for one in shown]
    rows = {"x": marks.x, "y": marks.y, "texts": marks.count, "value": shown, "faint": faint}
    each = "Larger dots stand for more texts" if found.binned else "Each dot is a text"
    chosen = st.vega_lite_chart(
        rows,
        spec(colors, part, binned=found.binned, torn=found.color == "uncertainty"),
        width="stretch",
        key=f"map-{task.name}-{found.color}-{part}",
        on_select="rerun",
        selection_mode="box",
        alt=f"Map of {found.texts:,} texts, colored by {COLORS[found.color].lower()}",
    )
    look.put(
        look.html(
            "<p class='dim'>{} of {} texts. Those that mean the same lie near each other. {}. Draw a box on the map to "
            "see the texts in it.</p>",
            f"{found.texts:,}",
            f"{found.pool:,}",
            each,
        )
    )
    return _box(chosen)


def _box(chosen: Any) -> Box | None:
    drawn = chosen.get("selection", {}).get("box", {}) if isinstance(chosen, Mapping) else {}
    if len(drawn.get("x", ())) != 2 or len(drawn.get("y", ())) != 2:
        return None
    (left, right), (bottom, top) = (sorted(min(max(float(at), 0.0), 1.0) for at in drawn[axis]) for axis in ("x", "y"))
    return (left, right, bottom, top)


def _where(task: str, box: Box | None, part: Box) -> None:
    """Go closer, go back, or choose a part with sliders where one cannot be drawn."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Look closer", icon=":material/zoom_in:", disabled=box is None, key="map-closer"):
            st.session_state[_key(task)] = box
            st.rerun()
        if st.button("The whole map", icon=":material/zoom_out_map:", disabled=part == WHOLE, key="map-whole"):
            st.session_state.pop(_key(task), None)
            st.rerun()
        with st.popover("Choose a part by numbers", icon=":material/tune:", key="map-by-numbers"):
            across = st.slider("From left to right", 0.0, 1.0, part[:2], 0.01, key="map-across")
            up = st.slider("From bottom to top", 0.0, 1.0, part[2:], 0.01, key="map-up")
            if st.button("Show this part", key="map-show"):
                st.session_state[_key(task)] = (*across, *up)
                st.rerun()


def _colored(task: wire.Task, found: wire.PoolMap) -> tuple[list[Any], dict[str, str]]:
    """What each mark is, and the color of each thing that a mark can be; numbers where it is no name."""
    marks = found.marks or wire.Marks(x=[], y=[], count=[], group=[], value=[])
    if found.color == "uncertainty":
        return list(marks.value), {"sure": RAMP[0], "torn": RAMP[1]}
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
    shown = [names[group] if group >= 0 else WITHOUT for group in marks.group]
    there = set(shown)
    found_colors = {name: colors.get(name, GREY) for name in [*dict.fromkeys(names), WITHOUT] if name in there}
    return shown, dict(sorted(found_colors.items(), key=lambda pair: pair[1] == GREY))


def _legend(colors: Mapping[str, str]) -> Markup:
    items = (look.html("<li><i style='background:{}'></i>{}</li>", color, name) for name, color in colors.items())
    return look.html("<ul class='laud-legend' aria-label='Colors'>{}</ul>", look.joined(items))


def spec(colors: Mapping[str, str], part: Box, *, binned: bool, torn: bool) -> dict[str, Any]:
    """The map in Vega-Lite, on which a box can be drawn; `torn` says that the value is how torn the model is."""
    scale = {"domain": [0, 1] if torn else list(colors), "range": list(colors.values())}
    color = {"field": "value", "type": "quantitative" if torn else "nominal", "scale": scale, "legend": None}
    faint = {
        "field": "faint",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [0.9, 0.32]},
        "legend": None,
    }
    size: dict[str, Any] = {"value": 34}
    if binned:
        range_ = {"range": [14, 190], "type": "sqrt"}
        size = {"field": "texts", "type": "quantitative", "scale": range_, "legend": None}
    bare = {"axis": None, "type": "quantitative"}
    return {
        "height": 500,
        "padding": {"left": 0, "right": 0, "top": 0, "bottom": 0},
        "usermeta": {"embedOptions": {"renderer": "canvas"}},
        "params": [{"name": "box", "select": {"type": "interval", "mark": {"stroke": GREY, "strokeWidth": 1.5}}}],
        "mark": {"type": "circle", "strokeWidth": 0},
        "encoding": {
            "x": {**bare, "field": "x", "scale": {"domain": list(part[:2]), "nice": False, "zero": False}},
            "y": {**bare, "field": "y", "scale": {"domain": list(part[2:]), "nice": False, "zero": False}},
            "color": color,
            "opacity": faint,
            "size": size,
            "tooltip": [
                {"field": "value", "title": "Torn" if torn else "Is", **({"format": ".0%"} if torn else {})},
                {"field": "texts", "title": "Texts"},
            ],
        },
        "config": {"view": {"strokeOpacity": 0.25}},
    }


def _texts(service: Service, task: wire.Task, box: Box) -> None:
    """The texts in the box, and what to do with those that are ticked."""
    every = service.map_texts(task.name, box, None, SHOWN)
    present = [name for name, count in every.classes.items() if count]
    choices = [EVERYTHING, *present]
    chosen = st.selectbox(
        "Texts in this part",
        choices,
        format_func=lambda name: f"{name} ({every.total if name == EVERYTHING else every.classes[name]:,})",
        key=f"map-called-{box}",
    )
    found = every if chosen == EVERYTHING else service.map_texts(task.name, box, str(chosen), SHOWN)
    if found.judging:
        st.caption(f"{found.judging:,} more were set apart to judge by and are not shown.")
    if not found.texts:
        st.info("No other text lies here.")
        return
    together = st.toggle("Tick all that are shown", key=f"map-all-{box}-{chosen}")
    with st.form(f"map-form-{box}-{chosen}", border=False):
        with st.container(key="map-texts"):
            ticked = [one.id for one in found.texts if _text(one, together=together, at=f"{box}-{chosen}")]
        if found.total > len(found.texts):
            st.caption(f"The {len(found.texts)} that it is least sure of, of {found.total:,}.")
        said = _buttons(task)
    if said is None:
        return
    if not ticked:
        st.warning("Tick the texts that you mean first.")
        return
    _store(service, task, dict.fromkeys(ticked, said))


def _text(one: wire.MapText, *, together: bool, at: str) -> bool:
    """A text with a box to tick; true when it is ticked."""
    called = f"{one.predicted} {words.percent(one.probability)}"
    known = "" if one.label is None else f", labeled {one.label}"
    ticked = st.checkbox(look.label(one.text), value=together, key=f"tick-{at}-{together}-{one.id}")
    look.put(look.html("<p class='dim small laud-under'>{}{}</p>", called, known))
    return bool(ticked)


def _buttons(task: wire.Task) -> str | None:
    """What the ticked texts are said to be."""
    names = [one.name for one in task.classes]
    chosen = names[0]
    if len(names) > FEW:
        chosen = st.selectbox("Class", names, key="map-class")
    with st.container(horizontal=True):
        for number, name in enumerate(names if len(names) <= FEW else [chosen]):
            label = look.label(f"They are {name}") if len(names) <= FEW else "They are of this class"
            if st.form_submit_button(label, key=f"map-is-{number}", icon=":material/label:"):
                return str(chosen) if len(names) > FEW else name
        if st.form_submit_button("Leave them out", key="map-skip", icon=":material/block:"):
            return SKIP
    return None


def _store(service: Service, task: wire.Task, labels: Mapping[str, str]) -> None:
    try:
        stored = service.label(task.name, labels)
    except Refused as error:
        entrance.told(error)
        return
    what = "left out" if set(labels.values()) == {SKIP} else "labeled"
    st.success(
        f"{stored.stored:,} texts were {what}. The next run learns from that. Undo at the desk takes it back.",
        icon=":material/check:",
    )
