"""The board of the labeling desk in the browser, and what it says, carried to the service.

The board shows the next text before the answer to the last one has arrived. It numbers what the person does, and sends
all of it again until it is told that it was taken: no key is lost, whatever becomes of a run of the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service

AHEAD = 6
"""Texts that are held for the person and loaded in the browser."""
_HERE = Path(__file__).parent


@dataclass(slots=True, kw_only=True)
class Seat:
    """One person at the desk of a task in one tab: what is loaded, and how far the board's log is carried out.

    `looks` counts how often in a row there was nothing to answer and nothing at work.
    """

    task: str
    classes: list[wire.DeskClass]
    queue: list[str] = field(default_factory=list)
    items: dict[str, wire.DeskItem] = field(default_factory=dict)
    progress: wire.DeskProgress | None = None
    sitting: str = ""
    ack: int = 0
    trouble: str = ""
    looks: int = 0

    def hold(self, hand: wire.DeskHand) -> None:
        """Take what the service hands out."""
        known = {**self.items, **{one.id: one for one in hand.items}}
        self.items = {one: known[one] for one in hand.queue if one in known}
        self.queue = [one for one in hand.queue if one in known]
        self.progress = hand.progress


def sit(service: Service, task: str) -> Seat:
    """Sit down at the desk of a task."""
    opened = service.sit(task, ahead=AHEAD)
    seat = Seat(task=task, classes=opened.classes)
    seat.hold(opened.hand)
    return seat


def carry_out(service: Service, seat: Seat, log: Mapping[str, Any] | None) -> None:
    """Do what the board's log says and was not done yet, in order; the same again changes nothing.

    What the service refuses is told, and what comes next is what it hands out now.
    """
    if not log:
        return
    if log["sitting"] != seat.sitting:
        seat.sitting, seat.ack = str(log["sitting"]), 0
    for entry in log["entries"]:
        if entry["seq"] <= seat.ack:
            continue
        try:
            seat.trouble = ""
            if entry.get("undo"):
                seat.hold(service.undo(seat.task, ahead=AHEAD).hand)
            else:
                seat.hold(service.answer(seat.task, _answer(seat, entry)).hand)
        except Refused as error:
            seat.trouble = error.detail
            seat.hold(service.sit(seat.task, ahead=AHEAD).hand)
        seat.ack = int(entry["seq"])


def show(seat: Seat, *, empty: Mapping[str, str]) -> None:
    """Draw the board; `empty` has the title and the words for when no text is left."""
    progress = seat.progress or wire.DeskProgress(answered=0, left=0, waiting=0, conflicts=0)
    data = {
        "task": seat.task,
        "sitting": seat.sitting,
        "ack": seat.ack,
        "classes": [one.model_dump() for one in seat.classes],
        "items": [seat.items[one].model_dump() for one in seat.queue],
        "progress": progress.model_dump(),
        "trouble": seat.trouble,
        "empty": dict(empty),
    }
    _board()(key=key(seat.task), data=data, on_log_change=lambda: None)


def key(task: str) -> str:
    """Under which name Streamlit keeps what the board of a task said last."""
    return f"board-{task}"


def said(task: str) -> Mapping[str, Any] | None:
    """The board's log as it was sent last."""
    state: Mapping[str, Any] | None = st.session_state.get(key(task))
    return None if state is None else state.get("log")


def _answer(seat: Seat, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "said": entry["said"],
        "note": entry.get("note") or None,
        "seconds": entry.get("seconds", 0.0),
        "also": entry.get("also", []),
        "ahead": AHEAD,
        "have": [one for one in seat.queue if one != entry["id"]],
    }


@cache
def _board() -> Any:
    return st.components.v2.component(
        "laud_board",
        html="<div id='board'></div>",
        css=(_HERE / "board.css").read_text(encoding="utf-8"),
        js=(_HERE / "board.js").read_text(encoding="utf-8"),
    )
