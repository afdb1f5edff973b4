"""What each threshold for the class that is looked for would mean."""

from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import look, words
from ui.parts.charts import BLUE, CLOSE, GREY, ORANGE


def show(service: Service, task: wire.Task) -> None:
    """A slider, and precision, recall and what it would return at that place."""
    found = service.thresholds(task.name)
    if not found.points:
        st.info("There is no gold sample to judge thresholds by. Say “60 gold texts, gold by me” with the next run.")
        return
    at = [one.threshold for one in found.points]
    chosen = st.select_slider(
        "Threshold: from which probability on a text counts",
        options=at,
        value=min(at, key=lambda one: abs(one - found.chosen)),
        format_func=lambda one: f"{one:.2f}",
        key="threshold",
    )
    point = next(one for one in found.points if one.threshold == chosen)
    look.put(
        look.tiles(
            look.tile("Precision", _value(point.precision), _range(point.precision)),
            look.tile("Recall", _value(point.recall), _range(point.recall)),
            look.tile("It would return", f"{point.returned:,}", f"of {found.pool:,} texts"),
        )
    )
    st.vega_lite_chart(
        spec=_spec(found, point.threshold),
        width="stretch",
        key="threshold-curve",
        alt=f"Precision and recall of {found.positive} by threshold",
    )
    look.put(
        look.html(
            "<p class='dim'>By {} gold texts. The model goes by {}. A threshold that is chosen by looking at these "
            "numbers looks a little better than it is.</p>",
            f"{found.judged:,}",
            f"{found.chosen:.2f}",
        )
    )


def _value(score: wire.Estimate | None) -> str:
    return words.NONE if score is None else words.percent(score.value)


def _range(score: wire.Estimate | None) -> str:
    return "nothing is returned" if score is None else words.interval(score.model_dump())


def _spec(found: wire.Thresholds, chosen: float) -> dict[str, Any]:
    rows = [
        {"threshold": one.threshold, "value": score.value, "low": score.low, "high": score.high, "score": name}
        for one in found.points
        for name, score in (("Precision", one.precision), ("Recall", one.recall))
        if score is not None
    ]
    x = {"field": "threshold", "type": "quantitative", "title": "Threshold", "scale": {"domain": [0, 1]}}
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": ".0%", "title": None}}
    color = {
        "field": "score",
        "scale": {"domain": ["Precision", "Recall"], "range": [BLUE, ORANGE]},
        "legend": {"title": None, "orient": "top", "symbolOpacity": 1, "symbolType": "square"},
    }
    return {
        "height": 330,
        "padding": dict(CLOSE),
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.12},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": color},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "value"},
                    "color": color,
                    "strokeDash": {"field": "score", "legend": None},
                },
            },
            {
                "data": {"values": [{"at": chosen}]},
                "mark": {"type": "rule", "color": GREY, "strokeWidth": 2},
                "encoding": {"x": {**x, "field": "at"}},
            },
        ],
    }
