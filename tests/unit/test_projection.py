"""The map of a pool: neighbours stay neighbours, the same pool gives the same map, and many points become few marks."""

import numpy as np
import pytest

from tools.engine.binning import COLUMNS, ROWS, Box, Outline, gather
from tools.engine.ports import Vectors
from tools.engine.projection import LANDMARKS, lay_out, place

GROUPS, EACH = 4, 60


def groups() -> Vectors:
    """Unit vectors around a few directions, group after group."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(GROUPS, 32))
    rows = np.repeat(centres, EACH, axis=0) + 0.35 * rng.normal(size=(GROUPS * EACH, 32))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)


def test_what_belongs_together_lies_together_also_what_comes_later() -> None:
    vectors = groups()
    code = np.repeat(np.arange(GROUPS), EACH)
    mixed = np.random.default_rng(1).permutation(len(vectors))
    known, later = mixed[:200], mixed[200:]
    layout = lay_out(vectors[known])
    there, new = place(layout, vectors[known]), place(layout, vectors[later])
    assert there.min() >= 0
    assert there.max() <= 1
    assert np.array_equal(there, place(lay_out(vectors[known]), vectors[known]))
    nearest = np.linalg.norm(new[:, None] - there[None], axis=2).argmin(axis=1)
    assert (code[later] == code[known][nearest]).mean() > 0.95


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_a_pool_of_any_size_has_a_map(count: int) -> None:
    vectors = groups()[:count]
    found = place(lay_out(vectors), vectors)
    assert found.shape == (count, 2)
    assert np.isfinite(found).all()


def test_texts_that_are_all_the_same_have_a_map() -> None:
    vectors = np.tile(groups()[:1], (20, 1))
    assert np.isfinite(place(lay_out(vectors), vectors)).all()


def test_a_large_pool_has_no_more_landmarks() -> None:
    rng = np.random.default_rng(2)
    sample = rng.normal(size=(LANDMARKS + 200, 8)).astype(np.float16)
    assert len(lay_out(sample).landmarks) == LANDMARKS


def test_marks_stand_for_all_texts_of_their_group_in_a_cell() -> None:
    rng = np.random.default_rng(3)
    places = rng.random((20_000, 2), dtype=np.float32)
    codes = rng.integers(-1, 3, size=len(places))
    values = rng.random(len(places), dtype=np.float32)
    marks = gather(places, codes, values, Box(), binned=True)
    assert len(marks.x) <= COLUMNS * ROWS * 4
    for code in (-1, 0, 1, 2):
        assert marks.count[marks.group == code].sum() == (codes == code).sum()
    assert (np.diff(marks.count) <= 0).all()
    assert marks.count @ marks.value == pytest.approx(values.sum(), rel=1e-3)


def test_single_texts_stand_where_they_are_and_rare_groups_come_last() -> None:
    places = np.array([[0.1, 0.2], [0.5, 0.5], [0.9, 0.1]], dtype=np.float32)
    marks = gather(places, np.array([1, 0, 0]), np.zeros(3, dtype=np.float32), Box(), binned=False)
    assert marks.group.tolist() == [0, 0, 1]
    assert (marks.x[-1], marks.y[-1]) == (places[0, 0], places[0, 1])


def test_a_box_holds_what_lies_in_it() -> None:
    places = np.array([[0.1, 0.2], [0.5, 0.5], [0.9, 0.1]], dtype=np.float32)
    assert Box(left=0.4, right=1.0, bottom=0.0, top=0.5).holds(places).tolist() == [False, True, True]


SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
STAR = ((0.5, 1.0), (0.2, 0.1), (1.0, 0.65), (0.0, 0.65), (0.8, 0.1))


@pytest.mark.parametrize(
    ("corners", "inside", "outside"),
    [
        (SQUARE, (0.5, 0.5), (0.1, 0.5)),
        (SQUARE[::-1], (0.5, 0.5), (0.9, 0.5)),
        (SQUARE * 2, (0.5, 0.5), (0.5, 0.9)),
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.7, 0.9), (0.7, 0.3), (0.1, 0.3)), (0.8, 0.6), (0.4, 0.6)),
        (STAR, (0.5, 0.5), (0.5, 0.1)),
    ],
    ids=["square", "the other way round", "around twice", "with a notch", "a star, whose middle is in it too"],
)
def test_an_outline_holds_what_its_line_goes_around(
    corners: tuple[tuple[float, float], ...], inside: tuple[float, float], outside: tuple[float, float]
) -> None:
    assert Outline(corners=corners).holds(np.array([inside, outside], dtype=np.float32)).tolist() == [True, False]


def test_an_outline_of_a_box_holds_what_the_box_holds() -> None:
    places = np.random.default_rng(4).random((5_000, 2), dtype=np.float32)
    box = Box(left=0.2, right=0.8, bottom=0.2, top=0.8)
    assert np.array_equal(Outline(corners=SQUARE).holds(places), box.holds(places))


def test_a_line_that_goes_around_nothing_holds_nothing() -> None:
    places = np.random.default_rng(5).random((100, 2), dtype=np.float32)
    assert not Outline(corners=((0.1, 0.5), (0.9, 0.5), (0.1, 0.5))).holds(places).any()
