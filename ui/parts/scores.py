"""The overview of a task's results: its scores, the learning curve, the classes, and why it ended."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Service
from ui.parts import look, words

BLUE, ORANGE = "#2c86cc", "#E69F00"
BASES: Mapping[str, str] = {
    "gold": "on {} texts that were set apart at random and never learnt from",
    "cross-validated": "cross-validated on the {} training labels; a gold sample would judge more honestly",
}


def show(service: Service, task: wire.Task, standing: Mapping[str, Any]) -> None:
    """Tiles, curve and classes."""
    found = standing["scores"]
    _tiles(standing, found)
    basis = BASES.get(found["basis"], "on {} known labels").format(f"{found['n']:,}")
    look.put(look.html("<p class='dim'>Measured {}. Ranges are 95 % intervals.</p>", basis))
    rounds = service.rounds(task.name)
    names = ["f1", "precision", "recall"] if task.positive else ["macro_f1", "accuracy"]
    chosen = _measure(names)
    _curve(rounds, standing, chosen, task)
    stop = standing["stop"]
    why = stop["reason"].rstrip(".")
    look.put(look.html("<section class='laud-card'><h3>Where it stands</h3><p>{}.</p></section>", why))
    _classes(service, task)
    with st.expander("Rounds side by side"):
        look.put(_rounds(rounds))


def _tiles(standing: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    zero = standing.get("zero_shot") or {}
    measures = [(words.MEASURES[name], found[name], zero.get(name)) for name in words.MEASURES if name in found]
    tiles = [
        look.tile(
            name if found["of"] == "all classes" else f"{name} of {found['of']}",
            words.percent(value["value"]),
            words.interval(value) + ("" if before is None else f"\nzero-shot {words.percent(before['value'])}"),
        )
        for name, value, before in measures
    ]
    more = f"{standing['gold_labels']:,} more to judge by\n{words.dollars(standing['cost'])}"
    look.put(look.tiles(*tiles, look.tile("Labels", f"{standing['labels']:,}", more)))


def _measure(names: Sequence[str]) -> str:
    chosen = st.segmented_control(
        "Score in the curve",
        names,
        default=names[0],
        required=True,
        format_func=words.MEASURES.__getitem__,
        key="measure",
    )
    return str(chosen)


def _curve(rounds: Sequence[wire.Round], standing: Mapping[str, Any], name: str, task: wire.Task) -> None:
    """The learning curve with its interval, above the line of the zero-shot guess."""
    rows = [
        {"labels": one.labels, "round": one.number, "cost": one.cost, **estimate.model_dump()}
        for one in rounds
        if one.scores is not None and (estimate := _of(one.scores, name, task.positive)) is not None
    ]
    zero = standing.get("zero_shot") or {}
    if not rows:
        return
    last = rows[-1]
    told = (
        f"Learning curve: {words.MEASURES[name]} {words.percent(rows[0]['value'])} with {rows[0]['labels']} labels, "
        f"{words.percent(last['value'])} with {last['labels']}."
    )
    spec = curve_spec(rows, zero.get(name, {}).get("value"), words.MEASURES[name])
    st.vega_lite_chart(spec=spec, width="stretch", key=f"curve-{name}", alt=told)


def curve_spec(rows: Sequence[Mapping[str, Any]], zero_shot: float | None, title: str) -> dict[str, Any]:
    """The chart of a learning curve in Vega-Lite: interval as a band, rounds as points, zero-shot as a dashed line."""
    x = {"field": "labels", "type": "quantitative", "title": "Training labels", "scale": {"zero": False, "nice": True}}
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": ".0%", "title": title}}
    tips = [
        {"field": "round", "title": "Round"},
        {"field": "labels", "title": "Labels"},
        {"field": "value", "format": ".0%", "title": title},
        {"field": "low", "format": ".0%", "title": "from"},
        {"field": "high", "format": ".0%", "title": "to"},
        {"field": "cost", "format": "$.2f", "title": "Cost"},
    ]
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "opacity": 0.18, "color": BLUE, "interpolate": "monotone"},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 2.5, "interpolate": "monotone"},
            "encoding": {"x": x, "y": {**y, "field": "value"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "color": BLUE, "opacity": 1},
            "encoding": {"x": x, "y": {**y, "field": "value"}, "tooltip": tips},
        },
    ]
    if zero_shot is not None:
        layers += [
            {
                "data": {"values": [{"zero": zero_shot}]},
                "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 2, "color": ORANGE},
                "encoding": {"y": {**y, "field": "zero"}},
            },
            {
                "data": {"values": [{"zero": zero_shot, "name": "zero-shot"}]},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 4,
                    "dy": -7,
                    "x": 0,
                    "fontWeight": 600,
                    "color": ORANGE,
                },
                "encoding": {"y": {**y, "field": "zero"}, "text": {"field": "name"}},
            },
        ]
    return {"height": 300, "data": {"values": list(rows)}, "layer": layers}


def _of(found: wire.Scores, name: str, positive: str | None) -> wire.Estimate | None:
    if name in {"accuracy", "macro_f1"}:
        return found.accuracy if name == "accuracy" else found.macro_f1
    one = found.per_class.get(positive or "")
    return None if one is None else {"f1": one.f1, "precision": one.precision, "recall": one.recall}[name]


def _classes(service: Service, task: wire.Task) -> None:
    per_class = service.results(task.name, "scores")["per_class"]
    rows = [
        (name, *(_score(one[measure]) for measure in ("precision", "recall", "f1")), f"{one['texts']:,}")
        for name, one in per_class.items()
    ]
    look.put(
        look.html("<h3>Classes</h3>"),
        look.table(["Class", "Precision", "Recall", "F1", "Texts judged"], rows, numbers=[1, 2, 3, 4]),
    )


def _score(score: Mapping[str, float]) -> Markup:
    return look.html("{} <span class='dim'>{}</span>", words.percent(score["value"]), words.interval(score))


def _rounds(rounds: Sequence[wire.Round]) -> Markup:
    rows = [
        (
            one.number,
            f"{one.labels:,}",
            f"{one.oracle_calls:,}",
            words.dollars(one.cost),
            words.NONE if one.scores is None else words.percent(one.scores.accuracy.value),
            one.strategy,
            one.learner,
            words.seconds(one.seconds),
        )
        for one in rounds
    ]
    head = ["Round", "Labels", "Answers", "Cost", "Accuracy", "Picked by", "Learner", "Time"]
    return look.table(head, rows, numbers=[0, 1, 2, 3, 4, 7])
