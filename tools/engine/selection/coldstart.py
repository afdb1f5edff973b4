"""The cold start: which texts to ask about until every class has its share of verified labels.

As in LAUD (arXiv 2511.14738), for any number of classes: the texts that the zero-shot pass is surest of are asked
first, and only the oracle's answers become labels. Everything here follows from the answers given so far, in their
order, so a start that was broken off goes on from its stored answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from tools.engine.errors import UnknownLabel
from tools.engine.ports import Probabilities, Vectors
from tools.engine.records import TextId
from tools.engine.selection.batch import Batch
from tools.engine.selection.view import Lots, Scores, by_id, float32

SEED_LABELS = 16
"""Labels of the whole seed where the classes are few (K of the LAUD paper)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStep:
    """Where the cold start stands.

    `ask` are the texts to ask about next, in order; all of them may be asked at once. `done` means that none is left to
    ask: every class is full, the calls are spent or the pool is. `seed` are the verified texts that make the seed, in
    the order of their answers. `unfilled` tells, for each class that lacks labels, how many it has and how many it
    should have. `calls` counts the answers given, those without a label included.
    """

    ask: list[TextId]
    done: bool
    seed: list[TextId]
    unfilled: dict[str, tuple[int, int]]
    calls: int


def seed_size(classes: int) -> int:
    """Labels a class that the seed needs: 8 for two classes (the paper's 16 in all), 2 to 4 for more."""
    if classes == 2:
        return SEED_LABELS // 2
    return min(max(round(SEED_LABELS / classes), 2), 4)


def next_to_ask(  # noqa: PLR0913 - keyword-only, and the step depends on all of them
    *,
    ids: Sequence[TextId],
    vectors: Vectors,
    probabilities: Probabilities,
    answers: Mapping[TextId, str | None],
    classes: tuple[str, ...],
    per_class: int,
    call_cap: int,
) -> SeedStep:
    """The next step of the cold start.

    Each class that lacks k labels asks for k texts: the likeliest of those predicted as that class, then the
    likeliest of all others. Near-duplicates of texts asked before are passed over while there are others. The classes
    take turns in `ask`. A new group is planned when the one before is answered whole, so that it makes no difference
    whether answers come one at a time or all at once, nor in which order within a group.

    Args:
        ids: The pool, n texts; texts of the gold sample must not be among them.
        vectors: Their unit vectors, (n, d).
        probabilities: The zero-shot pass, (n, C).
        answers: What the oracle said so far, in the order in which it was said; None is an answer without a label
            (unsure, failed). An answer counts for its own class, whatever was predicted; answers about texts that were
            not asked for here count too.
        classes: The names of the C classes.
        per_class: Labels that each class needs.
        call_cap: Answers to ask for at most.

    Raises:
        UnknownLabel: An answer is none of the classes.
    """
    plan = _Plan(ids, vectors, probabilities)
    have = dict.fromkeys(classes, 0)
    seed: list[TextId] = []
    pending: list[TextId] = []
    for text, label in answers.items():
        if not pending and sum(have.values()) < per_class * len(have):
            pending = plan.group(_lacking(have, per_class))
            # An answer from elsewhere, before the group was begun: the group is planned anew with what it tells.
            pending = pending if text in pending else []
        plan.asked(text)
        pending = [other for other in pending if other != text]
        if label is None:
            continue
        if label not in have:
            raise UnknownLabel(f"The answer {label[:80]!r} is none of the classes: {', '.join(classes)}.")
        if have[label] < per_class:
            have[label] += 1
            seed.append(text)
    lacking = _lacking(have, per_class)
    room = max(call_cap - len(answers), 0)
    ask = (pending or plan.group(lacking))[:room] if any(lacking) else []
    return SeedStep(
        ask=ask,
        done=not ask,
        seed=seed,
        unfilled={name: (count, per_class) for name, count in have.items() if count < per_class},
        calls=len(answers),
    )


def _lacking(have: Mapping[str, int], per_class: int) -> list[int]:
    return [per_class - count for count in have.values()]


class _Plan:
    """Which texts were asked, and which to ask next."""

    def __init__(self, ids: Sequence[TextId], vectors: Vectors, probabilities: Probabilities) -> None:
        self._ids = ids
        self._vectors = vectors
        self._probabilities = probabilities
        self._predicted = probabilities.argmax(axis=1)
        self._places = {text: place for place, text in enumerate(ids)}
        self._lots: Lots = np.empty(len(ids), dtype=np.int64)
        self._lots[by_id(ids)] = np.arange(len(ids))
        self._asked: list[int] = []

    def asked(self, text: TextId) -> None:
        """Note that the text was asked about."""
        if text in self._places:
            self._asked.append(self._places[text])

    def group(self, lacking: Sequence[int]) -> list[TextId]:
        """As many texts for each class as it lacks, the classes in turn."""
        asked = np.array(self._asked, dtype=np.int64)
        batch = Batch(self._vectors, self._lots, known=float32(self._vectors, asked), without=asked)
        columns: list[list[int]] = []
        for code, count in enumerate(lacking):
            before = len(batch.places)
            if count:
                batch.add(self._wanted(code), count, "cold-start")
            columns.append(batch.places[before:])
        return [self._ids[place] for place in _in_turn(columns)]

    def _wanted(self, code: int) -> Scores:
        wanted: Scores = self._probabilities[:, code].astype(np.float64) + (self._predicted == code)
        return wanted


def _in_turn(columns: list[list[int]]) -> Iterator[int]:
    turns = chain.from_iterable(zip_longest(*columns))
    return (place for place in turns if place is not None)
