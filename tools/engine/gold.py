"""The gold sample: texts drawn from the pool before the loop, to judge by and never to learn from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tools.engine.records import GoldItem, TextId

_POOL_PER_GOLD = 3
"""The gold sample takes at most one text in three, of the pool and of each stratum: the loop needs the others."""
_POOL_PERCENT = (1, 9)
"""Parts of the pool in the first two of three strata, by rank of the positive score."""
_SAMPLE_PERCENT = (15, 25)
"""Parts of the sample drawn from them. In simulations a third from each was no sharper, and its texts of the rest
weighed so much that missing one put recall and F1 outside their intervals too often (coverage down to 80 %)."""
_FEWEST = 3
"""Texts drawn from each stratum; a sample too small for that is drawn without strata."""


def most_gold(pool_size: int) -> int:
    """The most texts that a gold sample may take from a pool of that size: a third."""
    return pool_size // _POOL_PER_GOLD


def draw_gold(
    *,
    ids: Sequence[TextId],
    size: int,
    rng: np.random.Generator,
    positive_scores: NDArray[np.floating] | None = None,
) -> list[GoldItem]:
    """A random sample of the pool with known inclusion probabilities, in random order.

    Without scores it is a simple random sample. With them it is a stratified one (Cochran, Sampling Techniques,
    3rd ed. 1977, chapter 5), so that a rare class is seen often enough to be judged: 15 % of the sample come from the
    top 1 % of the pool by score, 25 % from the next 9 %, 60 % from the rest. Where the pool is too small for that, the
    upper strata grow until the sample takes at most a third of any, so texts of the rare class are left to learn from.
    A sample of fewer than 20 is drawn without strata. Equal scores are ranked at random.

    Weights add up to the size of the pool. As the order is random, the part that was labeled when a person stops
    early is a random sample too.

    Args:
        ids: (N,) the pool's texts.
        size: texts wanted. At most `most_gold(N)` are drawn: the caller compares and tells.
        rng: the seeded generator.
        positive_scores: (N,) how likely each text is of the rare positive class by what was known before the loop;
            None for a task without one.

    Returns:
        Items with `weight` = texts of the stratum / texts drawn from it, strata numbered from the highest scores on.
    """
    size = min(size, most_gold(len(ids)))
    upper = [size * percent // 100 for percent in _SAMPLE_PERCENT]
    if positive_scores is None or min(upper) < _FEWEST:
        strata = [rng.permutation(len(ids))]
        draws = [size]
    else:
        ranked = _by_score(positive_scores, len(ids), rng)
        depths = [
            max(len(ids) * percent // 100, _POOL_PER_GOLD * count)
            for percent, count in zip(_POOL_PERCENT, upper, strict=True)
        ]
        strata = np.split(ranked, np.cumsum(depths))
        draws = [*upper, size - sum(upper)]
    items = [
        GoldItem(text_id=ids[place], stratum=number, weight=len(places) / count)
        for number, (places, count) in enumerate(zip(strata, draws, strict=True))
        for place in rng.choice(places, count, replace=False)
    ]
    return [items[i] for i in rng.permutation(len(items))]


def _by_score(scores: NDArray[np.floating], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if scores.shape != (count,):
        raise ValueError(f"scores of shape {scores.shape} do not fit {count} texts")
    shuffled = rng.permutation(count)
    return shuffled[np.argsort(-scores[shuffled], kind="stable")]
