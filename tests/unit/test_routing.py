import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.engine.routing import affordable_share, route, spread

shares = st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array)


@given(shares, st.floats(0, 1))
def test_no_smaller_number_of_answers_reaches_the_quality(right: np.ndarray, wanted: float) -> None:
    found = route(right, wanted=wanted)
    after = right.copy()
    after[found.rows] = 1.0
    assert found.quality == pytest.approx(after.mean())
    assert found.quality >= wanted - 1e-6
    if len(found.rows):
        after[found.rows[-1]] = right[found.rows[-1]]
        assert after.mean() < wanted, "one fewer would have been enough"
    others = np.delete(right, found.rows)
    assert not len(found.rows) or not len(others) or right[found.rows].max() <= others.min()


@given(shares, st.floats(0, 1), st.integers(0, 50), st.floats(0, 1))
def test_a_person_gets_no_more_than_she_has_time_for_nor_what_she_does_no_better(
    right: np.ndarray, wanted: float, most: int, person: float
) -> None:
    found = route(right, wanted=wanted, most=most, person=person)
    assert len(found.rows) <= most
    assert (right[found.rows] < person).all()
    assert found.quality >= right.mean() - 1e-9


def test_the_expected_quality_is_what_comes_of_it() -> None:
    rng = np.random.default_rng(0)
    right = rng.beta(6, 1, size=20_000)
    correct = rng.random(len(right)) < right
    found = route(right, wanted=0.95)
    assert correct.mean() < 0.88
    correct[found.rows] = True
    assert found.quality == pytest.approx(0.95, abs=1e-4)
    assert correct.mean() == pytest.approx(0.95, abs=0.005)
    assert len(found.rows) < 0.35 * len(right), "at random it would take two thirds of them"


def test_nothing_to_route() -> None:
    assert len(route(np.empty(0), wanted=1.0).rows) == 0
    assert len(route(np.array([0.99, 0.98]), wanted=0.9).rows) == 0
    assert route(np.array([0.5, 0.9]), wanted=1.0, most=0).quality == pytest.approx(0.7)


def test_an_even_part_of_the_time() -> None:
    assert affordable_share(10, seconds=6, labels=1_000) == pytest.approx(0.1)
    assert affordable_share(100, seconds=6, labels=10) == 1.0
    assert affordable_share(-1, seconds=6, labels=10) == 0.0
    assert affordable_share(1, seconds=6, labels=0) == 1.0
    assert [spread(0.1, 25), spread(0.1, 20), spread(0.0, 25), spread(1.0, 25)] == [3, 2, 0, 25]
