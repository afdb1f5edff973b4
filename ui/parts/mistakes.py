"""What a model takes for something else, with the texts behind each number."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import look, words
from ui.parts.charts import CLOSE, GREY

CELL = 30
"""Pixels of a row; the least that a finger meets."""
HEADING = 130
"""Pixels for the names above the columns, which stand aslant: a chart's height counts them in."""
Pair = Mapping[str, Any]


def show(service: Service, task: wire.Task) -> None:
    """How often each class is taken for another; a cell, or a line of the list, opens its texts."""
    pairs: list[Pair] = service.results(task.name, "confused", limit=50)["pairs"]
    look.put(
        look.html(
            "<h3>Taken for something else</h3><p class='dim'>By the training labels, each judged by a model that had "
            "not seen it. The texts set apart to judge by are not shown: nobody shall fit the guideline to them.</p>"
        )
    )
    if not pairs:
        st.info("It makes no mistake on its training labels.")
        return
    names = [one.name for one in task.classes]
    told = ", ".join(f"{pair['label']} taken for {pair['predicted']} {pair['count']} times" for pair in pairs[:10])
    chosen = st.vega_lite_chart(
        spec=spec(pairs, names), width="stretch", key="confusion", on_select="rerun", selection_mode="cell", alt=told
    )
    pair = _pair(pairs, _cell(chosen))
    if pair is not None:
        _texts(service, task, pair)


def _cell(chosen: Any) -> Pair | None:
    """The cell that was clicked."""
    cells = chosen.get("selection", {}).get("cell", []) if isinstance(chosen, Mapping) else []
    return cells[0] if cells else None


def _pair(pairs: Sequence[Pair], cell: Pair | None) -> Pair | None:
    """The pair that is opened: the cell that was clicked, else the one of the list."""
    numbered = dict(enumerate(pairs))
    clicked = None if cell is None else (cell.get("label"), cell.get("predicted"))
    at = next((number for number, one in numbered.items() if (one["label"], one["predicted"]) == clicked), 0)
    # Another cell makes another list, which begins with the pair that was clicked.
    number = st.selectbox(
        "The texts behind a number: click a cell, or choose here",
        list(numbered),
        index=at,
        format_func=lambda number: _named(numbered[number]),
        key=f"pair-{at}",
    )
    return numbered.get(number)


def _texts(service: Service, task: wire.Task, pair: Pair) -> None:
    found = service.results(task.name, "confused", cls=pair["label"], limit=50)["pairs"]
    texts = next((one["texts"] for one in found if one["predicted"] == pair["predicted"]), pair["texts"])
    rows = [(text["text"], words.percent(text["confidence"])) for text in texts]
    look.put(look.table(["Text", f"Sure that it is {pair['predicted']}"], rows, numbers=[1]))
    if len(texts) < pair["count"]:
        st.caption(f"The {len(texts)} surest of {pair['count']}.")


def spec(pairs: Sequence[Pair], names: Sequence[str]) -> dict[str, Any]:
    """The table in Vega-Lite: rows are what texts are labeled, columns what the model calls them."""
    rows = [{"label": one["label"], "predicted": one["predicted"], "count": one["count"]} for one in pairs]
    side = {"type": "nominal", "sort": list(names), "scale": {"domain": list(names)}}
    plain = {"labelLimit": 150, "ticks": False, "domain": False, "grid": False}
    x = {
        **side,
        "field": "predicted",
        "axis": {**plain, "title": "Called", "orient": "top", "labelAngle": -40, "labelOverlap": False},
    }
    y = {**side, "field": "label", "axis": {**plain, "title": "Labeled"}}
    color = {
        "field": "count",
        "type": "quantitative",
        "scale": {"domainMin": 0, "range": ["#f6e3bd", "#E69F00"]},
        "legend": None,
    }
    chosen = {"condition": {"param": "cell", "empty": False, "value": 2}, "value": 0}
    tips = [
        {"field": "label", "title": "Labeled"},
        {"field": "predicted", "title": "Called"},
        {"field": "count", "title": "Texts"},
    ]
    return {
        "height": HEADING + CELL * len(names),
        "padding": dict(CLOSE),
        "data": {"values": rows},
        "layer": [
            {
                "params": [{"name": "cell", "select": {"type": "point", "fields": ["label", "predicted"]}}],
                "mark": {"type": "rect", "cursor": "pointer", "cornerRadius": 3, "stroke": GREY},
                "encoding": {"x": x, "y": y, "color": color, "strokeWidth": chosen, "tooltip": tips},
            },
            {
                "mark": {"type": "text", "color": "#17202B", "fontWeight": 600},
                "encoding": {"x": x, "y": y, "text": {"field": "count"}},
            },
        ],
    }


def _named(pair: Pair) -> str:
    return f"{pair['label']} → {pair['predicted']}  ({pair['count']:,} of {pair['of']:,})"
