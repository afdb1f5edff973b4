"""Shares that a zero-shot pass leaves open, questions worth asking, and the words that tell a class."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.engine.borderline import (
    at_home,
    different_words,
    expected_shares,
    near,
    telling_words,
    torn,
    without_words,
    worth_asking,
)


def unit(rows: list[list[float]]) -> NDArray[np.float32]:
    vectors = np.array(rows, dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


# --- shares -----------------------------------------------------------------------------------------------------------


def test_a_share_lies_between_the_sure_and_the_possible() -> None:
    likely = np.array([0.9] * 8 + [0.5] * 12 + [0.05] * 80, dtype=np.float32)
    low, high = expected_shares(np.stack([likely, 1 - likely], axis=1), rest=1)
    assert low == pytest.approx((0.08 / 4, 0.2 * 2))
    assert high == pytest.approx((1 - 0.4, 1 - 0.02))


def test_shares_stay_within_the_pool() -> None:
    shares = expected_shares(np.full((10, 3), 1 / 3, dtype=np.float32))
    assert shares == [(0.0, 1.0)] * 3
    low, high = expected_shares(np.full((10, 3), 1 / 3, dtype=np.float32), rest=0)[0]
    assert (low, high) == (0.0, 1.0)


# --- questions --------------------------------------------------------------------------------------------------------


def test_torn_is_one_at_a_tie_and_zero_where_it_is_sure() -> None:
    found = torn(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.5, 0.3, 0.2]], dtype=np.float32))
    assert found == pytest.approx([1.0, 0.0, 0.8])


def test_questions_stand_for_many_and_differ_from_each_other() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 12)
    sizes = (30, 20, 2)
    rows = np.concatenate([c + rng.normal(0, 0.12, (n, 12)) for c, n in zip(centres, sizes, strict=True)])
    vectors = unit(rows.tolist()).astype(np.float16)
    groups = np.repeat([0, 1, 2], sizes)
    asked = worth_asking(vectors, np.full(len(rows), 0.9), count=2)
    assert sorted(groups[one.row] for one in asked) == [0, 1], "the two large groups, one question each"
    assert asked[0].alike > asked[1].alike > 2


def test_no_question_is_a_near_duplicate_of_another_nor_about_a_text_that_is_not_torn() -> None:
    vectors = unit([[1, 0, 0], [1, 0.01, 0], [0, 1, 0], [0, 0, 1]]).astype(np.float16)
    asked = worth_asking(vectors, np.array([1.0, 1.0, 1.0, 0.4]), count=3)
    assert {one.row for one in asked} in ({0, 2}, {1, 2})
    assert worth_asking(vectors, np.zeros(4), count=3) == []
    assert [one.row for one in worth_asking(vectors, np.array([0, 0, 0.7, 0]), count=3)] == [2]


def test_the_more_torn_of_two_alike_is_asked() -> None:
    vectors = unit([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]]).astype(np.float16)
    assert worth_asking(vectors, np.array([0.6, 1.0, 0.6]), count=1)[0].row == 1


def test_a_text_has_a_home_where_one_is_as_near_as_neighbours_usually_are() -> None:
    others = unit([[1, 0, 0.1], [1, 0, 0], [0, 1, 0], [0, 1, 0.1]])
    found = at_home(unit([[1, 0, 0.05], [0, 0, 1]]), others, np.ones(4, dtype=np.bool_))
    assert found.tolist() == [True, False]
    only_second = np.array([False, False, True, True])
    assert at_home(unit([[1, 0, 0.05]]), others, only_second).tolist() == [False]
    assert at_home(unit([[1, 0, 0]]), others, np.zeros(4, dtype=np.bool_)).tolist() == [False]


# --- words ------------------------------------------------------------------------------------------------------------


def test_words_tell_a_class_where_they_are_frequent_near_it_and_rare_elsewhere() -> None:
    close = ["dog food dry", "dog treats", "cat food tin", "cat litter food"]
    pool = [*close, *(f"chicken food number {n}" for n in range(40)), *(f"dry bread number {n}" for n in range(40))]
    weights = telling_words(close, pool, of=len(pool), request="pet things")
    assert set(weights) == {"dog", "cat"}, "food and dry are everywhere, treats and litter occur once"
    assert "dog" not in telling_words(close, pool, of=len(pool), request="dogs")


def test_one_form_of_each_word_is_kept() -> None:
    assert different_words(["loaf", "loafs", "bread", "cake"], 2) == ["loaf", "bread"]


def test_a_text_without_the_words_of_a_name() -> None:
    assert without_words("Baby carrots, peeled", "baby products") == "carrots, peeled"
    assert without_words("BABIES' FIRST book", "baby products") is None
    assert without_words("bread", "baby products") is None
    assert without_words("Baby!", "baby products") is None, "nothing is left"


def test_near_takes_one_in_fifty_within_bounds() -> None:
    falling = np.linspace(1, 0, 5_000, dtype=np.float32)
    assert near(falling).tolist() == list(range(100))
    assert len(near(falling[:60])) == 10
    assert len(near(falling[:7])) == 7
