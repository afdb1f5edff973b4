"""One person at a queue of the desk in one tab: what is loaded, and how far what the board said is carried out.

The board shows the next text before the answer to the last one has arrived. It numbers what the person does, and sends
all of it again until it is told that it was taken: no key is lost, whatever becomes of a run of the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import words

AHEAD, MOST = 6, 12
"""Texts that are held for the person and loaded in the browser; in a list, at most."""
Item = dict[str, Any]
"""A text, or a group of them, as the board draws it."""


class Queue(Protocol):
    """What is worked through at the desk: how it is loaded, answered and taken back."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def load(self, service: Service, seat: "Seat") -> None:
        """Fetch what there is to do now."""
        ...

    def answer(self, service: Service, seat: "Seat", entry: Mapping[str, Any]) -> None:
        """Store what the person said."""
        ...

    def undo(self, service: Service, seat: "Seat") -> None:
        """Take back what she said last."""
        ...


@dataclass(slots=True, kw_only=True)
class Done:
    """An item that was answered, and how many labels that made."""

    item: Item
    stored: int


@dataclass(slots=True, kw_only=True)
class Seat:
    """A copy of what the service has handed out, which can be fetched again.

    `ack` is the last entry of the board's log (of `sitting`) that was carried out. `given` is what the person said
    before, `back` one of these that she looks at again, `done` what she did here. `looks` counts how often in a row
    there was nothing to do.
    """

    task: str
    queue: Queue
    items: list[Item] = field(default_factory=list)
    progress: wire.DeskProgress = field(
        default_factory=lambda: wire.DeskProgress(answered=0, left=0, waiting=0, conflicts=0)
    )
    given: list[wire.DeskGiven] = field(default_factory=list)
    back: Item | None = None
    done: list[Done] = field(default_factory=list)
    ahead: int = AHEAD
    sitting: str = ""
    ack: int = 0
    trouble: str = ""
    looks: int = 0


def sit(service: Service, queue: Queue, task: str) -> Seat:
    """Sit down at a queue of a task."""
    seat = Seat(task=task, queue=queue)
    queue.load(service, seat)
    return seat


def carry_out(service: Service, seat: Seat, log: Mapping[str, Any] | None) -> None:
    """Do what the board's log says and was not done yet, in order; the same again changes nothing.

    What the service refuses is told, and what comes next is what it hands out now.
    """
    if not log:
        return
    if log["sitting"] != seat.sitting:
        seat.sitting, seat.ack = str(log["sitting"]), 0
    ahead = max(AHEAD, min(MOST, int(log.get("ahead", AHEAD))))
    if ahead != seat.ahead:
        seat.ahead = ahead
        seat.queue.load(service, seat)
    for entry in log["entries"]:
        if entry["seq"] <= seat.ack:
            continue
        try:
            seat.trouble = ""
            if entry.get("undo"):
                seat.queue.undo(service, seat)
            else:
                seat.queue.answer(service, seat, entry)
        except Refused as error:
            seat.trouble = error.detail
            seat.queue.load(service, seat)
        seat.ack = int(entry["seq"])
    _look_back(service, seat, log.get("look"))


def _look_back(service: Service, seat: Seat, text: str | None) -> None:
    """Fetch an answered text that the person has jumped back to."""
    if text is None or (seat.back is not None and seat.back["id"] == text):
        return
    try:
        seat.back = shown(service.jump(seat.task, text))
    except Refused as error:
        seat.trouble = error.detail


def shown(one: wire.DeskItem) -> Item:
    """A text of the desk as the board draws it."""
    guess = one.suggestion
    hints = [] if guess is None else [f"The model says {guess.label} ({words.percent(guess.confidence)})"]
    return {**one.model_dump(), "hints": hints}
