"""The oracle gate: what is checked, and what a few checks are said to prove."""

from collections import Counter

import numpy as np
import pytest

from tools.engine.oracle_gate import GivenAnswer, Judgement, choose_checks, judge
from tools.engine.records import TextId

CLASSES = ("a", "b", "c")
WANTED, MOST, PORTION = 0.8, 100, 20


def answers_of(seed: int, right: dict[str, float], size: int = 300) -> tuple[list[GivenAnswer], dict[TextId, str]]:
    """Answers naming each class alike, right as often as `right` says; the surer the likelier."""
    rng = np.random.default_rng(seed)
    given, truth = [], {}
    for place in range(size):
        label = CLASSES[rng.integers(3)]
        hit = bool(rng.random() < right[label])
        one = GivenAnswer(
            text_id=TextId(f"t{place}"),
            label=label,
            confidence=float(rng.beta(8 if hit else 4, 2)) if place % 5 else None,
        )
        given.append(one)
        truth[one.text_id] = label if hit else str(rng.choice([name for name in CLASSES if name != label]))
    return given, truth


def gate(seed: int, right: dict[str, float]) -> Judgement:
    given, truth = answers_of(seed, right)
    rng = np.random.default_rng(seed)
    known: dict[TextId, str | None] = {}
    while True:
        for text in choose_checks(given, known, CLASSES, size=PORTION, wanted=WANTED, rng=rng):
            known[text] = truth[text]
        found = judge(given, known, CLASSES, wanted=WANTED, most=MOST)
        if found.verdict != "more":
            return found


def test_a_good_oracle_is_used_after_few_checks_and_no_class_is_accused() -> None:
    found = [gate(seed, dict.fromkeys(CLASSES, 0.96)) for seed in range(12)]
    assert {one.verdict for one in found} == {"use"}
    assert not any(one.weak for one in found)
    assert np.median([one.checks for one in found]) < MOST
    assert all(one.accuracy.low >= WANTED for one in found)


def test_an_oracle_right_45_times_of_100_on_a_class_is_found_out_within_100_checks() -> None:
    found = [gate(seed, {"a": 0.95, "b": 0.45, "c": 0.95}) for seed in range(20)]
    assert sum("b" in one.weak for one in found) >= 19
    assert all(one.checks <= MOST for one in found)
    assert all(one.verdict != "use" for one in found if "b" in one.weak)
    bad = next(one for one in found[0].classes if one.name == "b")
    assert bad.right.low < 0.45 < bad.right.high


def test_what_is_kept_above_the_threshold_is_right_as_often_as_wanted() -> None:
    above = [(seed, gate(seed, {"a": 0.95, "b": 0.45, "c": 0.9})) for seed in range(10)]
    above = [(seed, one) for seed, one in above if one.verdict == "above"]
    assert len(above) >= 5
    for seed, one in above:
        given, truth = answers_of(seed, {"a": 0.95, "b": 0.45, "c": 0.9})
        kept = [a for a in given if one.calibration.probability(a.label, a.confidence) >= (one.threshold or 0)]
        assert len(kept) / len(given) == pytest.approx(one.share)
        assert np.mean([truth[a.text_id] == a.label for a in kept]) >= WANTED - 0.03


def test_a_useless_oracle_is_turned_down() -> None:
    found = [gate(seed, dict.fromkeys(CLASSES, 0.4)) for seed in range(6)]
    assert {one.verdict for one in found} == {"not"}
    assert all(one.checks < MOST for one in found), "and soon"


def test_checks_are_fresh_spread_over_classes_and_confidence_and_repeatable() -> None:
    given, truth = answers_of(3, dict.fromkeys(CLASSES, 0.9))

    def choose(known: dict[TextId, str | None]) -> list[TextId]:
        return choose_checks(given, known, CLASSES, size=30, wanted=WANTED, rng=np.random.default_rng(7))

    first = choose({})
    assert first == choose({})
    assert len(set(first)) == 30
    by_id = {one.text_id: one for one in given}
    counts = Counter(by_id[text].label for text in first)
    assert min(counts.values()) >= 8
    for name in CLASSES:
        every = sorted(one.confidence or 0 for one in given if one.label == name)
        places = sorted(every.index(by_id[t].confidence or 0) / len(every) for t in first if by_id[t].label == name)
        assert places[0] < 0.25
        assert places[-1] > 0.75
    second = choose({text: truth[text] for text in first})
    assert not set(first) & set(second)


def test_a_class_that_looks_weak_is_checked_more_until_it_is_known_to_be() -> None:
    given, _ = answers_of(5, dict.fromkeys(CLASSES, 0.9))

    def next_checks(right: int, of: int) -> Counter[str]:
        """Classes of the next checks when so many of those that named `b` were right, and all others."""
        known: dict[TextId, str | None] = {}
        for name in CLASSES:
            texts = [one.text_id for one in given if one.label == name][:of]
            known |= {t: name if name != "b" or place < right else "c" for place, t in enumerate(texts)}
        rng = np.random.default_rng(0)
        picks = set(choose_checks(given, known, CLASSES, size=20, wanted=WANTED, rng=rng))
        return Counter(one.label for one in given if one.text_id in picks)

    assert next_checks(6, 6)["b"] <= 8
    assert next_checks(4, 6)["b"] >= 10
    assert next_checks(1, 6)["b"] <= 8, "that is known by now"


def test_what_a_person_could_not_say_does_not_count_and_is_not_asked_again() -> None:
    given, truth = answers_of(6, dict.fromkeys(CLASSES, 0.9), size=40)
    known: dict[TextId, str | None] = {one.text_id: None for one in given[:20]}
    known |= {one.text_id: truth[one.text_id] for one in given[20:30]}
    found = judge(given, known, CLASSES, wanted=WANTED, most=MOST)
    assert found.checks == 10
    rest = choose_checks(given, known, CLASSES, size=99, wanted=WANTED, rng=np.random.default_rng(0))
    assert set(rest) == {one.text_id for one in given[30:]}
    known |= dict.fromkeys(rest)
    assert judge(given, known, CLASSES, wanted=WANTED, most=MOST).verdict != "more", "there is nothing more to check"
