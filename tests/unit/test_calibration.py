"""Temperature and calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tools.engine.calibration import (
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    reliability,
)

Floats = NDArray[np.float64]


def drawn_labels(logits: Floats, temperature: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Labels that follow softmax(logits / temperature)."""
    noise = rng.gumbel(size=logits.shape)
    labels: NDArray[np.int64] = np.argmax(logits / temperature + noise, axis=1)
    return labels


def nll(logits: Floats, labels: NDArray[np.int64], temperature: float) -> float:
    probabilities = apply_temperature(logits, temperature).astype(np.float64)
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-30)).mean())


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 2.0, 4.0])
def test_the_temperature_is_found_from_enough_labels(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = 4 * rng.normal(size=(2_000, 4))
    found = fit_temperature(logits, drawn_labels(logits, true_temperature, rng))
    assert found == pytest.approx(true_temperature, rel=0.12)


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 5), st.floats(0.1, 30))
def test_the_temperature_never_fits_worse_than_none(seed: int, n: int, classes: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = scale * rng.normal(size=(n, classes)), rng.integers(0, classes, n)
    found = fit_temperature(logits, labels)
    assert 0.1 <= found <= 10
    assert nll(logits, labels, found) <= nll(logits, labels, 1.0) + 1e-5


def test_few_labels_that_are_all_right_do_not_make_the_model_certain() -> None:
    logits = np.tile([[2.0, 0.0], [0.0, 2.0]], (8, 1))
    labels = np.tile([0, 1], 8)
    assert 0.3 < fit_temperature(logits, labels) < 1


def test_no_labels_leave_the_probabilities_alone() -> None:
    assert fit_temperature(np.zeros((0, 3)), []) == 1.0


def test_impossible_log_probabilities_are_finite() -> None:
    with np.errstate(divide="ignore"):
        logits = np.log(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    found = fit_temperature(logits, [0, 1, 1])
    assert 1 < found <= 10
    assert np.isfinite(apply_temperature(logits, found)).all()


def test_weights_count_like_repeated_labels() -> None:
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(30, 3))
    labels, counts = drawn_labels(logits, 2.0, rng), rng.integers(1, 5, 30)
    repeated = fit_temperature(np.repeat(logits, counts, axis=0), np.repeat(labels, counts))
    assert fit_temperature(logits, labels, counts.astype(np.float64)) == pytest.approx(repeated, rel=1e-3)


def test_temperature_one_gives_log_probabilities_back() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    again = apply_temperature(np.log(probabilities), 1.0)
    assert again.dtype == np.float32
    assert again == pytest.approx(probabilities, abs=1e-6)


def test_calibration_error_of_known_cases() -> None:
    sure = np.array([[1.0, 0.0]] * 4)
    assert expected_calibration_error(sure, [0, 0, 0, 0]) == 0
    assert expected_calibration_error(sure, [1, 1, 1, 1]) == 1
    assert expected_calibration_error(sure, [0, 0, 0, 1]) == pytest.approx(0.25)
    assert expected_calibration_error(sure, [0, 0, 0, 1], weights=np.array([1.0, 1, 1, 5])) == pytest.approx(5 / 8)
    mixed = np.array([[0.95, 0.05], [0.65, 0.35]])
    assert expected_calibration_error(mixed, [0, 1]) == pytest.approx((0.05 + 0.65) / 2)


def test_calibration_lowers_the_error_of_a_model_that_is_too_sure() -> None:
    rng = np.random.default_rng(0)
    logits = 5 * rng.normal(size=(3_000, 3))
    labels = drawn_labels(logits, 3.0, rng)
    before, after = (
        expected_calibration_error(apply_temperature(logits, t), labels) for t in (1.0, fit_temperature(logits, labels))
    )
    assert after < 0.03 < before


def test_reliability_counts_what_holds_by_how_sure_it_was() -> None:
    sure = np.array([0.05, 0.05, 0.62, 0.68, 1.0])
    holds = np.array([False, False, True, False, True])
    low, middle, top = reliability(sure, holds)
    assert [low.confidence, middle.confidence] == pytest.approx([0.05, 0.65])
    assert [low.holds.value, middle.holds.value] == [0, 0.5]
    assert [low.texts, middle.texts] == [2, 2]
    assert top.texts == 1
    assert top.holds.low < 0.5 < top.holds.high == 1


def test_reliability_weighs_texts_as_they_stand_for_the_pool() -> None:
    (one,) = reliability(np.array([0.62, 0.68]), np.array([True, False]), weights=np.array([3.0, 1.0]))
    assert one.confidence == pytest.approx(0.635)
    assert one.holds.value == pytest.approx(0.75)
