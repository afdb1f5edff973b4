"""Unlabeled texts that mean about the same, to be looked at together and labeled at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.desk_items import SIMILAR_FROM, Neighbor, Suggestion, enter, suggestions
from tools.engine.ports import Probabilities
from tools.engine.records import Task
from tools.training import known_probabilities
from tools.workbench import Workbench

LOOKED_THROUGH = 3_000
"""Unlabeled texts, drawn at random, among which groups are looked for, so that a large pool takes no longer."""
MOST, FEWEST = 12, 3
"""Texts of a group: as many as can be taken in at a glance, and so few that one might as well label them singly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Texts that mean about the same; the others are like the first. The model's class, where that is shown."""

    texts: tuple[Neighbor, ...]
    suggestion: Suggestion | None


def groups(bench: Workbench, task: Task, *, limit: int = 10) -> list[Group]:
    """Groups of texts without a label, those that teach most first: large ones of which the model is not sure.

    The gold sample and an oracle's checks are left out: those are judged one by one. The same until labels or texts
    come.
    """
    room = enter(bench, task)
    closed = bench.labels.current(task.name).keys() | room.gold.keys() | set(room.checks)
    free = [text for text in bench.pools.text_ids(task.pool) if text not in closed]
    rng = np.random.default_rng(0)
    drawn = [free[row] for row in rng.permutation(len(free))[:LOOKED_THROUGH]]
    vectors = bench.vectors.vectors(room.pool, drawn)
    ids = [text for text in drawn if text in vectors]
    if len(ids) < FEWEST:
        return []
    points = np.stack([vectors[text] for text in ids]).astype(np.float32)
    members = [[(ids[row], like) for row, like in rows] for rows in _alike(points)]
    known = known_probabilities(bench, task, [text for group in members for text, _ in group], scores=room.scores)
    members.sort(key=lambda group: -sum(_open(known.get(text)) for text, _ in group))
    made = []
    for group in members[:limit]:
        first, seen = group[0][0], [known[text] for text, _ in group if text in known]
        mean = {first: np.mean(seen, axis=0)} if seen and room.settings.suggestions else {}
        texts = bench.pools.texts(task.pool, [text for text, _ in group])
        near = zip(texts, group, strict=True)
        neighbors = tuple(Neighbor(id=one.id, text=one.text, similarity=like, label=None) for one, (_, like) in near)
        made.append(Group(texts=neighbors, suggestion=suggestions(room, task, mean).get(first)))
    return made


def _alike(points: NDArray[np.float32]) -> Iterator[list[tuple[int, float]]]:
    """Groups of rows of unit vectors with their similarity to the first of each, the most similar first.

    The one that most are like comes first with those, then that of the rest, until too few are like any.
    """
    like = np.minimum(points @ points.T, 1.0)
    near = like >= SIMILAR_FROM
    left = np.ones(len(points), dtype=np.bool_)
    counts = near.sum(axis=1)
    while counts.max() >= FEWEST:
        first = int(counts.argmax())
        rows = np.flatnonzero(near[first] & left)
        closest = rows[np.argsort(-like[first, rows], kind="stable")][:MOST]
        yield [(int(row), float(like[first, row])) for row in closest]
        left[rows] = False
        counts -= near[:, rows].sum(axis=1)
        counts[rows] = 0


def _open(probabilities: Probabilities | None) -> float:
    """How likely the model is wrong about a text by its own account; 1 without a model."""
    return 1.0 if probabilities is None else 1.0 - float(probabilities.max())
