"""The zero-shot pass on vectors whose nearness is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.engine.records import ClassDefinition, Task
from tools.engine.zero_shot import ROWS_PER_BLOCK, class_descriptions, prototypes, zero_shot_probabilities

TASK = Task(
    name="receipts",
    pool="receipts",
    description="Sort receipt lines.",
    classes=(
        ClassDefinition(name="fruit", definition="Fresh fruit.", examples=("ripe bananas", "apples")),
        ClassDefinition(name="cheese"),
        ClassDefinition(name="other"),
    ),
)


def units(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    made: NDArray[np.float16] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return made


@pytest.fixture
def pool() -> NDArray[np.float16]:
    """100 texts in 8 dimensions: the first five lie along axis 0, the next five along axis 1."""
    vectors = np.random.default_rng(0).normal(size=(100, 8))
    vectors[:, :2] *= 0.3
    vectors[:5, 0] += 9
    vectors[5:10, 1] += 9
    return units(vectors)


AXES = np.eye(8, dtype=np.float32)


def test_a_class_is_described_by_name_with_definition_and_by_each_example() -> None:
    assert class_descriptions(TASK) == [["fruit: Fresh fruit.", "ripe bananas", "apples"], ["cheese"], ["other"]]


def test_a_prototype_is_the_mean_direction_of_the_descriptions() -> None:
    found = prototypes([AXES[:2].astype(np.float16), AXES[2:3].astype(np.float16)])
    assert (found.shape, found.dtype) == ((2, 8), np.float32)
    assert found[0, :2] == pytest.approx([2**-0.5, 2**-0.5], abs=1e-3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-6)


def test_texts_go_to_the_class_they_lie_nearest(pool: NDArray[np.float16]) -> None:
    shares = zero_shot_probabilities(pool, AXES[:2])
    assert (shares.shape, shares.dtype) == ((100, 2), np.float32)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert shares[:10].argmax(axis=1).tolist() == [0] * 5 + [1] * 5


def test_the_rest_takes_what_stands_out_for_no_class(pool: NDArray[np.float16]) -> None:
    # What the rest is called lies near every text; that must not matter.
    middle = pool.astype(np.float32).mean(axis=0)
    named = np.stack([AXES[0], AXES[1], middle / np.linalg.norm(middle)])
    codes = zero_shot_probabilities(pool, named, rest=2).argmax(axis=1)
    assert codes[:10].tolist() == [0] * 5 + [1] * 5
    assert (codes[10:] == 2).mean() > 0.9


def test_a_description_that_lies_near_to_everything_does_not_take_everything(pool: NDArray[np.float16]) -> None:
    shifted = pool.astype(np.float32)
    shifted[:, 7] += 3
    hub = np.stack([AXES[0], 0.2 * AXES[1] + AXES[7]])
    codes = zero_shot_probabilities(units(shifted), units(hub).astype(np.float32)).argmax(axis=1)
    assert codes[:5].tolist() == [0] * 5


def test_texts_all_alike_get_equal_shares() -> None:
    alike = np.repeat(AXES[:1], 4, axis=0).astype(np.float16)
    assert zero_shot_probabilities(alike, AXES[:2]) == pytest.approx(0.5)


def test_blocks_of_rows_change_nothing(pool: NDArray[np.float16]) -> None:
    many = np.tile(pool, (ROWS_PER_BLOCK // 100 + 1, 1))
    whole = zero_shot_probabilities(many, AXES[:2])
    assert whole[-100:] == pytest.approx(whole[:100], abs=1e-6)
