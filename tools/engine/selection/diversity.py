"""Strategies that need no model: chance, typical points and coverage."""

import numpy as np

from tools.engine.records import Pick
from tools.engine.selection.batch import best, in_turns, top
from tools.engine.selection.clusters import spherical_k_means
from tools.engine.selection.view import (
    Lots,
    Places,
    PoolView,
    Rows,
    Scores,
    draw_lots,
    float32,
    highest_cosine,
)

SAMPLE = 20_000
"""Candidates that stand for the pool where clusters are sought."""
MAX_CLUSTERS = 500
"""More than these are too small to tell what is typical (the limit that TypiClust sets)."""
_NEIGHBOURS = 20
_NEIGHBOURHOOD = 2_000
_POCKET = 2_048


def random(view: PoolView, size: int, rng: np.random.Generator) -> list[Pick]:
    """Picks drawn by lot; the score is the lot in (0, 1]."""
    lots = draw_lots(view.ids, rng)
    return best(view, lots, 1.0 - lots / max(len(lots), 1), size, strategy="random")


def typical(view: PoolView, size: int, rng: np.random.Generator) -> list[Pick]:
    """The most typical text of each cluster that has fewest labels, large clusters first.

    TypiClust (Hacohen, Dekel & Weinshall, ICML 2022, arXiv 2202.02794): as many clusters as labels and picks together,
    and the text with the nearest 20 neighbours in its cluster. In a pool of more than 20,000 a random 20,000 are
    clustered, and the others come last. The score is the cluster's share of the clustered texts (below 1) minus the
    number of labels and earlier picks in the cluster.
    """
    lots = draw_lots(view.ids, rng)
    sample = np.argsort(lots)[:SAMPLE]
    points = np.concatenate([float32(view.vectors, sample), float32(view.labeled_vectors)])
    clusters = spherical_k_means(points, min(len(view.labeled) + size, MAX_CLUSTERS), rng)
    groups, labeled = clusters[: len(sample)], clusters[len(sample) :]
    counts = np.bincount(clusters)
    tie = np.zeros(len(view.ids))
    tie[sample] = counts[groups] / (len(clusters) + 1)
    scores = in_turns(
        view,
        lots,
        size,
        places=sample,
        groups=groups,
        within=_typicality(points[: len(sample)], groups),
        before=np.bincount(labeled, minlength=len(counts)),
        tie=tie,
    )
    return best(view, lots, scores, size, strategy="typical")


def _typicality(points: Rows, groups: Places) -> Scores:
    """One over the mean distance to the nearest neighbours in the same group."""
    typicality = np.empty(len(points))
    order = np.argsort(groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        others = points[members[:_NEIGHBOURHOOD]]
        nearest = min(_NEIGHBOURS + 1, len(others))
        for start in range(0, len(members), _NEIGHBOURHOOD):
            part = members[start : start + _NEIGHBOURHOOD]
            cosine = np.partition(points[part] @ others.T, len(others) - nearest, axis=1)[:, -nearest:]
            distance = np.sqrt(np.maximum(2.0 - 2.0 * cosine, 0.0)).mean(axis=1)
            typicality[part] = 1.0 / (distance + 1e-6)
    return typicality


def k_centre(view: PoolView, size: int, rng: np.random.Generator) -> list[Pick]:
    """Again and again the text that is farthest from all labeled and picked ones; the first by lot without labels.

    Greedy k-centre, the core-set approach (Sener & Savarese, ICLR 2018, arXiv 1708.00489). The score is the distance
    1 - cosine to the nearest labeled or earlier picked text, in [0, 2].
    """
    lots = draw_lots(view.ids, rng)
    distance = 1.0 - highest_cosine(view.vectors, float32(view.labeled_vectors)).astype(np.float64)
    scores = _farthest_first(view, lots, distance, size)
    return best(view, lots, scores, size, strategy="k-centre")


def _farthest_first(view: PoolView, lots: Lots, distance: Scores, size: int) -> Scores:
    """The distance at which each of `size` centres was chosen, and what is left of it for all others.

    A distance only ever shrinks, so a centre found among those that are farthest by old distances is the true one as
    long as it beats every old distance outside: the whole pool is gone through once for many centres (Minoux 1978).
    """
    chosen: dict[int, float] = {}
    while len(chosen) < size:
        open_places = np.setdiff1d(np.arange(len(distance)), np.array(list(chosen), dtype=np.int64))
        pocket = top(distance, lots, open_places, _POCKET)
        rest = np.setdiff1d(open_places, pocket)
        outside = float(distance[rest].max()) if rest.size else -1.0
        rows, near = float32(view.vectors, pocket), distance[pocket]
        centres: list[int] = []
        while len(chosen) < size and len(centres) < len(pocket):
            farthest = int(near.argmax())
            if near[farthest] < outside:
                break
            chosen[int(pocket[farthest])] = float(near[farthest])
            centres.append(farthest)
            np.minimum(near, 1.0 - rows @ rows[farthest], out=near)
            near[centres] = -1.0
        distance = np.minimum(distance, 1.0 - highest_cosine(view.vectors, rows[centres]))
    scores = np.maximum(distance, 0.0)
    scores[list(chosen)] = list(chosen.values())
    return scores
