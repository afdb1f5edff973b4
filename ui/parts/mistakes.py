"""What a model takes for something else, with the texts behind each number."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Service
from ui.parts import look, words


def show(service: Service, task: wire.Task) -> None:
    """Pairs of classes to choose from, and the texts of the chosen one."""
    pairs = service.results(task.name, "confused", limit=50)["pairs"]
    look.put(
        look.html(
            "<h3>Taken for something else</h3><p class='dim'>By the training labels, each judged by a model that had "
            "not seen it. The texts set apart to judge by are not shown: nobody shall fit the guideline to them.</p>"
        )
    )
    if not pairs:
        st.info("It makes no mistake on its training labels.")
        return
    look.put(_matrix(task, pairs))
    names = {number: _named(pair) for number, pair in enumerate(pairs)}
    chosen = st.selectbox("Show the texts", list(names), format_func=names.__getitem__, key="pair")
    if chosen is not None:
        pair = pairs[chosen]
        found = service.results(task.name, "confused", cls=pair["label"], limit=50)["pairs"]
        texts = next((one["texts"] for one in found if one["predicted"] == pair["predicted"]), pair["texts"])
        rows = [(text["text"], words.percent(text["confidence"])) for text in texts]
        look.put(look.table(["Text", f"Sure that it is {pair['predicted']}"], rows, numbers=[1]))
        if len(texts) < pair["count"]:
            st.caption(f"The {len(texts)} surest of {pair['count']}.")


def _matrix(task: wire.Task, pairs: list[Mapping[str, Any]]) -> Any:
    """How often each class is taken for each other one; rows are what a text is labeled."""
    names = [one.name for one in task.classes]
    counts = {(pair["label"], pair["predicted"]): pair["count"] for pair in pairs}
    most = max(counts.values())
    rows = []
    for label in names:
        cells = [_cell(counts.get((label, other), 0), most) if other != label else "·" for other in names]
        rows.append((label, *cells))
    return look.table(["Labeled ↓  called →", *names], rows, numbers=range(1, len(names) + 1))


def _cell(count: int, most: int) -> Any:
    share = round(55 * count / most)
    return look.html(
        "<span class='laud-heat' style='background:color-mix(in srgb,#E69F00 {}%,transparent)'>{}</span>",
        share,
        f"{count:,}",
    )


def _named(pair: Mapping[str, Any]) -> str:
    return f"{pair['label']} → {pair['predicted']}  ({pair['count']:,} of {pair['of']:,})"
