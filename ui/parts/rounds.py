"""Rounds side by side: what each took and brought, two of them against each other, and why texts were picked."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Service
from ui.parts import curve, history, look, words

LUCK = 0.05
"""Chance below which a difference is taken for more than luck."""


def show(service: Service, task: wire.Task) -> None:
    """All rounds, two of them compared, and the texts of the latest."""
    rounds = service.rounds(task.name)
    look.put(look.html("<h3>Rounds side by side</h3>"), table(rounds, task))
    scored = [one for one in rounds if one.scores is not None]
    if len(scored) > 1:
        _compare(service, task, scored)
    history.picked(service, task)


def measures(task: wire.Task) -> list[str]:
    """The scores that tell most of a task."""
    return ["f1", "precision", "recall", "accuracy"] if task.positive else ["accuracy", "macro_f1"]


def table(rounds: Sequence[wire.Round], task: wire.Task) -> Markup:
    """One row a round; its model is the one that was made in it."""
    main = measures(task)[0]
    rows = [
        (
            one.number,
            f"{one.labels:,}",
            f"{one.oracle_calls:,}",
            words.dollars(one.cost),
            _score(one, main, task),
            words.NONE if one.agreement is None else f"{one.agreement:.2f}",
            one.strategy.partition("/")[0],
            one.learner,
            words.seconds(one.seconds),
        )
        for one in rounds
    ]
    head = ["Round", "Labels", "Answers", "Paid", words.MEASURES[main], "As before", "Picked by", "Model", "Time"]
    note = look.html(
        "<p class='dim small'>As before: agreement with the model of the round before on the whole pool (Cohen's "
        "kappa, 1 is the same).</p>"
    )
    return look.joined([look.table(head, rows, numbers=[0, 1, 2, 3, 4, 5, 8]), note])


def _compare(service: Service, task: wire.Task, scored: Sequence[wire.Round]) -> None:
    by_number = {one.number: one for one in scored}
    numbers = list(by_number)
    look.put(look.html("<h3>Two rounds against each other</h3>"))
    left, right = st.columns(2)
    first = left.selectbox("Round", numbers, index=0, key="first-round", format_func=lambda one: _named(by_number[one]))
    second = right.selectbox(
        "against round",
        numbers,
        index=len(numbers) - 1,
        key="second-round",
        format_func=lambda one: _named(by_number[one]),
    )
    if first == second:
        st.caption("Choose two different rounds.")
        return
    before, after = by_number[first], by_number[second]
    rows: list[tuple[object, ...]] = []
    for name in measures(task):
        one, other = (curve.score_of(r.scores, name, task.positive) for r in (before, after) if r.scores is not None)
        if one is not None and other is not None:
            change = words.change(other.value - one.value)
            rows.append((words.MEASURES[name], _shown(one), _shown(other), change))
    rows += [
        ("Labels", f"{before.labels:,}", f"{after.labels:,}", f"{after.labels - before.labels:+,}"),
        ("Model", before.learner, after.learner, ""),
    ]
    head = ["", f"Round {first}", f"Round {second}", "Change"]
    look.put(look.table(head, rows, numbers=[1, 2, 3]))
    _differences(service.comparison(task.name, int(first), int(second), limit=20))


def _differences(found: Mapping[str, Any]) -> None:
    judged = (
        f" Of the gold texts {found['gained']:,} became right and {found['lost']:,} wrong; "
        + (
            f"by luck alone that much differs with a chance of {words.percent(found['chance'])}."
            if found["chance"] >= LUCK
            else f"luck alone does that with a chance of {words.percent(found['chance'], 1)}."
        )
        if found["gained"] or found["lost"]
        else " They are right about the same gold texts."
    )
    look.put(
        look.html(
            "<p>The two models call {} of {} texts of the pool differently.{}</p>",
            f"{found['changed']:,}",
            f"{found['of']:,}",
            judged,
        )
    )
    if found["texts"]:
        rows = [(one["text"], one["before"], one["after"]) for one in found["texts"]]
        with st.expander(f"The {len(rows)} of them that they are surest about"):
            look.put(look.table(["Text", "Before", "After"], rows))


def _named(one: wire.Round) -> str:
    return f"{one.number} ({one.labels:,} labels, {one.learner})"


def _score(one: wire.Round, name: str, task: wire.Task) -> str | Markup:
    estimate = None if one.scores is None else curve.score_of(one.scores, name, task.positive)
    return words.NONE if estimate is None else _shown(estimate)


def _shown(score: wire.Estimate) -> Markup:
    ends = words.interval(score.model_dump())
    return look.html("{} <span class='dim'>{}</span>", words.percent(score.value), ends)
