import numpy as np
import pytest

from tools.engine.trust import LEAST, above_chance, label_weights, still_right, worth_relabeling


def test_a_guess_is_worth_nothing_and_a_sure_label_all() -> None:
    assert above_chance(np.array([0.5, 1.0, 0.25]), 2).tolist() == [0.0, 1.0, -0.5]
    assert above_chance(np.array([0.25, 1.0]), 4).tolist() == [0.0, 1.0]
    assert label_weights(np.array([0.5, 0.1, 0.75, 1.0]), 2).tolist() == [LEAST, LEAST, 0.5, 1.0]


def noisy(rng: np.random.Generator, right: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """True codes, and labels that are right with these probabilities, the errors spread evenly."""
    truth = rng.integers(classes, size=len(right))
    wrong = (truth + rng.integers(1, classes, size=len(right))) % classes
    return truth, np.where(rng.random(len(right)) < right, truth, wrong)


def centres(points: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int) -> np.ndarray:
    return np.stack([np.average(points[labels == c], axis=0, weights=weights[labels == c]) for c in range(classes)])


@pytest.mark.parametrize("classes", [2, 6])
def test_weights_bring_a_model_of_noisy_labels_nearer_to_the_truth(classes: int) -> None:
    rng = np.random.default_rng(classes)
    better = []
    for _ in range(20):
        right = rng.choice([1 / classes + 0.1, 0.95], size=600)
        truth, labels = noisy(rng, right, classes)
        home = 2 * np.eye(classes)
        points = home[truth] + rng.normal(size=(600, classes))
        plain = centres(points, labels, np.ones(600), classes)
        weighted = centres(points, labels, label_weights(right, classes), classes)
        better.append(np.linalg.norm(plain - home) - np.linalg.norm(weighted - home))
    assert np.mean(better) > 0.1
    assert np.mean(np.array(better) > 0) >= 0.95


def test_a_model_that_disagrees_makes_a_label_doubtful_and_one_that_agrees_surer() -> None:
    right = np.array([0.9, 0.9, 0.9])
    held_out = np.array([[0.95, 0.05], [0.5, 0.5], [0.05, 0.95]], dtype=np.float32)
    found = still_right(right, np.array([0, 0, 0]), held_out)
    assert found[0] > found[1] > found[2]
    assert found[1] == pytest.approx(0.9)
    assert found[2] > 0.75, "the model learns from the same labels: it does not outweigh who gave this one"
    assert np.isfinite(still_right(np.array([0.0, 1.0]), np.array([0, 1]), np.eye(2, dtype=np.float32))).all()


def test_worth_relabeling_finds_what_simulation_finds_worth_it() -> None:
    """The gain in n S² of one person's label, in place of an old one or on a new text."""
    right = np.array([0.95] * 30 + [0.75] * 5 + [0.6] * 4)
    above = above_chance(right, 2)

    def worth(signals: np.ndarray) -> float:
        return float(signals.sum() ** 2 / len(signals))

    new = worth(np.append(above, 1.0))
    anew = np.array([worth(np.where(np.arange(len(above)) == row, 1.0, above)) for row in range(len(above))])
    assert set(worth_relabeling(right, 2).tolist()) == set(np.flatnonzero(anew > new).tolist()) == {35, 36, 37, 38}


def test_the_least_sure_label_comes_first_and_good_ones_never() -> None:
    assert worth_relabeling(np.array([0.9, 0.3, 0.95, 0.1, 0.9, 0.9]), 2).tolist() == [3, 1]
    assert worth_relabeling(np.full(20, 0.9), 3).tolist() == []
    assert worth_relabeling(np.empty(0), 3).tolist() == []
