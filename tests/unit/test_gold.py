"""The gold sample: sizes, strata, weights that add up, and inclusion as likely as the weights say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.engine.gold import draw_gold, most_gold
from tools.engine.records import TextId


def some_ids(count: int) -> list[TextId]:
    return [TextId(f"t{i}") for i in range(count)]


@given(st.integers(0, 3_000), st.integers(0, 1_200), st.booleans(), st.integers(0, 99))
def test_any_sample_is_distinct_bounded_and_weighs_as_much_as_the_pool(
    pool: int,
    size: int,
    scored: bool,  # noqa: FBT001 - drawn
    seed: int,
) -> None:
    ids = some_ids(pool)
    scores = np.random.default_rng(seed).integers(0, 5, pool) / 4 if scored else None
    items = draw_gold(ids=ids, size=size, rng=np.random.default_rng(seed), positive_scores=scores)
    assert len(items) == min(size, most_gold(pool))
    assert len({item.text_id for item in items}) == len(items)
    assert {item.text_id for item in items} <= set(ids)
    if items:
        assert sum(item.weight for item in items) == pytest.approx(pool)
        assert all(item.weight >= 3 for item in items)


def test_without_scores_every_text_weighs_the_same() -> None:
    items = draw_gold(ids=some_ids(1_000), size=50, rng=np.random.default_rng(0))
    assert {(item.stratum, item.weight) for item in items} == {(0, 20.0)}


def test_the_strata_of_a_large_pool() -> None:
    ids = some_ids(48_000)
    scores = np.linspace(0, 1, 48_000)
    items = draw_gold(ids=ids, size=300, rng=np.random.default_rng(0), positive_scores=scores)
    rank_of = {text_id: 47_999 - place for place, text_id in enumerate(ids)}
    bounds = [(0, 480, 45), (480, 4_800, 75), (4_800, 48_000, 180)]
    for stratum, (first, end, count) in enumerate(bounds):
        drawn = [item for item in items if item.stratum == stratum]
        assert len(drawn) == count
        assert all(first <= rank_of[item.text_id] < end for item in drawn)
        assert {item.weight for item in drawn} == {(end - first) / count}


def test_a_small_pool_keeps_two_thirds_of_its_likeliest_texts_to_learn_from() -> None:
    items = draw_gold(ids=some_ids(900), size=900, rng=np.random.default_rng(0), positive_scores=np.linspace(1, 0, 900))
    assert len(items) == 300
    assert {item.weight for item in items} == {3.0}
    assert sum(item.stratum == 0 for item in items) == 45


def test_a_sample_too_small_for_strata_is_simple() -> None:
    items = draw_gold(ids=some_ids(900), size=19, rng=np.random.default_rng(0), positive_scores=np.linspace(1, 0, 900))
    assert {item.stratum for item in items} == {0}
    assert len(items) == 19


def test_every_text_is_drawn_as_often_as_its_weight_says() -> None:
    ids, scores, rng = some_ids(120), np.linspace(1, 0, 120), np.random.default_rng(0)
    drawn = np.zeros(120)
    total = np.zeros(120)
    for _ in range(2_000):
        for item in draw_gold(ids=ids, size=20, rng=rng, positive_scores=scores):
            drawn[int(item.text_id[1:])] += 1
            total[int(item.text_id[1:])] += item.weight
    # The weighted count of each text is an unbiased estimate of 1 per draw.
    assert np.all(drawn > 0)
    assert np.abs(total / 2_000 - 1).max() < 0.25
    assert total.mean() / 2_000 == pytest.approx(1)


def test_equal_scores_do_not_favour_the_texts_that_came_first() -> None:
    ids, rng = some_ids(300), np.random.default_rng(0)
    top = [
        int(item.text_id[1:])
        for _ in range(60)
        for item in draw_gold(ids=ids, size=60, rng=rng, positive_scores=np.zeros(300))
        if item.stratum == 0
    ]
    assert np.mean(top) == pytest.approx(150, abs=15)


def test_the_order_mixes_the_strata() -> None:
    items = draw_gold(
        ids=some_ids(9_000), size=300, rng=np.random.default_rng(0), positive_scores=np.linspace(1, 0, 9_000)
    )
    assert {item.stratum for item in items[:30]} == {0, 1, 2}


@pytest.mark.parametrize("scores", [None, np.linspace(1, 0, 500)])
def test_the_same_seed_draws_the_same_sample(scores: np.ndarray | None) -> None:
    first, again, other = (
        draw_gold(ids=some_ids(500), size=60, rng=np.random.default_rng(seed), positive_scores=scores)
        for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_scores_of_another_pool_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) do not fit 90 texts"):
        draw_gold(ids=some_ids(90), size=20, rng=np.random.default_rng(0), positive_scores=np.zeros(3))
