"""What a label is worth that may be wrong, by the probability that it is right."""

import numpy as np
from numpy.typing import NDArray

from tools.engine.ports import Probabilities

Floats = NDArray[np.float64]

LEAST = 0.05
"""Weight of a label that is no better than a guess: it still says that the text is of the pool."""
MODEL_SHARE = 0.3
"""How far the log-odds of a model's held-out probability count beside those of the label. A model that learns from the
same labels is no second witness: counted in full it finds fewer wrong labels than the label's own probability alone."""
_FLOOR = 1e-3


def above_chance(right: Floats, classes: int) -> Floats:
    """How far labels that are right with these probabilities are above a guess among C classes: 1 sure, 0 a guess.

    Below 0 where the label is worse than a guess. In a sum over labels whose errors are spread evenly over the other
    classes, each label moves the mean by so much of what a sure one would (Angluin & Laird 1988, Machine Learning 2).
    """
    return np.asarray((classes * np.asarray(right, dtype=np.float64) - 1) / (classes - 1))


def label_weights(right: Floats, classes: int) -> Floats:
    """The (n,) weights with which labels should be learnt from, in (0, 1].

    The expected signal of each is its weight; noise that a label would add is thereby scaled to what it tells. A
    label's weight does not depend on the others'.

    Args:
        right: (n,) probability that each label is right.
        classes: number of classes.
    """
    return np.clip(above_chance(right, classes), LEAST, 1.0)


def still_right(right: Floats, labels: NDArray[np.int64], held_out: Probabilities) -> Floats:
    """The (n,) probability that labels are right, after what a model says that had not seen them.

    Args:
        right: (n,) probability by who gave each label.
        labels: (n,) their codes.
        held_out: (n, C) probabilities by a model that had not seen the text.
    """
    own = held_out[np.arange(len(labels)), labels]
    odds = _log_odds(right) + MODEL_SHARE * _log_odds(own)
    return np.asarray(1 / (1 + np.exp(-odds)))


def worth_relabeling(right: Floats, classes: int) -> NDArray[np.intp]:
    """The rows of labels that a person should rather give anew than label a new text; least sure first.

    n labels that are s_i above chance tell a class apart as well as n S² sure ones, S being their mean. A person's
    answer on a new text adds 2 S - S² to that; one in place of label i adds 2 S (1 - s_i), each to first order. So a
    label is worth it where s_i is below half of S. That a new text may be of a kind not seen before is left out, as is
    that an old one was picked for being informative. (When to relabel: Sheng, Provost & Ipeirotis 2008, KDD.)

    Args:
        right: (n,) probability that each label is right.
        classes: number of classes.
    """
    above = above_chance(right, classes)
    rows = np.argsort(above, kind="stable")
    return rows[above[rows] < above.mean() / 2] if len(rows) else rows


def _log_odds(share: NDArray[np.floating]) -> Floats:
    inside = np.clip(np.asarray(share, dtype=np.float64), _FLOOR, 1 - _FLOOR)
    return np.asarray(np.log(inside / (1 - inside)))
