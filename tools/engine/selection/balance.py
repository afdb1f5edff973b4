"""Strategies for classes of very different size."""

import numpy as np

from tools.engine.errors import InvalidTask
from tools.engine.ports import Probabilities
from tools.engine.records import Pick
from tools.engine.selection.batch import Batch, best, in_turns
from tools.engine.selection.uncertainty import after_first_model, closeness
from tools.engine.selection.view import PoolView, draw_lots, float32

LIKELY_SHARE = 0.5
"""Part of a hunting batch that goes to the likeliest positives."""
BOUNDARY_SHARE = 0.3
"""Part that goes to the decision boundary; the rest explores by lot."""


@after_first_model
def class_balanced(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """Texts predicted as the classes that have fewest labels, those near a decision boundary first.

    Brings the label counts as close to equal as the predictions can (the aim of Ertekin et al., CIKM 2007). The score
    is half the `closeness` minus the labels and earlier picks of the predicted class.
    """
    lots = draw_lots(view.ids, rng)
    close = closeness(view, probabilities)
    scores = in_turns(
        view,
        lots,
        size,
        places=np.arange(len(lots)),
        groups=probabilities.argmax(axis=1),
        within=close,
        before=view.class_counts,
        tie=close / 2.0,
    )
    return best(view, lots, scores, size, strategy="class-balanced")


@after_first_model
def positive_hunt(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """For a rare positive class: its likeliest texts, some at its decision boundary, some by lot.

    Greedy search for positives, as active search does (Garnett et al., ICML 2012, arXiv 1206.6406), kept honest by the
    boundary and by chance. A pick's strategy says which part it is: `positive-hunt/likely` (score: probability),
    `/boundary` (`closeness`) or `/explore` (lot); all scores are in [0, 1].

    Raises:
        InvalidTask: The task names no positive class.
    """
    if view.positive is None:
        raise InvalidTask(
            "The strategy positive-hunt needs a task with a positive class and this one names none. "
            "Set `positive`, or choose another strategy such as auto or class-balanced."
        )
    lots = draw_lots(view.ids, rng)
    likely = max(1, round(size * LIKELY_SHARE))
    boundary = min(size - likely, round(size * BOUNDARY_SHARE))
    batch = Batch(view.vectors, lots, known=float32(view.labeled_vectors))
    batch.add(probabilities[:, view.positive].astype(np.float64), likely, "positive-hunt/likely")
    batch.add(closeness(view, probabilities), boundary, "positive-hunt/boundary")
    batch.add(1.0 - lots / len(lots), size - likely - boundary, "positive-hunt/explore")
    return batch.picks(view)
