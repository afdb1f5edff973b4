"""What waits for the person: a card to decide on, texts to label, a question with its answers."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, talking, words

NAMES: Mapping[str, str] = {
    "labels": "Training labels, at most",
    "rounds": "Rounds, at most",
    "batch": "Texts a round",
    "gold": "Texts to judge by",
    "budget": "Budget in dollars",
}


ABREAST = 3
"""Numbers of a card side by side."""


def show(service: Service, view: wire.View) -> None:
    """The card, the texts or the answers that the conversation waits for."""
    pending = view.pending
    if pending is not None and pending["kind"] == "labels":
        _labels(pending)
    elif not entrance.is_owner():
        _for_the_owner(pending)
    elif pending is not None:
        _card(service, view.conversation.id, pending)
    elif not view.busy:
        _plan(service, view)
        _replies(service, view)


def _for_the_owner(pending: Mapping[str, Any] | None) -> None:
    """A card that somebody else decides on."""
    if pending is not None:
        with st.container(border=True, key="card-of-the-owner"):
            form = "<h3>{}?</h3><p>{}</p><p class='dim'>An owner decides on this.</p>"
            look.put(look.html(form, pending["title"], pending["what"]))


def _card(service: Service, conversation: str, card: Mapping[str, Any]) -> None:
    key = str(card["call"])
    with st.container(border=True, key=f"card-{key}"):
        look.put(look.html("<h3>{}?</h3><p>{}</p>", card["title"], card["what"]))
        _price(card)
        changes = _numbers(key, card.get("editable") or {})
        reason = st.text_input("If not, why?", key=f"reason-{key}", placeholder="LAUD heeds it", max_chars=2_000)
        with st.container(horizontal=True):
            if st.button("Approve", key=f"approve-{key}", type="primary", icon=":material/check:"):
                _decide(service, conversation, {"decision": "approve", "changes": changes})
            if st.button("Refuse", key=f"refuse-{key}", icon=":material/close:"):
                _decide(service, conversation, {"decision": "refuse", "reason": reason})


def _price(card: Mapping[str, Any]) -> None:
    facts = []
    if card.get("dollars"):
        low, high = card["dollars"]
        facts.append(f"{words.dollars(low)} to {words.dollars(high)}")
    if card.get("budget_left") is not None:
        facts.append(f"{words.dollars(card['budget_left'])} of the budget is left")
    if facts:
        look.put(look.html("<p class='num'><strong>{}</strong></p>", ", ".join(facts)))


def _numbers(key: str, editable: Mapping[str, Any]) -> dict[str, float | int | None]:
    """The numbers of the card that the person changed."""
    changes: dict[str, float | int | None] = {}
    if not editable:
        return changes
    columns = [column for _ in range(0, len(editable), ABREAST) for column in st.columns(ABREAST)]
    for column, (name, value) in zip(columns, editable.items(), strict=False):
        dollars = name == "budget"
        given = column.number_input(
            NAMES.get(name, name),
            min_value=0.0 if dollars else 0,
            value=None if value is None else float(value) if dollars else int(value),
            step=0.1 if dollars else 1,
            format="%.2f" if dollars else "%d",
            placeholder="as usual",
            key=f"{name}-{key}",
        )
        if given is not None and given != value:
            changes[name] = given
    return changes


def _decide(service: Service, conversation: str, reply: Mapping[str, Any]) -> None:
    try:
        service.reply(conversation, reply)
    except Refused as error:
        entrance.told(error)
    else:
        st.rerun()


def _plan(service: Service, view: wire.View) -> None:
    """A plan to begin, with its numbers to change."""
    if view.plan is None:
        return
    key = view.messages[-1].id
    with st.container(border=True, key=f"plan-{key}"):
        look.put(look.html("<h3>Begin with this plan?</h3><p class='dim'>{}</p>", view.plan.words))
        changes = _numbers(key, view.plan.editable)
        with st.container(horizontal=True):
            begin = "Begin with these numbers" if changes else "Begin"
            if st.button(begin, key=f"approve-{key}", type="primary", icon=":material/play_arrow:"):
                _decide(service, view.conversation.id, {"decision": "approve", "changes": changes})
            if st.button("Not now", key=f"refuse-{key}", icon=":material/close:"):
                _decide(service, view.conversation.id, {"decision": "refuse"})
            other = _other_oracle(service, view.plan)
            if other is not None and st.button(other[0], key=f"other-{key}", type="tertiary"):
                talking.say(service, other[1], view.conversation.id)


def _other_oracle(service: Service, plan: wire.Plan) -> tuple[str, str] | None:
    """Who else could label, as a button and as what is then said; the plan is worked out anew, with its price."""
    if "labeled by you" not in plan.words:
        return "I label myself", "label them myself"
    return ("Let the language model label", "with the llm") if service.health().llm else None


def _labels(pending: Mapping[str, Any]) -> None:
    texts = int(pending["texts"])
    with st.container(border=True, key="labels-wanted"):
        look.put(
            look.html(
                "<h3>{} {} for your label</h3><p class='dim'>{}</p>",
                f"{texts:,}",
                "text waits" if texts == 1 else "texts wait",
                "One key a text. The run goes on by itself when they have one; you may leave and come back.",
            )
        )
        if entrance.may_label() and st.button("Label them", key="to-desk", type="primary", icon=":material/edit_note:"):
            st.switch_page(st.session_state["views"]["label"], query_params={"task": str(pending["task"])})


def _replies(service: Service, view: wire.View) -> None:
    """The answers that LAUD offers, a button each."""
    if not view.replies or view.plan is not None:
        return
    last = view.messages[-1].id
    with st.container(horizontal=True, key="replies"):
        for number, reply in enumerate(view.replies):
            if st.button(look.label(reply), key=f"reply-{last}-{number}"):
                talking.say(service, reply, view.conversation.id)
