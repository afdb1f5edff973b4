"""What a person sees of a text at the desk: why it was picked, a suggestion, texts like it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.answers import Purpose, Purposes
from tools.checks import for_a_person
from tools.engine.alike import grouped, nearest
from tools.engine.decisions import decide_classes
from tools.engine.ports import Probabilities
from tools.engine.records import DeskSettings, Label, Opinion, Pick, Pool, Task, TextId
from tools.engine.selection.reasons import why
from tools.opinions import NOTHING_SHOWN, Shown
from tools.training import known_probabilities, scores_file
from tools.workbench import Workbench

SIMILAR_FROM = 0.5
"""Cosine similarity from which a labeled text is shown beside another."""
SIMILAR = 3
"""Labeled texts shown beside one."""
LOOKED_THROUGH = 500
"""Waiting texts, from the front of the queue, among which near-duplicates are looked for."""
DRAWN = "It was drawn by lot, to judge by."


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the model, or the zero-shot pass before there is one, takes a text for, and how sure it is."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbor:
    """A text near another one, with the cosine similarity and its label, if it has one."""

    id: TextId
    text: str
    similarity: float
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A text to answer.

    Attributes:
        id: its id.
        text: the text.
        why: why it was picked, in a sentence; of the model's view nothing, unless the suggestion is shown.
        suggestion: the model's class, where it is shown.
        alike: near-duplicates that wait too and are held for this person: one answer may do for all.
        similar: labeled texts that are like it, the most similar first.
        said: what the person said of it before: a class, `unsure` or `skip`.
        note: the person's note.
    """

    id: TextId
    text: str
    why: str
    suggestion: Suggestion | None
    alike: tuple[Neighbor, ...]
    similar: tuple[Neighbor, ...]
    said: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a task looks like to all who sit at its desk: read once for a request, as it stays while it lasts."""

    settings: DeskSettings
    pool: Pool
    gold: dict[TextId, None]
    checks: tuple[TextId, ...]
    picks: Mapping[TextId, Pick]
    number: int | None
    threshold: float | None
    scores: Path

    @property
    def asked(self) -> list[TextId]:
        """The texts that people are asked about: the gold sample, then an oracle's checks, then the latest round's."""
        return list(self.gold | dict.fromkeys(self.checks) | dict.fromkeys(self.picks))

    def purpose(self, bench: Workbench, task: Task, text: TextId) -> Purpose:
        """What a text is labeled for."""
        if text in self.gold or text not in self.picks or self.number is None:
            return Purposes(bench, task).of(text)
        return Purpose(task=task, role="seed" if self.number == 0 else "train", round=self.number)


def enter(bench: Workbench, task: Task) -> Room:
    """The task as it stands now."""
    rounds, models = bench.rounds.rounds(task.name), bench.rounds.models(task.name)
    number = rounds[-1].number if rounds else None
    picks = [] if number is None else bench.rounds.picks(task.name, number)
    pool = bench.pools.get(task.pool)
    return Room(
        settings=bench.tasks.desk(task.name),
        pool=pool,
        scores=scores_file(bench, task, pool, models),
        gold=dict.fromkeys(item.text_id for item in bench.rounds.gold(task.name) or []),
        checks=tuple(for_a_person(bench, task, bench.labels.current(task.name))),
        picks={pick.text_id: pick for pick in picks},
        number=number,
        threshold=models[-1].threshold if models else None,
    )


def lot(*what: str) -> float:
    """A number in [0, 1) drawn by what it is about: the same for the same, in every process."""
    return int.from_bytes(hashlib.sha256("\0".join(what).encode()).digest()[:8]) / 2**64


def shown_to(room: Room, task: Task, source: str, guesses: Mapping[TextId, Suggestion], text: TextId) -> Shown:
    """What this person sees of the suggestion on a text; which ones are blind is drawn by person and text."""
    found = guesses.get(text) if room.settings.suggestions else None
    if found is None:
        return NOTHING_SHOWN
    blind = lot("blind", task.name, source, text) < room.settings.blind_share
    return Shown(withheld=found.label) if blind else Shown(suggested=found.label)


def alike_among(bench: Workbench, room: Room, ids: Sequence[TextId], *, most: int) -> dict[TextId, list[TextId]]:
    """The first `most` of the texts, each with its near-duplicates among the others, which then do not stand alone.

    A text of the gold sample and one to learn from are never put together: the one would tell of the other.
    """
    ids = ids[:LOOKED_THROUGH]
    wanted = room.settings.near_duplicates and len(ids) > 1
    vectors = bench.vectors.vectors(room.pool, ids) if wanted else {}
    return grouped(ids, vectors, most=most, apart=room.gold)


def items_of(  # noqa: PLR0913 - keyword-only: all that a person may see of a text
    bench: Workbench,
    task: Task,
    room: Room,
    ids: Sequence[TextId],
    *,
    source: str,
    labels: Mapping[TextId, Label],
    together: Mapping[TextId, Sequence[TextId]],
    mine: Mapping[TextId, Opinion],
) -> list[Item]:
    """The items of these texts for one person, in their order.

    `together` says what is near-duplicate of which, `mine` what the person said before.
    """
    if not ids:
        return []
    named = {i: one.answer.label for i, one in labels.items() if one.answer.label is not None and one.role != "gold"}
    alike = [i for one in ids for i in together.get(one, ())]
    vectors = bench.vectors.vectors(room.pool, [*ids, *alike, *named])
    near = {one: [pair for pair in nearest(vectors, one, list(named)) if pair[1] >= SIMILAR_FROM] for one in ids}
    wanted = [*ids, *alike, *(i for pairs in near.values() for i, _ in pairs[:SIMILAR])]
    texts = {text.id: text.text for text in bench.pools.texts(task.pool, wanted)}
    known = known_probabilities(bench, task, ids, scores=room.scores)
    guesses = suggestions(room, task, known)
    # What was answered before is shown as it was then.
    seen = {
        i
        for i in guesses
        if (mine[i].suggested if i in mine else shown_to(room, task, source, guesses, i).suggested) is not None
    }

    def neighbors(pairs: Sequence[tuple[TextId, float]]) -> tuple[Neighbor, ...]:
        return tuple(Neighbor(id=i, text=texts[i], similarity=value, label=named.get(i)) for i, value in pairs)

    return [
        Item(
            id=one,
            text=texts[one],
            why=_why(room, task, known[one] if one in seen else None, one),
            suggestion=guesses[one] if one in seen else None,
            alike=neighbors(nearest(vectors, one, together.get(one, ()))),
            similar=neighbors(near[one][:SIMILAR]),
            said=None if one not in mine else mine[one].label or mine[one].outcome,
            note=None if one not in mine else mine[one].note,
        )
        for one in ids
    ]


def suggestions(room: Room, task: Task, known: Mapping[TextId, Probabilities]) -> dict[TextId, Suggestion]:
    """What the model that stands takes texts for, by their probabilities."""
    if not known:
        return {}
    positive = None if task.positive is None else task.class_names.index(task.positive)
    rows = np.stack(list(known.values()))
    codes = decide_classes(rows, positive=positive, threshold=room.threshold)
    return {
        text: Suggestion(label=task.class_names[code], confidence=float(row[code]))
        for text, row, code in zip(known, rows, codes, strict=True)
    }


def _why(room: Room, task: Task, probabilities: Probabilities | None, one: TextId) -> str:
    """Why a text was picked, and what the model thought of it where that is no secret."""
    if one not in room.picks or room.number is None or one in room.gold:
        return DRAWN
    thought = {} if probabilities is None else dict(zip(task.class_names, map(float, probabilities), strict=True))
    return why(room.picks[one].strategy, room.number, thought)
