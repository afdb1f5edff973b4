"""The learning curve: the score by labels, answers or dollars, with the lines of zero-shot and of random labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, words
from ui.parts.charts import BLUE, CLOSE, GREEN, ORANGE, PERCENT, words_at

EVERY = 2.0
"""Seconds between two looks at an estimate that is being made."""
ACROSS: Mapping[str, str] = {"labels": "Labels", "answers": "Answers", "cost": "Dollars"}
TITLES: Mapping[str, str] = {
    "labels": "Training labels",
    "answers": "Answers asked for, the seed's included",
    "cost": "Dollars paid for answers",
}


def show(service: Service, task: wire.Task, rounds: Sequence[wire.Round], standing: Mapping[str, Any]) -> None:
    """The curve, and what is chosen to be seen of it."""
    names = ["f1", "precision", "recall"] if task.positive else ["macro_f1", "accuracy"]
    paid = any(one.cost > 0 for one in rounds)
    left, right = st.columns(2)
    name = left.segmented_control(
        "Score", names, default=names[0], required=True, format_func=words.MEASURES.__getitem__, key="measure"
    )
    across = right.segmented_control(
        "By",
        [one for one in ACROSS if paid or one != "cost"],
        default="labels",
        required=True,
        format_func=ACROSS.__getitem__,
        key="across",
    )
    rows = points(rounds, str(name), task.positive)
    if not rows:
        return
    zero = (standing.get("zero_shot") or {}).get(str(name), {}).get("value")
    line, why = _random(service, task.name)
    every = EVERY if line is not None and not line.ready else None
    st.fragment(run_every=every)(_draw)(task.name, rows, str(name), str(across), zero, waits=every is not None, why=why)


def points(rounds: Sequence[wire.Round], name: str, positive: str | None) -> list[dict[str, Any]]:
    """One row a scored round: its score with interval, and labels, answers and dollars until then."""
    found, answers, cost = [], 0, 0.0
    for one in rounds:
        answers, cost = answers + one.oracle_calls, cost + one.cost
        estimate = None if one.scores is None else score_of(one.scores, name, positive)
        if estimate is not None:
            found.append(
                {"labels": one.labels, "answers": answers, "cost": cost, "round": one.number, **estimate.model_dump()}
            )
    return found


def score_of(found: wire.Scores, name: str, positive: str | None) -> wire.Estimate | None:
    """A score by its name on the wire; precision, recall and F1 are those of the class that is looked for."""
    if name in {"accuracy", "macro_f1"}:
        return found.accuracy if name == "accuracy" else found.macro_f1
    one = found.per_class.get(positive or "")
    return None if one is None else {"f1": one.f1, "precision": one.precision, "recall": one.recall}[name]


def _random(service: Service, task: str) -> tuple[wire.RandomLine | None, str]:
    """The line of random labels, or why there is none."""
    try:
        return service.random_labels(task), ""
    except Refused as error:
        return None, error.detail


def _draw(  # noqa: PLR0913 - what is drawn, chosen by the person
    task: str, rows: list[dict[str, Any]], name: str, across: str, zero: float | None, *, waits: bool, why: str
) -> None:
    with entrance.guarded():
        line, _ = _random(entrance.service(), task)
        if waits and line is not None and line.ready:
            st.rerun()
        shown = random_rows(line, name) if across != "cost" else []
        last, title = rows[-1], words.MEASURES[name]
        told = (
            f"Learning curve: {title} {words.percent(rows[0]['value'])} with {rows[0]['labels']} labels, "
            f"{words.percent(last['value'])} with {last['labels']}."
        )
        spec = curve_spec(rows, zero, title, across=across, random=shown)
        st.vega_lite_chart(spec=spec, width="stretch", key=f"curve-{name}-{across}", alt=told)
        look.put(look.html("<p class='dim'>{}</p>", _about(line, across, why)))


def _about(line: wire.RandomLine | None, across: str, why: str) -> str:
    """Where the random line comes from, or why there is none."""
    if line is None:
        return why
    if not line.ready:
        return "What random labels would have brought is being estimated, once for this task."
    if across == "cost":
        return "Random labels have no price of their own, so their line is left out here."
    if line.how == "measured":
        return f"Random labels: measured by the rounds of the task {line.task}, which picks at random."
    return (
        f"Random labels: an estimate. The learner {line.learner} was trained on a part of one half of the "
        f"{line.judged} gold texts and judged by the other half, {line.draws} times for each number; the band is the "
        "range."
    )


def random_rows(line: wire.RandomLine | None, name: str) -> list[dict[str, Any]]:
    """The points of the random line; a label drawn at random takes one answer."""
    if line is None:
        return []
    how = "random" if line.how == "measured" else "random, estimated"
    return [
        {"name": how, "labels": one.labels, "answers": one.labels, **one.scores[name].model_dump()}
        for one in line.points
        if name in one.scores
    ]


def curve_spec(
    rows: Sequence[Mapping[str, Any]],
    zero_shot: float | None,
    title: str,
    *,
    across: str = "labels",
    random: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The chart in Vega-Lite: intervals as bands, rounds as points, zero-shot and random labels as dashed lines."""
    axis = {"format": "$.2f"} if across == "cost" else {"tickMinStep": 1}
    x = {"field": across, "type": "quantitative", "title": TITLES[across], "scale": {"zero": True}, "axis": axis}
    y = {**PERCENT, "axis": {**PERCENT["axis"], "title": title}}
    tips = [
        {"field": "round", "title": "Round"},
        {"field": "labels", "title": "Labels"},
        {"field": "answers", "title": "Answers"},
        {"field": "value", "format": ".0%", "title": title},
        {"field": "low", "format": ".0%", "title": "from"},
        {"field": "high", "format": ".0%", "title": "to"},
        {"field": "cost", "format": "$.2f", "title": "Dollars"},
    ]
    layers = _line(random, x, y, {"color": GREEN, "strokeDash": [2, 3]}) if random else []
    layers += _line(rows, x, y, {"color": BLUE})
    layers.append(
        {
            "mark": {"type": "point", "filled": True, "size": 70, "color": BLUE, "opacity": 1},
            "encoding": {"x": x, "y": {**y, "field": "value"}, "tooltip": tips},
        }
    )
    if random:
        layers.append(words_at(random[-1], x, {**y, "field": "value"}, GREEN))
    if zero_shot is not None:
        at = {**y, "field": "zero"}
        rule = {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 2, "color": ORANGE}
        layers.append({"data": {"values": [{"zero": zero_shot}]}, "mark": rule, "encoding": {"y": at}})
        row = {"zero": zero_shot, "name": "zero-shot"}
        layers.append(words_at(row, {"value": {"expr": "width"}}, at, ORANGE, align="right", dx=-4))
    return {"height": 340, "padding": dict(CLOSE), "data": {"values": list(rows)}, "layer": layers}


def _line(rows: Sequence[Mapping[str, Any]], x: Any, y: Mapping[str, Any], style: Mapping[str, Any]) -> list[Any]:
    """A line with its band."""
    data, shape = {"values": list(rows)}, {"color": style["color"], "interpolate": "monotone"}
    return [
        {
            "data": data,
            "mark": {"type": "area", "opacity": 0.15, **shape},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "data": data,
            "mark": {"type": "line", "strokeWidth": 2.5, **shape, **style},
            "encoding": {"x": x, "y": {**y, "field": "value"}},
        },
    ]
