"""The zero-shot pass on vectors whose nearness is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.engine.records import ClassDefinition, Task
from tools.engine.zero_shot import ROWS_PER_BLOCK, class_descriptions, zero_shot_probabilities

TASK = Task(
    name="receipts",
    pool="receipts",
    description="Sort receipt lines.",
    classes=(
        ClassDefinition(name="fruit", definition="Fresh fruit, nuts; berries.", examples=("ripe bananas, 1 kg",)),
        ClassDefinition(name="cheese"),
        ClassDefinition(name="other"),
    ),
)
Matrix = NDArray[np.floating]
AXES = np.eye(8, dtype=np.float32)


def units(*vectors: Matrix) -> NDArray[np.float16]:
    rows = np.concatenate([np.atleast_2d(one) for one in vectors])
    made: NDArray[np.float16] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    return made


def described(*axes: int) -> list[Matrix]:
    """Classes with one description each, along these axes."""
    return [AXES[[axis]] for axis in axes]


@pytest.fixture
def pool() -> NDArray[np.float16]:
    """100 texts in 8 dimensions: the first five lie along axis 0, the next five along axis 1."""
    vectors = np.random.default_rng(0).normal(size=(100, 8))
    vectors[:, :2] *= 0.3
    vectors[:5, 0] += 9
    vectors[5:10, 1] += 9
    return units(vectors)


def test_a_class_is_described_as_a_whole_by_the_phrases_of_its_definition_and_by_examples() -> None:
    fruit = ["fruit: Fresh fruit, nuts; berries.", "Fresh fruit", "nuts", "berries", "ripe bananas, 1 kg"]
    assert class_descriptions(TASK) == [fruit, ["cheese"], ["other"]]


def test_texts_go_to_the_class_they_lie_nearest(pool: NDArray[np.float16]) -> None:
    shares = zero_shot_probabilities(pool, described(0, 1))
    assert shares.shape == (100, 2)
    assert shares.dtype == np.float32
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert shares[:10].argmax(axis=1).tolist() == [0] * 5 + [1] * 5


def test_a_class_of_many_things_takes_a_text_that_is_one_of_them(pool: NDArray[np.float16]) -> None:
    many = units(AXES[0] + AXES[1], AXES[0], AXES[1])
    shares = zero_shot_probabilities(pool, [many, AXES[[7]]], rest=1)
    assert shares[:10].argmax(axis=1).tolist() == [0] * 10
    assert (shares[10:].argmax(axis=1) == 1).mean() > 0.9


def test_the_rest_takes_what_stands_out_for_no_class(pool: NDArray[np.float16]) -> None:
    # What the rest is called lies near every text; that must not matter.
    everywhere = units(pool.astype(np.float32).mean(axis=0))
    codes = zero_shot_probabilities(pool, [*described(0, 1), everywhere], rest=2).argmax(axis=1)
    assert codes[:10].tolist() == [0] * 5 + [1] * 5
    assert (codes[10:] == 2).mean() > 0.9


def test_a_description_that_lies_near_to_everything_does_not_take_everything(pool: NDArray[np.float16]) -> None:
    shifted = pool.astype(np.float32)
    shifted[:, 7] += 3
    hub = units(0.2 * AXES[1] + AXES[7])
    codes = zero_shot_probabilities(units(shifted), [AXES[[0]], hub]).argmax(axis=1)
    assert codes[:5].tolist() == [0] * 5


def test_texts_all_alike_get_equal_shares() -> None:
    alike = np.repeat(AXES[:1], 4, axis=0).astype(np.float16)
    assert zero_shot_probabilities(alike, described(0, 1)) == pytest.approx(0.5)


def test_blocks_of_rows_change_nothing(pool: NDArray[np.float16]) -> None:
    many = np.tile(pool, (ROWS_PER_BLOCK // 100 + 1, 1))
    whole = zero_shot_probabilities(many, described(0, 1))
    assert whole[-100:] == pytest.approx(whole[:100], abs=1e-5)
