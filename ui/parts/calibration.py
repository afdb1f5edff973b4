"""Whether probabilities mean what they say."""

from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import look, words
from ui.parts.charts import BLUE, CLOSE, PERCENT, said_against_true


def show(service: Service, task: wire.Task) -> None:
    """The share that holds against what the model says, with the line on which both are the same."""
    found = service.reliability(task.name)
    look.put(
        look.html(
            "<h3>Do the probabilities mean what they say?</h3><p class='dim'>{} A dot on the line says what it means; "
            "below the line the model is too sure, above it not sure enough.</p>",
            _what(found),
        )
    )
    st.vega_lite_chart(spec=spec(found), width="stretch", key="calibration", alt=_told(found))
    judged = f"{found.judged:,}"
    basis = (
        f"By {judged} gold texts, weighted as they stand for the pool."
        if found.basis == "gold"
        else f"By {judged} training labels, each judged by a model that had not seen it. They were picked, not drawn, "
        "so they are harder than the pool; a gold sample would judge more honestly."
    )
    look.put(
        look.html(
            "<p class='dim'>{} On average it is off by <strong>{}</strong>; with few texts some of that is chance. "
            "Bars are 95 % intervals, larger dots stand for more texts.</p>",
            basis,
            words.points(found.gap),
        )
    )


def _what(found: wire.Reliability) -> str:
    if found.positive is None:
        return "Of the texts to which the model gives its class with some probability: the share where it is right."
    return f"Of the texts to which the model gives {found.positive} with some probability: the share that is."


def _told(found: wire.Reliability) -> str:
    pairs = (f"{words.percent(one.confidence)} said, {words.percent(one.holds.value)} true" for one in found.bins)
    return f"Calibration: {'; '.join(pairs)}."


def spec(found: wire.Reliability) -> dict[str, Any]:
    """The chart in Vega-Lite."""
    rows = [{"said": one.confidence, "texts": one.texts, **one.holds.model_dump()} for one in found.bins]
    x = {**PERCENT, "field": "said", "axis": {**PERCENT["axis"], "title": "The model says"}}
    y = {**PERCENT, "axis": {**PERCENT["axis"], "title": "It is so"}}
    tips = [
        {"field": "said", "format": ".0%", "title": "Said"},
        {"field": "value", "format": ".0%", "title": "Is so"},
        {"field": "low", "format": ".0%", "title": "from"},
        {"field": "high", "format": ".0%", "title": "to"},
        {"field": "texts", "title": "Texts judged"},
    ]
    return {
        "height": 340,
        "padding": dict(CLOSE),
        "data": {"values": rows},
        "layer": [
            *said_against_true(x, y),
            {
                "mark": {"type": "circle", "color": BLUE, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "value"},
                    "size": {
                        "field": "texts",
                        "type": "quantitative",
                        "scale": {"range": [50, 500], "type": "sqrt"},
                        "legend": None,
                    },
                    "tooltip": tips,
                },
            },
        ],
    }
