"""The map of a pool: a line around a part of it opens the texts there, to be labeled or left out together."""

from collections.abc import Mapping
from zlib import crc32

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, map_canvas, words
from ui.parts.map_canvas import Outline

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
LEAST = 0.02
"""Side of the smallest part that is shown larger."""
FEW = 5
"""Classes up to which each has a button of its own."""
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
    outline = _picture(task, found, part)
    _where(task.name, outline, part)
    if outline is not None or part != WHOLE:
        _texts(service, task, part, outline)


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


def _picture(task: wire.Task, found: wire.PoolMap, part: Box) -> Outline | None:
    """Draw the map; the line that the person drew on it."""
    alt = f"Map of {found.texts:,} texts, colored by {COLORS[found.color].lower()}"
    outline = map_canvas.show(task, found, part, alt=alt)
    look.put(
        look.html(
            "<p class='dim'>{} of {} texts. Those that mean the same lie near each other. {}. Draw a line around some "
            "of them to see these texts; a click on the map drops it.</p>",
            f"{found.texts:,}",
            f"{found.pool:,}",
            "Larger dots stand for more texts" if found.binned else "Each dot is a text",
        )
    )
    return outline


def _where(task: str, outline: Outline | None, part: Box) -> None:
    """Go closer, go back, or choose a part with sliders where one cannot be drawn."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Look closer", icon=":material/zoom_in:", disabled=outline is None, key="map-closer"):
            st.session_state[_key(task)] = _around(outline or WHOLE)
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


def _around(outline: Outline) -> Box:
    """The part of the map that a line lies in, and no smaller than can be looked at."""
    left, right = _apart(min(outline[::2]), max(outline[::2]))
    bottom, top = _apart(min(outline[1::2]), max(outline[1::2]))
    return (left, right, bottom, top)


def _apart(low: float, high: float) -> tuple[float, float]:
    wanted = max(high - low, LEAST)
    start = min(low, 1.0 - wanted)
    return start, start + wanted


def _texts(service: Service, task: wire.Task, part: Box, outline: Outline | None) -> None:
    """The texts inside the line, or of the part that is shown, and what to do with those that are ticked."""
    here = f"{crc32(repr(outline or part).encode()):08x}"
    every = service.map_texts(task.name, part, None, outline=outline, limit=SHOWN)
    present = [name for name, count in every.classes.items() if count]
    choices = [EVERYTHING, *present]
    chosen = st.selectbox(
        "Texts in this part",
        choices,
        format_func=lambda name: f"{name} ({every.total if name == EVERYTHING else every.classes[name]:,})",
        key=f"map-called-{here}",
    )
    found = every
    if chosen != EVERYTHING:
        found = service.map_texts(task.name, part, str(chosen), outline=outline, limit=SHOWN)
    if found.judging:
        st.caption(f"{found.judging:,} more were set apart to judge by and are not shown.")
    if not found.texts:
        st.info("No other text lies here.")
        return
    together = st.toggle("Tick all that are shown", key=f"map-all-{here}-{chosen}")
    with st.form(f"map-form-{here}-{chosen}", border=False):
        with st.container(key="map-texts"):
            ticked = [one.id for one in found.texts if _text(one, together=together, at=f"{here}-{chosen}")]
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
    many = "1 text was" if stored.stored == 1 else f"{stored.stored:,} texts were"
    st.success(
        f"{many} {what}. The next run learns from that. Undo at the desk takes it back.",
        icon=":material/check:",
    )
