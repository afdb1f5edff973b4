"""Scores agree with scikit-learn, and their intervals hold what they promise."""

import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
)

from tools.engine.errors import NotEnoughLabels, UnknownLabel
from tools.engine.gold import draw_gold
from tools.engine.records import Estimate, Scores, TextId
from tools.engine.scoring import Metric, from_json, headline, metric, score, summary, to_json

Ints = NDArray[np.int64]
METRICS: tuple[Metric, ...] = ("accuracy", "macro_f1", "precision", "recall", "f1")


def codes(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def all_estimates(scores: Scores) -> list[Estimate]:
    per_class = [e for c in scores.per_class.values() for e in (c.precision, c.recall, c.f1)]
    average = [] if scores.average_precision is None else [scores.average_precision]
    return [*per_class, *average, *(metric(scores, name) for name in METRICS)]


@st.composite
def judged(draw: st.DrawFn) -> Scores:
    classes = draw(st.integers(2, 5))
    n = draw(st.integers(1, 60))
    code = st.integers(0, classes - 1)
    truth = codes(*draw(st.lists(code, min_size=n, max_size=n)))
    predicted = truth.copy() if draw(st.booleans()) else codes(*draw(st.lists(code, min_size=n, max_size=n)))
    weights = draw(st.none() | st.lists(st.floats(0.01, 1e5), min_size=n, max_size=n))
    # Coarse values make ties, which average precision must count as one threshold.
    raw = draw(st.lists(st.integers(0, 4), min_size=n * classes, max_size=n * classes))
    return score(
        truth=truth,
        predicted=predicted,
        classes=[f"c{i}" for i in range(classes)],
        basis="gold",
        weights=None if weights is None else np.array(weights),
        probabilities=np.array(raw, dtype=np.float32).reshape(n, classes) / 4,
        positive=draw(st.sampled_from([None, "c0", "c1"])),
    )


@given(judged())
def test_every_interval_encloses_its_value_within_zero_and_one(scores: Scores) -> None:
    for estimate in all_estimates(scores):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.high - estimate.low > 0


@given(judged())
def test_scores_survive_json(scores: Scores) -> None:
    assert from_json(json.loads(json.dumps(to_json(scores)))) == scores


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.booleans(), st.integers(2, 6))
def test_values_are_those_of_scikit_learn(seed: int, weighted: bool, classes: int) -> None:  # noqa: FBT001 - drawn
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 120))
    truth, noise = rng.integers(0, classes, n), rng.integers(0, classes, n)
    predicted = np.where(rng.random(n) < 0.6, truth, noise)
    weights = rng.uniform(0.5, 30, n) if weighted else None
    probabilities = rng.dirichlet(np.ones(classes), n).round(2)
    truth[0] = 1
    names = [f"c{i}" for i in range(classes)]
    scores = score(
        truth=truth,
        predicted=predicted,
        classes=names,
        basis="test",
        weights=weights,
        probabilities=probabilities,
        positive="c1",
    )
    given_weights = {"sample_weight": weights}
    per_class = {"labels": range(classes), "average": None, "zero_division": 0.0, **given_weights}
    assert scores.accuracy.value == pytest.approx(accuracy_score(truth, predicted, **given_weights))
    assert scores.macro_f1.value == pytest.approx(f1_score(truth, predicted, average="macro", **given_weights))
    parts = [scores.per_class[name] for name in names]
    assert [c.precision.value for c in parts] == pytest.approx(precision_score(truth, predicted, **per_class))
    assert [c.recall.value for c in parts] == pytest.approx(recall_score(truth, predicted, **per_class))
    assert [c.f1.value for c in parts] == pytest.approx(f1_score(truth, predicted, **per_class))
    assert scores.average_precision is not None
    assert scores.average_precision.value == pytest.approx(
        average_precision_score(truth == 1, probabilities[:, 1], **given_weights)
    )
    assert np.array_equal(scores.confusion, confusion_matrix(truth, predicted, labels=range(classes)))
    assert [c.support for c in parts] == [int((truth == i).sum()) for i in range(classes)]


