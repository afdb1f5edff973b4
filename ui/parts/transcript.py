"""Shows the blocks of a conversation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import streamlit as st
from markupsafe import Markup

from agent.service import wire
from ui.client import Service
from ui.parts import look, round_card, timeline, words, working
from ui.parts.timeline import Block, Feed, RoundCard, Said, Step

SHOWN = "shown"
"""What this tab showed last."""
SIGNS = {"running": "…", "done": "✓", "failed": "!"}


def show(service: Service, view: wire.View, feed: Feed, rounds: Mapping[str, Any]) -> None:
    """The whole conversation, and what is at work in it."""
    draft = feed.draft(view)
    blocks = round_card.with_reasons(service, timeline.blocks(view, draft, rounds))
    st.session_state[SHOWN] = (view.conversation.id, blocks)
    _draw(blocks)
    _to_results(blocks)
    for job in view.jobs:
        at_work = job.status == "running"
        working.show(service, job, stage=feed.stage if at_work else None, left=feed.left if at_work else None)
    if view.busy and not draft and not view.jobs:
        look.put(look.html("<p class='dim' role='status'>Thinking…</p>"))
    if feed.failure is not None and not view.busy:
        st.error(look.label(feed.failure), icon=":material/error:")


def show_again(conversation: str) -> bool:
    """The conversation as this tab saw it last, while the service is away; whether there is anything to show."""
    last, blocks = st.session_state.get(SHOWN, ("", ()))
    if last != conversation:
        return False
    _draw(blocks)
    st.warning(
        "The service does not answer. Nothing is lost; this goes on when it is back.", icon=":material/cloud_off:"
    )
    return True


def _draw(blocks: Sequence[Block]) -> None:
    look.put(
        look.html(
            "<div role='log' aria-label='Conversation'><ol class='laud-log'>{}</ol></div>",
            look.joined(look.html("<li>{}</li>", one) for one in _items(blocks)),
        )
    )


def _to_results(blocks: Sequence[Block]) -> None:
    """The way to the results of the task whose round closed last."""
    task = next((one.task for one in reversed(blocks) if isinstance(one, RoundCard)), None)
    if task is not None and st.button("See the results", key="to-results", icon=":material/monitoring:"):
        st.switch_page(st.session_state["views"]["results"], query_params={"task": task})


def _items(blocks: Iterable[Block]) -> Iterator[Markup]:
    """A piece for each thing said and each round; steps that follow each other are one list."""
    for steps, group in groupby(blocks, key=lambda one: isinstance(one, Step)):
        if steps:
            done = look.joined(_step(one) for one in group if isinstance(one, Step))
            yield look.html("<ul class='laud-steps' aria-label='What was done'>{}</ul>", done)
        else:
            yield from (_one(one) for one in group)


def _one(block: Block) -> Markup:
    match block:
        case Said(mine=True):
            return look.html("<div class='laud-you'><div>{}</div></div>", block.text)
        case Said():
            return look.html("<div class='laud-said'>{}{}</div>", _paragraphs(block.text), "" if block.whole else "▍")
        case RoundCard():
            return round_card.html(block)
        case Step():
            return _step(block)


def _paragraphs(text: str) -> Markup:
    """What LAUD says, as plain text: it quotes texts of the pool. What stands in brackets is an aside."""
    parts = (part for part in text.split("\n\n") if part.strip())
    form = {True: "<p class='laud-aside'>{}</p>", False: "<p>{}</p>"}
    return look.joined(look.html(form[part.startswith("(") and part.endswith(")")], part) for part in parts)


def _step(step: Step) -> Markup:
    what = words.step(step.tool, step.args, step.receipt, running=step.state == "running")
    return look.html(
        "<li class='{0}'><span class='sign' aria-label='{0}'>{1}</span>"
        "<span>{2} <span class='what'>{3}</span></span></li>",
        step.state,
        SIGNS[step.state],
        what,
        "" if step.state == "running" else words.outcome(step.tool, step.receipt),
    )
