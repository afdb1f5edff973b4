"""What learners share: folds, balance, and which learner the loop ends with."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.engine.learning import FINETUNE_FROM, RARE, balanced, deal_folds, final_learner


@pytest.mark.parametrize("seed", range(5))
def test_every_class_is_dealt_out_evenly(seed: int) -> None:
    labels = np.random.default_rng(seed).permutation([0] * 23 + [1] * 10 + [2] * 4)
    folds = deal_folds(labels, folds=5, rng=np.random.default_rng(seed))
    assert set(folds) == {0, 1, 2, 3, 4}
    for code in range(3):
        counts = np.bincount(folds[labels == code], minlength=5)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 1


def test_folds_are_random_and_the_same_for_the_same_seed() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    first, again, other = (deal_folds(labels, folds=5, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


@pytest.mark.parametrize("texts", [1, 2, 3])
def test_there_are_no_more_folds_than_texts(texts: int) -> None:
    folds = deal_folds(np.zeros(texts, dtype=np.int64), folds=5, rng=np.random.default_rng(0))
    assert sorted(folds) == list(range(texts))


def test_classes_weigh_the_same_and_the_mean_stays() -> None:
    labels = np.array([0] * 30 + [2] * 6)
    given = np.random.default_rng(0).uniform(0.5, 2.0, len(labels))
    weights = balanced(labels, given)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 2].sum())
    assert weights.mean() == pytest.approx(given.mean())
    within = weights[labels == 2] / given[labels == 2]
    assert within == pytest.approx(within[0]), "within a class the texts keep their proportions"


def predicted(positive: int, others: int) -> NDArray[np.int64]:
    return np.array([1] * positive + [0] * others, dtype=np.int64)


@pytest.mark.parametrize(
    ("labels", "share", "positive", "learner"),
    [
        (FINETUNE_FROM, 0.5, 1, "validated"),
        (FINETUNE_FROM - 1, 0.5, 1, "head"),
        (FINETUNE_FROM, RARE, 1, "validated"),
        (FINETUNE_FROM, RARE - 0.01, 1, "kernel"),
        (FINETUNE_FROM - 1, RARE - 0.01, 1, "head"),
        (10 * FINETUNE_FROM, 0.0, 1, "kernel"),
        (FINETUNE_FROM, 0.0, None, "validated"),
        (FINETUNE_FROM - 1, 0.0, None, "head"),
    ],
)
def test_auto_ends_with_a_head_a_kernel_or_what_is_validated(
    labels: int, share: float, positive: int | None, learner: str
) -> None:
    found = round(share * 100)
    assert final_learner(labels=labels, predicted=predicted(found, 100 - found), positive=positive) == learner
