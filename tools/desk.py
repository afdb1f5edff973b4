"""The labeling desk: hands texts to people, takes their answers, and shows what helps to decide.

A text that was handed to a person is hers until the lease ends. What is asked about, in which order, and when there is
a label is decided elsewhere (`labeling`, `answers`); the desk sees to it that several people can work through it at
once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from tools.answers import is_settled, settle, vote
from tools.desk_items import Item, Room, alike_among, enter, items_of, lot, shown_to, suggestions
from tools.engine.errors import AskAgain
from tools.engine.records import Answer, OpinionPurpose, Task, TextId
from tools.labeling import Undone, read_answers, undo
from tools.opinions import (
    ALIKE,
    KEY,
    NOTHING_SHOWN,
    Shown,
    known_answers,
    opinion_of,
    person_source,
    standing,
    verdict,
    votes_by_text,
)
from tools.training import known_probabilities
from tools.workbench import Workbench

AHEAD = 3
"""Texts that a person is handed at once, so that the next one is there before the last one is answered."""
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the labeling of a task stands.

    Attributes:
        answered: texts that this person answered.
        left: texts that this person can still answer.
        waiting: texts without a label; when none is left, the next model is trained.
        conflicts: of these, the ones that somebody has to decide about.
    """

    answered: int
    left: int
    waiting: int
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What a person has before her: ids in the order in which they are to be answered, and those not seen before."""

    queue: tuple[TextId, ...]
    items: tuple[Item, ...]
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who works at the desk, how many texts she is handed at once, and which of them she has before her already."""

    person: str | None = None
    ahead: int = AHEAD
    have: tuple[TextId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer at the desk: `said` is a class, `unsure` or `skip`; it also holds for the near-duplicates in `also`."""

    text_id: TextId
    said: str
    note: str | None = None
    seconds: float = 0.0
    also: tuple[TextId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person said of a text: a class, `unsure` or `skip`."""

    text_id: TextId
    text: str
    said: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of an answer: how many texts it was stored for (0 where it was there already), and what is next."""

    stored: int
    hand: Hand


class _Standing:
    """Where a task's labeling stands for one person."""

    def __init__(self, bench: Workbench, task: Task, room: Room, person: str | None) -> None:
        self.source = person_source(person)
        self.settings = room.settings
        self.labels = bench.labels.current(task.name)
        self.waiting = [i for i in room.asked if not is_settled(self.labels.get(i))]
        opinions = bench.opinions.of(task.name)
        self.votes = votes_by_text(opinions)
        self.known = known_answers(opinions)
        self.said = [one for one in opinions if one.source == self.source]
        self.kept = {(text, purpose): one for (text, _, purpose), one in standing(self.said).items()}
        self.mine = {text: one for (text, _), one in self.kept.items()}
        leases = bench.leases.held(task.name, now=bench.clock())
        self.held = {one.text_id for one in leases if one.person == self.source}
        self.others = Counter(one.text_id for one in leases if one.person != self.source)
        self.places, self.conflicts, self.agreed = self._sorted()

    def _sorted(self) -> tuple[dict[TextId, int], list[TextId], list[TextId]]:
        """Texts that the person can answer with the places left on each, those in conflict, and those that agree."""
        places: dict[TextId, int] = {}
        conflicts, agreed = [], []
        for text in self.waiting:
            votes = self.votes.get(text, {})
            found = verdict(votes, self.settings.overlap)
            if found.state == "conflict":
                conflicts.append(text)
                continue
            if found.state == "agreed":
                agreed.append(text)
            if self.settings.overlap == 1 or self.source not in votes:
                places[text] = max(found.missing, 1)
        return places, conflicts, agreed

    def open(self) -> list[TextId]:
        """The texts that can be handed to the person now, those that she holds first."""
        free = [i for i, places in self.places.items() if i in self.held or self.others[i] < places]
        return sorted(free, key=lambda text: text not in self.held)

    def checks(self) -> list[TextId]:
        """The texts with a known answer that the person was not asked about, in an order of her own."""
        unasked = [i for i in self.known if i not in self.mine and i not in self.places]
        return sorted(unasked, key=lambda text: lot(self.source, text))

    def progress(self) -> Progress:
        return Progress(
            answered=len(self.mine),
            left=len(self.places),
            waiting=len(self.waiting),
            conflicts=len(self.conflicts),
        )


def next_items(bench: Workbench, task: Task, seat: Seat, *, first: Sequence[TextId] = ()) -> Hand:
    """Hand the next texts to a person, with the items of those that she does not have yet.

    Nobody else gets them until the lease ends or they are answered, unless several people are asked. Texts in `first`
    come first. Near-duplicates that wait come with the text that they are like, not by themselves.
    """
    room = enter(bench, task)
    state = _stand(bench, task, room, seat)
    return _hand(bench, task, room, state, seat, first)


def answer(bench: Workbench, task: Task, seat: Seat, reply: Reply) -> Taken:
    """Store a person's answer and hand her the next texts; the same answer again changes nothing.

    An answer to a text that somebody else has answered meanwhile, after the lease had ended, is kept as an opinion and
    leaves the label as it is.

    Raises:
        UnknownLabel: naming what is none of the classes.
        UnknownName: for an id that the pool does not hold.
        AskAgain: for a text that nobody is asked about.
    """
    room = enter(bench, task)
    state = _stand(bench, task, room, seat)
    texts = [reply.text_id, *(i for i in dict.fromkeys(reply.also) if i != reply.text_id)]
    said = read_answers(task, dict.fromkeys(texts, reply.said))
    _check(bench, task, state, texts)
    stored = 0
    for text in texts:
        outcome, label = said[text]
        one = Answer(
            text_id=text,
            outcome=outcome,
            label=label,
            seconds=reply.seconds / len(texts),
            source=state.source,
            note=reply.note,
        )
        stored += _keep(bench, task, room, state, one, alike=text != reply.text_id)
    after = _Standing(bench, task, room, seat.person)
    done = [i for i in texts if i in state.held]
    return Taken(stored=stored, hand=_hand(bench, task, room, after, seat, done=done))


def take_back(bench: Workbench, task: Task, seat: Seat) -> tuple[Undone, Hand]:
    """Take back the person's last answer, for near-duplicates too where it held for them; its text comes next."""
    undone = undo(bench, task, count=_decided_last(bench, task, seat), person=seat.person)
    return undone, next_items(bench, undone.task, seat, first=[one.id for one in reversed(undone.withdrawn)])


def _decided_last(bench: Workbench, task: Task, seat: Seat) -> int:
    """How many texts the person's last decision was about: near-duplicates come after the text that they are like."""
    source = person_source(seat.person)
    said = list(standing(one for one in bench.opinions.of(task.name) if one.source == source).values())
    return 1 + sum(1 for _ in takewhile(lambda one: one.variant == ALIKE, reversed(said)))


def answered(bench: Workbench, task: Task, person: str | None = None, *, limit: int = 50) -> list[Given]:
    """What the person said, the latest first: what she can jump back to."""
    mine = list(_Standing(bench, task, enter(bench, task), person).mine.values())[::-1][:limit]
    texts = bench.pools.texts(task.pool, [one.text_id for one in mine])
    return [
        Given(text_id=text.id, text=text.text, said=one.label or one.outcome, note=one.note)
        for one, text in zip(mine, texts, strict=True)
    ]


def jump(bench: Workbench, task: Task, text: TextId, person: str | None = None) -> Item:
    """A text that the person answered before, with her answer, to look at it again; raises AskAgain for another."""
    room = enter(bench, task)
    state = _Standing(bench, task, room, person)
    if text not in state.mine:
        raise AskAgain(f"You did not answer the text {text!r}. `answered` lists those that you can go back to.")
    (item,) = items_of(
        bench, task, room, [text], source=state.source, labels=state.labels, together={}, mine=state.mine
    )
    return item


def progress(bench: Workbench, task: Task, person: str | None = None) -> Progress:
    """Where the labeling of a task stands for a person."""
    return _Standing(bench, task, enter(bench, task), person).progress()


def leave(bench: Workbench, task: Task, person: str | None = None) -> None:
    """Give back the texts that the person holds, so that others get them at once."""
    bench.leases.release(task.name, person_source(person))


def set_known(bench: Workbench, task: Task, labels: Mapping[str, str], *, from_gold: bool = False) -> int:
    """Make answers known, to check people by; returns how many are known now.

    With `from_gold` the labels of the gold sample that people gave are known too. Raises UnknownLabel, UnknownName.
    """
    said = {text: label for text, (_, label) in read_answers(task, labels).items() if label is not None}
    if len(said) < len(labels):
        raise AskAgain("A known answer is a class, not unsure or skip. Nothing was stored.")
    bench.pools.texts(task.pool, list(said))
    if from_gold:
        gold = bench.labels.current(task.name, "gold")
        said = {i: one.answer.label for i, one in gold.items() if one.answer.label is not None} | said
    known = known_answers(bench.opinions.of(task.name, purpose="known"))
    for text, label in said.items():
        if known.get(text) != label:
            one = Answer(text_id=text, outcome="label", label=label, source=KEY)
            bench.opinions.append(task.name, opinion_of(one, task, purpose="known", at=bench.clock()))
    return len(known.keys() | said.keys())


def _hand(  # noqa: PLR0913, PLR0917 - what a request has read
    bench: Workbench,
    task: Task,
    room: Room,
    state: _Standing,
    seat: Seat,
    first: Sequence[TextId] = (),
    done: Sequence[TextId] = (),
) -> Hand:
    """Lease the next texts, let go of those that are `done`, and say what there is to see of the next."""
    found: dict[TextId, list[TextId]] = {}
    for _ in range(_TRIES):
        wanted = [*(i for i in first if i in state.places), *(i for i in state.open() if i not in first)]
        together = alike_among(bench, room, wanted, most=seat.ahead)
        held = _leased(bench, task, state, [*together, *(i for alike in together.values() for i in alike)], done)
        found = {i: [other for other in alike if other in held] for i, alike in together.items() if i in held}
        if found or not together:
            break
        state = _Standing(bench, task, room, seat.person)  # others were quicker
    queue = _with_checks(task, state, list(found), seat.ahead)
    items = items_of(
        bench,
        task,
        room,
        [i for i in queue if i not in seat.have],
        source=state.source,
        labels=state.labels,
        together=found,
        mine=state.mine,
    )
    return Hand(queue=tuple(queue), items=tuple(items), progress=state.progress())


def _leased(
    bench: Workbench, task: Task, state: _Standing, wanted: Sequence[TextId], done: Sequence[TextId]
) -> set[TextId]:
    """Lease texts; returns those that the person holds then and that still want her answer."""
    if not wanted and not done:
        return set()
    now = bench.clock()
    until = now + timedelta(seconds=state.settings.lease_seconds)
    places = {i: state.places[i] for i in wanted}
    given = bench.leases.take(task.name, state.source, places, size=len(places), now=now, until=until, done=done)
    new = [i for i in given if i not in state.held]
    late = _answered_meanwhile(bench, task, state, new) if new else []
    if late:
        bench.leases.release(task.name, state.source, late)
    return set(given) - set(late)


def _answered_meanwhile(bench: Workbench, task: Task, state: _Standing, new: Sequence[TextId]) -> list[TextId]:
    """Of texts leased just now, those that others answered, and let go, between the look at them and the lease."""
    labels = bench.labels.current(task.name)
    votes = votes_by_text(bench.opinions.of(task.name, texts=new))
    leases = bench.leases.held(task.name, now=bench.clock())
    others = Counter(one.text_id for one in leases if one.person != state.source)
    return [
        i
        for i in new
        if is_settled(labels.get(i)) or others[i] + len(votes.get(i, {})) >= max(state.settings.overlap, 1)
    ]


def _with_checks(task: Task, state: _Standing, texts: Sequence[TextId], ahead: int) -> list[TextId]:
    """The queue with known texts in the places that the lot gives them."""
    rest, checks = list(texts), state.checks()
    begun = sum(1 for one in state.said if one.variant != ALIKE)
    queue: list[TextId] = []
    for place in range(begun, begun + ahead):
        drawn = lot("check", task.name, state.source, str(place)) < state.settings.known_share
        source = checks if checks and (drawn or (not rest and state.settings.known_share == 1)) else rest
        if source:
            queue.append(source.pop(0))
    return queue


def _check(bench: Workbench, task: Task, state: _Standing, texts: Sequence[TextId]) -> None:
    """Raise for texts that the pool does not hold, or that nobody is asked about."""
    asked = (state.places, state.labels, state.votes, state.known)
    for text in texts:
        if not any(text in ones for ones in asked):
            bench.pools.texts(task.pool, [text])
            raise AskAgain(
                f"The text {text!r} does not wait for an answer. Take the next one; to label a text that nobody asked "
                "about, give it a label outside the desk. Nothing was stored."
            )


def _keep(  # noqa: PLR0913 - what a request has read
    bench: Workbench, task: Task, room: Room, state: _Standing, one: Answer, *, alike: bool
) -> bool:
    """Store an answer for what it is: a vote, an answer to a known text, or a check of what was settled meanwhile."""
    text = one.text_id
    purpose: OpinionPurpose = "vote"
    if text not in state.places and state.source not in state.votes.get(text, {}):
        purpose = "known" if text in state.known else "check"
    before = state.kept.get((text, purpose))
    if before is not None and (before.outcome, before.label, before.note) == (one.outcome, one.label, one.note):
        return False
    if alike:
        shown = NOTHING_SHOWN
    elif before is not None:
        shown = Shown(suggested=before.suggested, withheld=before.withheld)
    else:
        guesses = (
            suggestions(room, task, known_probabilities(bench, task, [text], scores=room.scores))
            if room.settings.suggestions
            else {}
        )
        shown = shown_to(room, task, state.source, guesses, text)
    if purpose == "vote":
        vote(bench, one, room.purpose(bench, task, text), shown=shown, variant=ALIKE if alike else None)
    else:
        bench.opinions.append(task.name, opinion_of(one, task, purpose=purpose, at=bench.clock(), shown=shown))
    return True


def _stand(bench: Workbench, task: Task, room: Room, seat: Seat) -> _Standing:
    """Where labeling stands, after the labels are made that a process died before making.

    The votes on such a text agree, and it never had a label.
    """
    state = _Standing(bench, task, room, seat.person)
    if not state.agreed:
        return state
    labeled = {label.text_id for label in bench.labels.history(task.name)}
    lost = [text for text in state.agreed if text not in labeled]
    for text in lost:
        settle(bench, text, room.purpose(bench, task, text))
    return _Standing(bench, task, room, seat.person) if lost else state
