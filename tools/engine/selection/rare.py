"""Strategies for a rare positive class: find its kinds first, then its boundary."""

import numpy as np

from tools.engine.errors import InvalidTask
from tools.engine.ports import Probabilities
from tools.engine.records import Pick
from tools.engine.selection.batch import Batch, top
from tools.engine.selection.hybrid import diverse_closeness
from tools.engine.selection.uncertainty import after_first_model, closeness
from tools.engine.selection.view import Lots, PoolView, Rows, Scores, draw_lots, float32

LIKELY_SHARE = 0.5
"""Part of a hunting batch that goes to the likeliest positives."""
BOUNDARY_SHARE = 0.3
"""Part that goes to the decision boundary; the rest explores by lot."""
COVER_SHARE = 0.5
"""Part of a covering batch that explores, at first."""
PROMISING = 0.02
"""Part of the candidates that the zero-shot pass holds likeliest to be positive."""
MOST_PROMISING = 800
"""These at most, which keeps exploring within the labels that a person gives."""
COVERED = 0.25
"""Labels, in times of the promising texts, by which exploring has come to an end: most kinds have been met by then."""


def _code(view: PoolView, strategy: str) -> int:
    if view.positive is None:
        raise InvalidTask(
            f"The strategy {strategy} needs a task with a positive class and this one names none. "
            "Set `positive`, or choose another strategy such as auto or class-balanced."
        )
    return view.positive


@after_first_model
def positive_hunt(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """For a rare positive class: its likeliest texts, some at its decision boundary, some by lot.

    Greedy search for positives, as active search does (Garnett et al., ICML 2012, arXiv 1206.6406), kept honest by the
    boundary and by chance. A pick's strategy says which part it is: `positive-hunt/likely` (score: probability),
    `/boundary` (`closeness`) or `/explore` (lot); all scores are in [0, 1].

    Raises:
        InvalidTask: The task names no positive class.
    """
    positive = _code(view, "positive-hunt")
    lots = draw_lots(view.ids, rng)
    likely = max(1, round(size * LIKELY_SHARE))
    boundary = min(size - likely, round(size * BOUNDARY_SHARE))
    batch = Batch(view.vectors, lots, known=float32(view.labeled_vectors))
    batch.add(probabilities[:, positive].astype(np.float64), likely, "positive-hunt/likely")
    batch.add(closeness(view, probabilities), boundary, "positive-hunt/boundary")
    batch.add(1.0 - lots / len(lots), size - likely - boundary, "positive-hunt/explore")
    return batch.picks(view)


@after_first_model
def positive_cover(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """For a rare positive class: texts that stand for what may belong to it, beside texts at its boundary.

    A model doubts only what resembles the positives it has met; kinds of them that it has not met it is sure to be
    none. So half of a batch, falling to nothing as labels come, covers the texts that the zero-shot pass holds
    likeliest to be positive (facility location over squared cosines; Wei, Iyer & Bilmes, ICML 2015), and the rest goes
    to `diverse_margin`. A pick's strategy says which part it is: `positive-cover/explore` (score: mean gain in nearness
    of those texts, in [0, 1]) or `/boundary` (as `diverse_margin`).

    Raises:
        InvalidTask: The task names no positive class.
    """
    positive = _code(view, "positive-cover")
    lots = draw_lots(view.ids, rng)
    batch = Batch(view.vectors, lots, known=float32(view.labeled_vectors))
    left = max(0.0, 1 - len(view.labeled) / max(1.0, COVERED * promising_texts(view)))
    exploring = 0 if view.zero_shot is None else round(size * COVER_SHARE * left)
    if view.zero_shot is not None and exploring:
        likely = view.zero_shot[:, positive].astype(np.float64)
        batch.add(_gains(view, lots, likely, exploring), exploring, "positive-cover/explore")
    if exploring < size:
        scores = diverse_closeness(view, probabilities, lots, size - exploring, rng)
        batch.add(scores, size - exploring, "positive-cover/boundary")
    return batch.picks(view)


def promising_texts(view: PoolView) -> int:
    """How many candidates are thought to be worth exploring."""
    return min(MOST_PROMISING, round(PROMISING * len(view.ids)))


def _gains(view: PoolView, lots: Lots, likely: Scores, count: int) -> Scores:
    """What each candidate adds to the cover of the promising ones, (n,): `count` in turn, the others after them."""
    promising = top(likely, lots, np.arange(len(lots)), max(count, promising_texts(view)))
    rows = float32(view.vectors, promising)
    nearness = _nearness(rows, rows)
    covered = _nearness(rows, float32(view.labeled_vectors)).max(axis=1, initial=0.0)
    scores = np.full(len(lots), -1.0)
    free = np.ones(len(promising), dtype=np.bool_)
    for _ in range(min(count, len(promising))):
        gains = np.where(free, np.maximum(nearness - covered[:, None], 0).mean(axis=0), -1.0)
        chosen = int(gains.argmax())
        scores[promising[chosen]] = gains[chosen]
        free[chosen] = False
        covered = np.maximum(covered, nearness[:, chosen])
    scores[promising[free]] = np.maximum(nearness - covered[:, None], 0).mean(axis=0)[free]
    return scores


def _nearness(rows: Rows, others: Rows) -> Rows:
    return np.asarray(np.square(np.maximum(rows @ others.T, 0)), dtype=np.float32)
