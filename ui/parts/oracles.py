"""Who labels, how far they can be believed, and what they cost."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Service
from ui.parts import look, words
from ui.parts.charts import BLUE, CLOSE, GREY, PERCENT, said_against_true


def show(service: Service, task: wire.Task) -> None:
    """Cost by source, then each oracle that was checked, then how people agree."""
    _costs(service.costs(task.name))
    found = service.oracles(task.name)
    for number, one in enumerate(found):
        _oracle(one, number)
    if not found:
        st.info(
            "No oracle was checked here. A run with a language model begins with checks: it answers a sample, and you "
            "judge some of its answers."
        )
    people = service.agreement(task.name)
    if people.votes:
        _people(people)


def _costs(found: wire.Costs) -> None:
    rows = [
        (_who(one.source), f"{one.answers:,}", f"{one.failed:,}", words.dollars(one.dollars)) for one in found.sources
    ]
    look.put(
        look.html("<h3>What labels cost</h3>"),
        look.table(["Who", "Answers", "Failed", "Paid"], rows, numbers=[1, 2, 3]),
    )
    more = [f"{words.dollars(found.spent)} in all"]
    if found.opinions:
        more.append(f"{words.dollars(found.opinions)} of it for checks and answers asked again")
    if found.reserved:
        more.append(f"{words.dollars(found.reserved)} set aside for offline batches")
    if found.left is not None:
        more.append(f"{words.dollars(found.left)} left of {words.dollars(found.limit or 0.0)}")
    look.put(look.html("<p class='dim'>{}.</p>", ", ".join(more)))


def _oracle(one: wire.OracleReport, number: int) -> None:
    look.put(look.html("<h3>{}</h3><p class='laud-before'>{}</p>", one.oracle, one.advice), look.tiles(*_tiles(one)))
    if one.classes:
        rows = [(a.name, f"{a.answers:,}", f"{a.checked:,}", _score(a.right), _score(a.found)) for a in one.classes]
        look.put(look.table(["Class", "Answers", "Checked", "Right", "Found"], rows, numbers=[1, 2, 3, 4]))
    if one.confidence:
        look.put(
            look.html(
                "<p class='dim'>How often it is right, by how sure it says it is. Numbers are answers checked of those "
                "given; on the dashed line it would mean what it says.</p>"
            )
        )
        st.vega_lite_chart(spec=spec(one.confidence), width="stretch", key=f"sure-{number}", alt=_told(one.confidence))


def _tiles(one: wire.OracleReport) -> list[Markup]:
    steady = one.steadiness
    again = f"{steady.repeats:,} texts asked again"
    parts = [
        ("Right", one.accuracy, f"{one.checks:,} of {one.sampled:,} checked"),
        ("Says the same again", steady.agreement, again),
        ("With the classes in another order", steady.by_order, ""),
        ("Asked in other words", steady.by_paraphrase, ""),
    ]
    found = [
        look.tile(name, words.NONE, "not known yet")
        if value is None
        else look.tile(name, words.percent(value.value), f"{words.interval(value.model_dump())}\n{more}".strip())
        for name, value, more in parts
    ]
    if steady.drift is not None:
        drift = steady.drift
        ends = f"{100 * drift.low:+.0f} to {100 * drift.high:+.0f}"
        found.append(look.tile("Drift", f"{100 * drift.value:+.0f}", f"{ends} points\nlatest round against before"))
    return found


def _people(found: wire.Agreement) -> None:
    alpha = words.NONE if found.alpha is None else f"{found.alpha.value:.2f}"
    ends = "" if found.alpha is None else f"{found.alpha.low:.2f} to {found.alpha.high:.2f}\n"
    look.put(
        look.html("<h3>How people agree</h3>"),
        look.tiles(
            look.tile("Krippendorff's alpha", alpha, f"{ends}1 is perfect, 0 is chance"),
            look.tile("All said the same", f"{found.agreed:,}", f"of {found.texts:,} texts that several answered"),
        ),
    )
    rows = [
        (
            _who(one.source),
            f"{one.answers:,}",
            f"{one.unsure + one.skipped:,}",
            words.NONE if one.with_consensus is None else _score(one.with_consensus),
            words.NONE if one.seconds is None else words.seconds(one.seconds),
        )
        for one in found.annotators
    ]
    if rows:
        head = ["Who", "Answers", "Unsure or left out", "As the others", "Time each"]
        look.put(look.table(head, rows, numbers=[1, 2, 3, 4]))


def _who(source: str) -> str:
    return source.removeprefix("human:")


def _score(value: wire.Estimate) -> Markup:
    return look.html("{} <span class='dim'>{}</span>", words.percent(value.value), words.interval(value.model_dump()))


def _told(steps: Sequence[wire.ConfidenceStep]) -> str:
    parts = (f"from {one.low:.1f}: {words.percent(one.right.value)} right" for one in steps if one.right is not None)
    return f"Confidence of the oracle, {'; '.join(parts)}."


def spec(steps: Sequence[wire.ConfidenceStep]) -> dict[str, Any]:
    """The chart in Vega-Lite: the share right by stated confidence."""
    rows = [
        {
            "sure": one.low + 0.05,
            "texts": f"{one.checked}/{one.answers}",
            **({"value": None, "low": None, "high": None} if one.right is None else one.right.model_dump()),
        }
        for one in steps
    ]
    x = {**PERCENT, "field": "sure", "axis": {**PERCENT["axis"], "title": "It says it is sure"}}
    y = {**PERCENT, "axis": {**PERCENT["axis"], "title": "It is right"}}
    return {
        "height": 280,
        "padding": dict(CLOSE),
        "data": {"values": rows},
        "layer": [
            *said_against_true(x, y),
            {
                "mark": {"type": "circle", "color": BLUE, "size": 90, "opacity": 1},
                "encoding": {"x": x, "y": {**y, "field": "value"}},
            },
            {
                "mark": {"type": "text", "dy": -9, "color": GREY},
                "encoding": {"x": x, "y": {"value": {"expr": "height"}}, "text": {"field": "texts"}},
            },
        ],
    }