@given(judged(), st.integers(2, 50))
def test_only_the_proportions_of_the_weights_count(scores: Scores, factor: int) -> None:
    truth = [i for i, row in enumerate(scores.confusion) for cell in row for _ in range(cell)]
    predicted = [j for row in scores.confusion for j, cell in enumerate(row) for _ in range(cell)]
    plain, scaled = (
        score(truth=codes(*truth), predicted=codes(*predicted), classes=scores.classes, basis="gold", weights=weights)
        for weights in (None, np.full(len(truth), float(factor)))
    )
    for one, other in zip(all_estimates(plain), all_estimates(scaled), strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_wilson_interval_of_a_known_case() -> None:
    # 8 of 10 right: Wilson's interval as published calculators give it.
    truth = np.zeros(10, dtype=np.int64)
    predicted = codes(0, 0, 0, 0, 0, 0, 0, 0, 1, 1)
    accuracy = score(truth=truth, predicted=predicted, classes=["a", "b"], basis="gold").accuracy
    assert (accuracy.value, accuracy.low, accuracy.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)


def test_all_correct_in_a_small_sample_is_not_called_certain() -> None:
    truth = codes(0, 0, 0, 0, 1, 1, 1, 1)
    probabilities = np.eye(2)[truth]
    scores = score(
        truth=truth, predicted=truth, classes=["no", "yes"], basis="gold", probabilities=probabilities, positive="yes"
    )
    for estimate in all_estimates(scores):
        assert estimate.value == 1
        assert estimate.low < 0.85


def test_uneven_weights_widen_the_interval() -> None:
    # Every tenth text of either weight is judged wrong, so the value stays and only the width may change.
    truth = np.zeros(200, dtype=np.int64)
    predicted = codes(*[0] * 90, *[1] * 10, *[0] * 90, *[1] * 10)
    weights = np.repeat([1.0, 30.0], 100)
    even, uneven = (
        score(truth=truth, predicted=predicted, classes=["a", "b"], basis="gold", weights=w).accuracy
        for w in (None, weights)
    )
    assert even.value == pytest.approx(uneven.value) == pytest.approx(0.9)
    # Kish: 200 texts count for (100 + 3000)^2 / (100 + 90000) = 106.7.
    assert uneven.high - uneven.low == pytest.approx((even.high - even.low) * math.sqrt(200 / 106.7), rel=0.03)


def test_precision_of_what_was_never_predicted_is_unknown() -> None:
    scores = score(truth=codes(0, 0, 1), predicted=codes(0, 0, 0), classes=["no", "yes"], basis="gold", positive="yes")
    assert metric(scores, "precision") == Estimate(value=0, low=0, high=1)
    assert metric(scores, "recall").high < 1


def test_average_precision_without_a_positive_text_is_unknown() -> None:
    scores = score(
        truth=codes(0, 0),
        predicted=codes(0, 0),
        classes=["no", "yes"],
        basis="gold",
        probabilities=np.full((2, 2), 0.5),
        positive="yes",
    )
    assert scores.average_precision == Estimate(value=0, low=0, high=1)


def test_classes_that_never_occur_stay_out_of_the_averages() -> None:
    truth, predicted = codes(0, 0, 1, 1), codes(0, 1, 1, 1)
    two = score(truth=truth, predicted=predicted, classes=["a", "b"], basis="gold")
    three = score(truth=truth, predicted=predicted, classes=["a", "b", "never"], basis="gold")
    assert three.macro_f1 == two.macro_f1
    assert metric(three, "recall") == metric(two, "recall")
    assert three.per_class["never"].f1 == Estimate(value=0, low=0, high=1)


def test_no_labels_are_not_scored() -> None:
    with pytest.raises(NotEnoughLabels, match="0 known labels"):
        score(truth=codes(), predicted=codes(), classes=["a", "b"], basis="gold")


def test_a_positive_class_outside_the_classes_is_refused() -> None:
    with pytest.raises(UnknownLabel, match="'c' is not one of the classes: a, b"):
        score(truth=codes(0), predicted=codes(0), classes=["a", "b"], basis="gold", positive="c")


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, math.nan], [1.0, math.inf]])
def test_broken_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        score(truth=codes(0, 1), predicted=codes(0, 1), classes=["a", "b"], basis="gold", weights=np.array(weights))


