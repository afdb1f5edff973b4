"""Consensus: votes weighed by what their sources are worth."""

import numpy as np
import pytest

from tools.engine.consensus import Vote, best, dawid_skene, majority, weighted_vote
from tools.engine.errors import NotEnoughLabels, UnknownLabel

CLASSES = ("a", "b", "c")
ACCURACY = {"good": 0.95, "fair": 0.6, "poor": 0.55, "fine": 0.9}


def crowd(seed: int) -> tuple[list[Vote], dict[str, str]]:
    """Votes on 600 items by sources of known accuracy, each of whom sees seven items of ten."""
    rng = np.random.default_rng(seed)
    truth = {f"i{place}": CLASSES[rng.integers(3)] for place in range(600)}
    votes = []
    for item, label in truth.items():
        for source, right in ACCURACY.items():
            if rng.random() < 0.7:
                wrong = [name for name in CLASSES if name != label]
                votes.append((item, source, label if rng.random() < right else str(rng.choice(wrong))))
    return votes, truth


def hits(posterior: object, truth: dict[str, str]) -> float:
    assert isinstance(posterior, dict)
    return float(np.mean([best(shares)[0] == truth[item] for item, shares in posterior.items()]))


def test_sources_are_weighed_by_what_they_are_worth() -> None:
    votes, truth = crowd(0)
    found = dawid_skene(votes, CLASSES)
    for source, right in ACCURACY.items():
        assert found.accuracy(source) == pytest.approx(right, abs=0.06)
        np.testing.assert_allclose(found.confusion[source].sum(axis=1), 1.0)
    plain, weighed, learnt = (
        hits(posterior, truth)
        for posterior in (majority(votes, CLASSES), weighted_vote(votes, CLASSES, ACCURACY), dict(found.posterior))
    )
    assert plain + 0.04 < learnt
    assert learnt == pytest.approx(weighed, abs=0.02)
    for shares in found.posterior.values():
        assert sum(shares.values()) == pytest.approx(1.0)


def test_one_against_one_is_undecided_until_something_is_known_of_them() -> None:
    votes = [("t", "x", "a"), ("t", "y", "b"), *((f"k{n}", "x", "a") for n in range(8))]
    votes += [(f"k{n}", "y", "b") for n in range(8)]
    assert dawid_skene(votes[:2], ("a", "b")).posterior["t"] == pytest.approx({"a": 0.5, "b": 0.5})
    known = {f"k{n}": "a" for n in range(8)}
    found = dawid_skene(votes, ("a", "b"), known=known)
    assert found.posterior["t"]["a"] > 0.8, "x was right eight times, y never"
    assert found.posterior["k0"] == {"a": 1.0, "b": 0.0}


def test_a_single_vote_is_no_certainty() -> None:
    assert 0.5 < dawid_skene([("t", "x", "a")], CLASSES).posterior["t"]["a"] < 0.95


def test_what_cannot_be_weighed_is_said() -> None:
    with pytest.raises(NotEnoughLabels):
        dawid_skene([], CLASSES)
    with pytest.raises(UnknownLabel, match="'z'"):
        majority([("t", "x", "z")], CLASSES)
