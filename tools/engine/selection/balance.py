"""A strategy for classes of very different size."""

import numpy as np

from tools.engine.ports import Probabilities
from tools.engine.records import Pick
from tools.engine.selection.batch import best, in_turns
from tools.engine.selection.uncertainty import after_first_model, closeness
from tools.engine.selection.view import PoolView, draw_lots


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
