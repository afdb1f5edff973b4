"""Which labeled texts are shown to a language model."""

import numpy as np
import pytest

from tools.engine.demonstrations import choose_demonstrations


def unit(*rows: tuple[float, float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    found = np.asarray(rows, dtype=np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def test_each_class_is_shown_before_one_is_shown_twice() -> None:
    labels = ["a"] * 8 + ["b", "c"]
    rng = np.random.default_rng(0)
    chosen = choose_demonstrations(unit(*rng.normal(size=(10, 2))), labels, unit((1, 0)), size=4)
    assert sorted(labels[row] for row in chosen) == ["a", "a", "b", "c"]
    assert len(set(chosen)) == 4


def test_what_is_like_the_texts_asked_about_goes_first_and_near_copies_do_not_follow() -> None:
    vectors = unit((1, 0), (1, 0.01), (0.8, 0.6), (-1, 0))
    assert choose_demonstrations(vectors, ["a"] * 4, unit((1, 0)), size=1) == [0]
    chosen = choose_demonstrations(vectors, ["a"] * 4, unit((1, 0.3)), size=2)
    assert chosen == [1, 2], "not its near copy, and not what is far from what is asked"


@pytest.mark.parametrize("size", [0, 3, 99])
def test_never_more_than_asked_for_or_there_are(size: int) -> None:
    assert len(choose_demonstrations(unit((1, 0), (0, 1), (1, 1)), ["a", "b", "a"], unit((1, 0)), size=size)) == min(
        3, size
    )
    assert choose_demonstrations(np.zeros((0, 2)), [], unit((1, 0)), size=size) == []


def test_without_likeness_the_classes_decide() -> None:
    chosen = choose_demonstrations(np.zeros((4, 1)), ["a", "a", "a", "b"], np.zeros((0, 1)), size=2)
    assert [["a", "a", "a", "b"][row] for row in chosen] == ["b", "a"]
