"""Confidence: raw statements of an oracle turned into probabilities by few checks."""

import numpy as np
import pytest

from tools.engine.confidence import CheckedAnswer, confidence_error, fit_calibration

CLASSES = ("a", "b")


def oracle(seed: int, size: int) -> list[CheckedAnswer]:
    """One that always states 0.8 to 1: right on `a`, on `b` only where it is surest."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(size):
        label, stated = CLASSES[rng.integers(2)], rng.uniform(0.8, 1.0)
        chance = 0.95 if label == "a" else 0.2 + 3.5 * (stated - 0.8)
        made.append(CheckedAnswer(label=label, confidence=float(stated), right=bool(rng.random() < chance)))
    return made


def error(checks: int, seed: int) -> tuple[float, float]:
    answers = oracle(seed, 3_000)
    found = fit_calibration(answers[:checks], CLASSES, [one.confidence for one in answers])
    rest = answers[checks:]
    right = [one.right for one in rest]
    calibrated = [found.probability(one.label, one.confidence) for one in rest]
    return confidence_error(calibrated, right), confidence_error([one.confidence or 0 for one in rest], right)


def test_a_hundred_checks_mend_an_over_confident_oracle() -> None:
    errors = np.array([error(100, seed) for seed in range(10)])
    assert np.median(errors[:, 0]) <= 0.05
    assert np.median(errors[:, 1]) > 0.12


def test_only_the_order_of_confidences_counts() -> None:
    answers = oracle(1, 300)
    stretched = [CheckedAnswer(label=a.label, confidence=(a.confidence or 0) ** 9 / 5, right=a.right) for a in answers]
    plain, other = (
        fit_calibration(group[:80], CLASSES, [one.confidence for one in group]) for group in (answers, stretched)
    )
    for one, twin in zip(answers[80:], stretched[80:], strict=True):
        assert plain.probability(one.label, one.confidence) == pytest.approx(
            other.probability(twin.label, twin.confidence)
        )


def test_unknown_is_never_zero() -> None:
    answers = [CheckedAnswer(label="a", confidence=None, right=place % 10 > 0) for place in range(100)]
    found = fit_calibration(answers, CLASSES, [None] * 100)
    assert found.probability("a", None) == pytest.approx(0.9, abs=0.02), "that of an ordinary answer"
    assert 0.5 < fit_calibration([], CLASSES, []).probability("b", None) < 1
    mixed = fit_calibration(oracle(2, 100), CLASSES, [0.8, 0.9, 1.0])
    assert 0.5 < mixed.probability("a", None) < 1
    assert mixed.probability("a", 0.99) >= mixed.probability("a", None)


def test_the_error_of_bins() -> None:
    sure, right = [0.95] * 10 + [0.55] * 10, [True] * 9 + [False] + [True] * 5 + [False] * 5
    assert confidence_error(sure, right) == pytest.approx(0.05)
    assert confidence_error(sure, right, even=True, bins=2) == pytest.approx(0.05)
    assert confidence_error([1.0] * 4, [False] * 4) == 1.0
    assert confidence_error([0.7] * 10, [True] * 7 + [False] * 3, bins=1) == pytest.approx(0.0)
