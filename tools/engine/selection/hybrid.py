"""Strategies that weigh what the model is unsure of against the shape of the pool."""

import numpy as np

from tools.engine.ports import Probabilities
from tools.engine.records import Pick
from tools.engine.selection.batch import best, in_turns, top
from tools.engine.selection.clusters import spherical_k_means
from tools.engine.selection.uncertainty import after_first_model, closeness
from tools.engine.selection.view import Lots, PoolView, Scores, chunks, draw_lots, float32

PRESELECTED = 10
"""Texts preselected for each that is picked (the factor of Zhdanov 2019)."""


@after_first_model
def density_margin(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """Texts near a decision boundary that many others are like.

    Information density (Settles & Craven, EMNLP 2008, with beta = 1). The score is `closeness` times the mean cosine to
    all candidates, negative means counted as 0.
    """
    scores = closeness(view, probabilities) * np.maximum(_mean_cosine(view), 0.0)
    return best(view, draw_lots(view.ids, rng), scores, size, strategy="density-margin")


def _mean_cosine(view: PoolView) -> Scores:
    """The mean of a row's products with all rows is its product with their mean: no need for all pairs."""
    mean = np.zeros(view.vectors.shape[1])
    for part in chunks(len(view.ids)):
        mean += float32(view.vectors, part).sum(axis=0, dtype=np.float64)
    mean /= len(view.ids)
    return np.concatenate([float32(view.vectors, part) @ mean for part in chunks(len(view.ids))])


@after_first_model
def diverse_margin(view: PoolView, probabilities: Probabilities, size: int, rng: np.random.Generator) -> list[Pick]:
    """Texts near a decision boundary from as many corners of the pool as there are picks.

    The ten texts a pick that are nearest to a boundary are clustered into as many clusters as picks (Zhdanov 2019,
    arXiv 1901.05954), and the clusters take turns with their nearest text, as in Cluster-Margin (Citovsky et al.,
    NeurIPS 2021, arXiv 2107.14263). The score is half the `closeness` minus the number of earlier picks of the cluster.
    """
    lots = draw_lots(view.ids, rng)
    return best(view, lots, diverse_closeness(view, probabilities, lots, size, rng), size, strategy="diverse-margin")


def diverse_closeness(
    view: PoolView, probabilities: Probabilities, lots: Lots, size: int, rng: np.random.Generator
) -> Scores:
    """The scores of `diverse_margin`, (n,), for a batch of `size`."""
    close = closeness(view, probabilities)
    nearest = top(close, lots, np.arange(len(lots)), PRESELECTED * size)
    clusters = spherical_k_means(float32(view.vectors, nearest), size, rng)
    return in_turns(
        view,
        lots,
        size,
        places=nearest,
        groups=clusters,
        within=close[nearest],
        before=np.zeros(size, dtype=np.int64),
        tie=close / 2.0,
    )