def test_headline_and_summary_with_and_without_a_positive_class() -> None:
    truth, predicted = codes(0, 0, 0, 1, 1, 2), codes(0, 0, 1, 1, 1, 0)
    plain = score(truth=truth, predicted=predicted, classes=["a", "b", "c"], basis="gold")
    rare = score(truth=truth, predicted=predicted, classes=["a", "b", "c"], basis="gold", positive="b", threshold=0.3)
    assert headline(plain) == ("accuracy", plain.accuracy)
    assert headline(rare) == ("f1", rare.per_class["b"].f1)
    flat = summary(plain)
    assert flat["metric"] == "accuracy"
    assert (flat["low"], flat["high"]) == (plain.accuracy.low, plain.accuracy.high)
    assert flat["recall"] == pytest.approx(recall_score(truth, predicted, average="macro"))
    assert flat["precision"] == pytest.approx(precision_score(truth, predicted, average="macro", zero_division=0.0))
    assert flat["f1"] == flat["macro_f1"] == plain.macro_f1.value
    positive = summary(rare)
    assert positive["metric"] == "f1"
    assert (positive["precision"], positive["recall"], positive["f1"]) == pytest.approx((2 / 3, 1, 0.8))
    assert (positive["low"], positive["high"]) == (rare.per_class["b"].f1.low, rare.per_class["b"].f1.high)
    assert rare.threshold == 0.3


# --- coverage: how often the intervals of simulated samples hold the population's value -----------------------------

DRAWS = 400


def a_population(*, shares: list[float], accuracy: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """A large pool whose mistakes go to the neighbouring class, so that the F1 of neighbours move together."""
    truth = rng.choice(len(shares), size=20_000, p=shares)
    wrong = (truth + 1) % len(shares)
    return truth, np.where(rng.random(truth.size) < accuracy, truth, wrong)


@pytest.mark.parametrize(
    ("shares", "accuracy", "n"),
    [
        ([0.5, 0.5], 0.8, 60),
        ([0.8, 0.2], 0.9, 100),
        ([0.6, 0.3, 0.1], 0.85, 150),
        ([0.3, 0.25, 0.2, 0.15, 0.1], 0.7, 150),
    ],
)
def test_intervals_cover_the_truth_in_random_samples(shares: list[float], accuracy: float, n: int) -> None:
    rng = np.random.default_rng(1)
    truth, predicted = a_population(shares=shares, accuracy=accuracy, rng=rng)
    names = [f"c{i}" for i in range(len(shares))]

    def judge(places: Ints) -> Scores:
        return score(truth=truth[places], predicted=predicted[places], classes=names, basis="gold", positive="c1")

    whole = judge(np.arange(truth.size))
    held: Counter[Metric] = Counter()
    for _ in range(DRAWS):
        drawn = judge(rng.choice(truth.size, n, replace=False))
        held.update(name for name in METRICS if covers(metric(drawn, name), metric(whole, name)))
    assert min(held[name] for name in METRICS) >= 0.9 * DRAWS, held


@pytest.mark.parametrize(("share", "separation"), [(0.01, 2.0), (0.01, 3.0), (0.03, 2.0), (0.03, 3.0), (0.05, 2.5)])
def test_intervals_cover_the_truth_in_stratified_gold_samples(share: float, separation: float) -> None:
    rng = np.random.default_rng(2)
    size = 10_000
    truth = (rng.random(size) < share).astype(np.int64)
    before = rng.normal(size=size) + separation * truth
    # The trained model errs on texts that looked hard before, and on others.
    after = rng.normal(size=size) + before + 2 * truth
    probabilities = np.column_stack([1 / (1 + np.exp(after)), 1 / (1 + np.exp(-after))])
    predicted = (after > np.quantile(after[truth == 1], 0.2)).astype(np.int64)
    ids = [TextId(str(i)) for i in range(size)]

    def judge(places: Ints, weights: NDArray[np.float64] | None) -> Scores:
        return score(
            truth=truth[places],
            predicted=predicted[places],
            classes=["no", "yes"],
            basis="gold",
            weights=weights,
            probabilities=probabilities[places],
            positive="yes",
        )

    whole = judge(np.arange(size), None)
    held: Counter[str] = Counter()
    for _ in range(DRAWS):
        items = draw_gold(ids=ids, size=300, rng=rng, positive_scores=before)
        drawn = judge(codes(*(int(i.text_id) for i in items)), np.array([i.weight for i in items]))
        held.update(name for name in METRICS if covers(metric(drawn, name), metric(whole, name)))
        assert drawn.average_precision is not None
        assert whole.average_precision is not None
        held["average_precision"] += covers(drawn.average_precision, whole.average_precision)
    assert min(held[name] for name in (*METRICS, "average_precision")) >= 0.9 * DRAWS, held


def covers(estimate: Estimate, truth: Estimate) -> bool:
    return estimate.low <= truth.value <= estimate.high
