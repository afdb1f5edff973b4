"""A round that closed, on a card: labels, score with its interval, change, cost, what was picked and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from markupsafe import Markup

from ui.client import Refused, Service
from ui.parts import look, words
from ui.parts.timeline import Block, RoundCard

PICKED = 50
"""Picked texts of a round that are looked at, to say why they were picked."""
QUOTED = 2
"""Of them, those that stand on its card."""


def with_reasons(service: Service, blocks: Sequence[Block]) -> list[Block]:
    """The blocks, the latest round of each task with why its texts were picked; asked once a tab."""
    known: dict[tuple[str, int], Sequence[Mapping[str, Any]]] = st.session_state.setdefault("reasons", {})
    cards = [one for one in blocks if isinstance(one, RoundCard)]
    for task, number in {one.task: one.number for one in cards}.items():
        if (task, number) not in known:
            try:
                known[task, number] = service.results(task, "why", round=number, limit=PICKED)["texts"]
            except Refused:
                known[task, number] = ()  # the task is gone, or nothing was picked
    return [
        replace(one, why=known.get((one.task, one.number), ())) if isinstance(one, RoundCard) else one for one in blocks
    ]


def html(block: RoundCard) -> Markup:
    """The card."""
    card = block.card
    more = "" if block.before is None else f" ({card['labels'] - block.before['labels']:+,})"
    facts = [
        f"{card['labels']:,} labels{more}",
        f"{card['oracle_calls']:,} answers",
        f"{words.dollars(float(card['cost']))} spent",
        f"strategy {str(card['strategy']).partition('/')[0]}",
    ]
    return look.html(
        "<section class='laud-card' aria-label='{0}'><h3>{0}</h3>{1}<div class='row dim num'>{2}</div>{3}</section>",
        "Seed and first model" if block.number == 0 else f"Round {block.number}",
        _score(block),
        look.joined(look.html("<span>{}</span>", one) for one in facts),
        _picked(block.why),
    )


def _score(block: RoundCard) -> Markup:
    found = words.headline(block.card.get("scores"))
    if found is None:
        return Markup("")
    name, value = found
    return look.html(
        "<div class='row'><span class='big'>{}</span><span class='dim'>{} of {}, 95 % interval {}</span>{}</div>",
        words.percent(value["value"]),
        name,
        block.card["scores"]["of"],
        words.interval(value),
        _change(block),
    )


def _change(block: RoundCard) -> Markup:
    before = None if block.before is None else words.headline(block.before.get("scores"))
    now = words.headline(block.card.get("scores"))
    if before is None or now is None:
        return Markup("")
    points = round(100 * (now[1]["value"] - before[1]["value"]))
    sign, kind = ("▲", "laud-up") if points > 0 else ("▼", "laud-down") if points < 0 else ("=", "dim")
    return look.html("<span class='{} num'>{} {}</span>", kind, sign, words.points(abs(points) / 100))


def _picked(why: Sequence[Mapping[str, Any]]) -> Markup:
    """What was picked and why: the reasons with how many texts have each, and a few of the texts."""
    if not why:
        return Markup("")
    reasons = Counter(str(one["why"]).partition(". ")[0].rstrip(".") for one in why)
    lines = [_reason(reason, count if len(why) < PICKED else None) for reason, count in reasons.most_common()]
    form = "<li>“{}” <span class='dim'>{}</span></li>"
    texts = [look.html(form, one["text"], one["label"] or "waits for a label") for one in why[:QUOTED]]
    return look.html(
        "<div class='laud-picked'><p class='dim small'>Why its texts were picked</p><ul>{}</ul>"
        "<ul class='texts'>{}</ul></div>",
        look.joined(lines),
        look.joined(texts),
    )


def _reason(sentence: str, count: int | None) -> Markup:
    """A reason, and how many texts have it where all were counted."""
    many = "" if count is None else f"{count:,} {'text' if count == 1 else 'texts'}: "
    return look.html("<li>{}{}</li>", many, sentence[:1].lower() + sentence[1:])
