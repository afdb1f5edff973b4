"""Confident learning: labels that are wrong are found, right ones are left alone."""

import numpy as np

from tools.engine.confident import label_issues


def test_a_label_that_all_models_contradict_is_found_and_named() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    likely = np.array([0.9, 0.8, 0.1, 0.2, 0.1, 0.3])
    issues = label_issues(labels, np.stack([likely, 1 - likely], axis=1))
    assert [(one.row, one.suggested) for one in issues] == [(2, 1)]


def test_planted_errors_are_found_among_the_first() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 400)
    probabilities = np.full((400, 4), 0.1)
    probabilities[np.arange(400), truth] = 0.7
    probabilities = rng.dirichlet(np.ones(4), 400) * 0.3 + probabilities * 0.7
    labels = truth.copy()
    wrong = rng.choice(400, 30, replace=False)
    labels[wrong] = (truth[wrong] + 1) % 4
    issues = label_issues(labels, probabilities)
    found = {one.row for one in issues}
    assert len(found & set(wrong.tolist())) >= 20
    assert len(issues) <= 25
    assert all(one.suggested == truth[one.row] for one in issues if one.row in wrong)


def test_thresholds_are_those_of_each_class() -> None:
    # Class 1 is never sure of itself: 0.55 is a lot for it, and would be little for class 0.
    labels = np.array([0, 0, 0, 1, 1])
    likely = np.array([0.95, 0.9, 0.45, 0.6, 0.5])
    issues = label_issues(labels, np.stack([likely, 1 - likely], axis=1))
    assert [(one.row, one.suggested) for one in issues] == [(2, 1)]


def test_a_class_without_labels_is_never_suggested_and_nothing_is_no_error() -> None:
    assert label_issues(np.array([0, 0]), np.array([[0.2, 0.8], [0.9, 0.1]])) == []
    assert label_issues(np.array([], dtype=np.int64), np.zeros((0, 2))) == []
