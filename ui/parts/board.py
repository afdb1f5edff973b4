"""The board of the labeling desk in the browser, and what it said last."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from agent.service import wire
from ui.parts.seat import Seat

_HERE = Path(__file__).parent
_SCRIPTS = ("desk_log.js", "board.js")
"""The board's script, in the order in which its parts build on each other."""
_DIGITS = 9


def show(seat: Seat, classes: Sequence[wire.TaskClass], *, empty: Mapping[str, str]) -> None:
    """Draw the board; `empty` has the title and the words for when nothing is left."""
    data = {
        "task": seat.task,
        "queue": seat.queue.name,
        "sitting": seat.sitting,
        "ack": seat.ack,
        "classes": [
            {**one.model_dump(), "key": str(number) if number <= _DIGITS else ""}
            for number, one in enumerate(classes, start=1)
        ],
        "items": seat.items,
        "progress": seat.progress.model_dump(),
        "given": [one.model_dump() for one in seat.given],
        "back": seat.back,
        "done": len(seat.done),
        "undo": bool(seat.done or seat.given),
        "trouble": seat.trouble,
        "empty": dict(empty),
    }
    _board()(key=key(seat.task, seat.queue.name), data=data, on_log_change=lambda: None)


def key(task: str, queue: str) -> str:
    """Under which name Streamlit keeps what the board of a queue said last."""
    return f"board-{queue}-{task}"


def said(task: str, queue: str) -> Mapping[str, Any] | None:
    """The board's log as it was sent last."""
    state: Mapping[str, Any] | None = st.session_state.get(key(task, queue))
    return None if state is None else state.get("log")


@cache
def _board() -> Any:
    return st.components.v2.component(
        "laud_board",
        html="<div id='board'></div>",
        css=(_HERE / "board.css").read_text(encoding="utf-8"),
        js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
    )
