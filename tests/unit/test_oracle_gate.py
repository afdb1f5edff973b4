"""The oracle gate: what is checked, and what a few checks are said to prove."""

from collections import Counter

import numpy as np
import pytest

from tools.engine.oracle_gate import GivenAnswer, Judgement, choose_checks, judge
from tools.engine.records import TextId
from tools.gate import portion, sample_size

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
    assert next_checks(4, 6)["b"] >= 9
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


# --- many classes -----------------------------------------------------------------------------------------------------

MANY = tuple(f"c{place}" for place in range(18))


def many(seed: int, right: dict[str, float]) -> tuple[list[GivenAnswer], dict[TextId, str]]:
    """As many answers as a run takes, naming 18 classes alike."""
    rng = np.random.default_rng([seed, 18])
    given, truth = [], {}
    for place in range(sample_size(len(MANY))):
        code = int(rng.integers(18))
        hit = rng.random() < right[MANY[code]]
        one = GivenAnswer(text_id=TextId(f"t{place}"), label=MANY[code], confidence=None)
        given.append(one)
        truth[one.text_id] = MANY[code] if hit else MANY[(code + int(rng.integers(1, 18))) % 18]
    return given, truth


def named_weak(seed: int, right: dict[str, float]) -> set[str]:
    """The classes of whose answers too few are right, by a gate that takes all its checks."""
    given, truth = many(seed, right)
    rng = np.random.default_rng(seed)
    known: dict[TextId, str | None] = {}
    while len(known) < MOST:
        picks = choose_checks(given, known, MANY, size=portion(len(known)), wanted=WANTED, rng=rng)
        known |= {text: truth[text] for text in picks}
    return {one.name for one in judge(given, known, MANY, wanted=WANTED, most=MOST).classes if one.wrong}


def test_one_bad_class_of_18_is_found_within_100_checks_and_a_good_one_seldom_accused() -> None:
    bad = dict.fromkeys(MANY, 0.92) | {"c7": 0.45}
    found = [named_weak(seed, bad) for seed in range(40)]
    assert sum("c7" in one for one in found) >= 33
    assert sum(bool(one - {"c7"}) for one in found) <= 1
    assert sum(bool(named_weak(seed, dict.fromkeys(MANY, 0.85))) for seed in range(40)) <= 4


def known_of(given: list[GivenAnswer], right: dict[str, tuple[int, int]], other: str) -> dict[TextId, str | None]:
    """Of so many answers of a class that were checked, so many right, the rest of class `other`."""
    known: dict[TextId, str | None] = {}
    for name, (hits, of) in right.items():
        texts = [one.text_id for one in given if one.label == name][:of]
        known |= {text: name if place < hits else other for place, text in enumerate(texts)}
    return known


def test_of_many_classes_the_one_in_doubt_gets_half_of_the_checks_until_it_would_be_clear() -> None:
    given, _ = many(0, dict.fromkeys(MANY, 1.0))
    known = known_of(given, dict.fromkeys(MANY, (4, 4)) | {"c7": (2, 4)}, "c0")

    def next_checks(size: int) -> Counter[str]:
        picks = set(choose_checks(given, known, MANY, size=size, wanted=WANTED, rng=np.random.default_rng(0)))
        return Counter(one.label for one in given if one.text_id in picks)

    assert next_checks(10)["c7"] == 5
    assert next_checks(40)["c7"] < 15, "when all of so many are right it is as good as the others"


def test_the_accuracy_is_not_taken_from_classes_that_began_well() -> None:
    given, _ = answers_of(4, dict.fromkeys(CLASSES, 1.0))
    checked = {"a": (3, 3), "b": (12, 24), "c": (3, 3)}
    found = judge(given, known_of(given, checked, "a"), CLASSES, wanted=WANTED, most=MOST)
    plain = float(np.mean([hits / of for hits, of in checked.values()]))
    assert 18 / 30 < found.accuracy.value < plain - 0.05
    assert {one.name: one.right.value for one in found.classes} == {"a": 1.0, "b": 0.5, "c": 1.0}


def test_a_class_is_missed_when_several_of_its_texts_are_met_elsewhere() -> None:
    given, _ = many(0, dict.fromkeys(MANY, 1.0))

    def missed(met: int) -> set[str]:
        places = {name: (3, 4) if n < met else (4, 4) for n, name in enumerate(MANY[1:])}
        known = known_of(given, places | {"c0": (4, 4)}, "c0")
        judged = judge(given, known, MANY, wanted=WANTED, most=MOST)
        assert not any(one.wrong for one in judged.classes)
        return {one.name for one in judged.classes if one.missed}

    assert missed(2) == set(), "two may be chance"
    assert missed(5) == {"c0"}


def test_more_is_answered_where_there_are_many_classes_and_less_put_up_when_few_are_in_doubt() -> None:
    assert [sample_size(count) for count in (2, 6, 18)] == [300, 300, 540]
    assert [portion(checked) for checked in (0, 40, 60, 90)] == [20, 20, 10, 10]
