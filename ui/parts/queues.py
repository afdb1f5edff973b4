"""The queues of the labeling desk: texts that wait, groups, conflicts, and labels in doubt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.service import wire
from ui.client import Service
from ui.parts import words
from ui.parts.seat import Done, Item, Queue, Seat, shown

BACK = 20
"""Answers that one can jump back to."""
GROUPS, DOUBTS = 10, 50
"""Groups, and labels in doubt, that are fetched at once."""
RIGHT = 0.9
"""Probability of being right from which on a label is not shown as doubtful."""
TIED = 0.55
"""Probability up to which votes do not say which class is the likeliest."""
PASS = "pass"  # noqa: S105 - what is said of an item that is left as it is


class Labeling:
    """The texts that wait for a label, handed out by the service."""

    name = "label"

    def load(self, service: Service, seat: Seat) -> None:
        """Hold the next texts."""
        _hold(seat, service.sit(seat.task, ahead=seat.ahead).hand)
        seat.given = service.answered(seat.task, limit=BACK)

    def answer(self, service: Service, seat: Seat, entry: Mapping[str, Any]) -> None:
        """Store an answer to a text, or another one to a text that was answered before."""
        said = {
            "id": entry["id"],
            "said": entry["said"],
            "note": entry.get("note") or None,
            "seconds": entry.get("seconds", 0.0),
            "also": entry.get("also", []),
            "ahead": seat.ahead,
            "have": [one["id"] for one in seat.items if one["id"] != entry["id"]],
        }
        _hold(seat, service.answer(seat.task, said).hand)
        seat.given = service.answered(seat.task, limit=BACK)
        seat.back = None

    def undo(self, service: Service, seat: Seat) -> None:
        """Take the last answer back; its text comes first."""
        _hold(seat, service.undo(seat.task, ahead=seat.ahead).hand)
        seat.given = service.answered(seat.task, limit=BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Items that are fetched at once and worked through; `store` returns how many labels an answer made."""

    name: str
    find: Callable[[Service, str], list[Item]]
    store: Callable[[Service, str, Mapping[str, Any]], int]

    def load(self, service: Service, seat: Seat) -> None:
        """Fetch all anew, but for those that were passed over here."""
        passed = {one.item["id"] for one in seat.done if not one.stored}
        seat.items = [one for one in self.find(service, seat.task) if one["id"] not in passed]

    def answer(self, service: Service, seat: Seat, entry: Mapping[str, Any]) -> None:
        """Store what is said of an item, unless it is passed over."""
        item = next((one for one in seat.items if one["id"] == entry["id"]), None)
        if item is None:
            return  # it was answered before the page was loaded again
        stored = 0 if entry["said"] == PASS else self.store(service, seat.task, entry)
        seat.items = [one for one in seat.items if one is not item]
        seat.done.append(Done(item=item, stored=stored))

    def undo(self, service: Service, seat: Seat) -> None:
        """Take the last answer back, as far as it was given here; its item comes first."""
        if not seat.done:
            return
        if seat.done[-1].stored:
            service.take_back(seat.task, seat.done[-1].stored)
        seat.items = [seat.done.pop().item, *seat.items]


def who(source: str) -> str:
    """Who gave a label, without the kind that a name belongs to."""
    return source.partition(":")[2] or source


def _hold(seat: Seat, hand: wire.DeskHand) -> None:
    """Take what the service hands out."""
    known = {one["id"]: one for one in seat.items} | {one.id: shown(one) for one in hand.items}
    seat.items = [known[one] for one in hand.queue if one in known]
    seat.progress = hand.progress


def _item(text: str, words_of_it: str, **more: Any) -> Item:
    return {"id": text, "text": words_of_it, "why": "", "hints": [], "alike": [], "similar": [], "note": None, **more}


def _conflicts(service: Service, task: str) -> list[Item]:
    """The texts on which people disagree, with what each said and how probable the likeliest class is."""
    found = []
    for one in service.conflicts(task):
        votes = [{"who": who(v.source), "said": v.label or v.outcome, "note": v.note or ""} for v in one.votes]
        likeliest = max(one.probabilities, key=lambda name: one.probabilities[name], default=None)
        sure = 0.0 if likeliest is None else one.probabilities[likeliest]
        tells = likeliest is not None and sure > TIED
        hints = [f"Likeliest by all votes: {likeliest} ({words.percent(sure)})"] if tells else []
        found.append(_item(one.id, one.text, votes=votes, likeliest=likeliest, sure=sure, hints=hints))
    return found


def _decide(service: Service, task: str, entry: Mapping[str, Any]) -> int:
    return service.decide(task, {"labels": {entry["id"]: entry["said"]}, "note": entry.get("note") or None}).decided


def _doubts(service: Service, task: str) -> list[Item]:
    """Labels that are likely wrong, likeliest first."""
    found = []
    for one in service.doubts(task, limit=DOUBTS):
        if one.right >= RIGHT and not one.worth:
            continue
        given = f"Labeled {one.label} by {who(one.source)}, right with a probability of {words.percent(one.right)}."
        other = f"If not, rather {one.suggested}, says a model that had not seen the label."
        found.append(_item(one.id, one.text, label=one.label, hints=[given, other]))
    return found


def _settle(service: Service, task: str, entry: Mapping[str, Any]) -> int:
    decided = {"labels": {entry["id"]: entry["said"]}, "note": entry.get("note") or None}
    return service.decide_doubts(task, decided).stored


def _groups(service: Service, task: str) -> list[Item]:
    """Unlabeled texts that mean about the same."""
    found = []
    for one in service.groups(task, limit=GROUPS):
        guess = one.suggestion
        hints = [] if guess is None else [f"The model says {guess.label} of them ({words.percent(guess.confidence)})"]
        alike = [text.model_dump() for text in one.texts]
        found.append(_item(one.texts[0].id, "", group=True, alike=alike, hints=hints))
    return found


def _label(service: Service, task: str, entry: Mapping[str, Any]) -> int:
    return service.label(task, dict.fromkeys(entry["also"], entry["said"])).stored


LABEL: Queue = Labeling()
ALL: tuple[Queue, ...] = (
    LABEL,
    Listed(name="groups", find=_groups, store=_label),
    Listed(name="conflicts", find=_conflicts, store=_decide),
    Listed(name="doubts", find=_doubts, store=_settle),
)
BY_NAME: Mapping[str, Queue] = {one.name: one for one in ALL}
"""What can be worked through at the desk."""
