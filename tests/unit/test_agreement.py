"""Agreement of several people: worked examples of the literature, and what must hold for any votes."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.engine.agreement import (
    alpha,
    cohen_kappa,
    cohen_with_interval,
    count_votes,
    fleiss,
    fleiss_kappa,
    krippendorff_alpha,
    with_interval,
)
from tools.engine.errors import NotEnoughLabels

FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
"""Ten subjects, five categories, fourteen raters; published with kappa 0.210."""
RELIABILITY = {
    "a": "123321412...",
    "b": "1233224125.3",
    "c": ".3332342251.",
    "d": "12332441251.",
}
"""Krippendorff 2011, example C: four observers, twelve units, some missing; nominal alpha 0.743."""


def votes_of(rows: dict[str, str]) -> list[tuple[str, str, str]]:
    """(item, source, label) of what each source said, one letter an item, `.` for nothing."""
    return [(str(n), who, label) for who, said in rows.items() for n, label in enumerate(said) if label != "."]


def test_fleiss_kappa_of_the_published_example() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


def test_alpha_of_krippendorff_s_example_with_missing_answers() -> None:
    counts = count_votes(votes_of(RELIABILITY), "12345")
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_krippendorff_s_example_of_two_observers() -> None:
    counts = count_votes(votes_of({"a": "aabbdcccedda", "b": "babbbccceddd"}), "abcde")
    assert krippendorff_alpha(counts) == pytest.approx(0.692, abs=5e-4)


def test_cohen_s_kappa_of_the_textbook_example() -> None:
    a = "y" * 25 + "n" * 25
    b = "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    found = cohen_with_interval(list(a), list(b), np.random.default_rng(0))
    assert found.value == pytest.approx(0.4)
    # The asymptotic interval of the same table is 0.15 to 0.65.
    assert found.low == pytest.approx(0.15, abs=0.06)
    assert found.high == pytest.approx(0.65, abs=0.06)


def test_for_two_who_both_answer_all_the_three_measures_are_close() -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < 0.7, a, rng.integers(0, 3, 400))
    votes = [(str(n), who, str(code)) for who, codes in (("a", a), ("b", b)) for n, code in enumerate(codes)]
    counts = count_votes(votes, "012")
    cohen = cohen_kappa(a, b)
    assert fleiss_kappa(counts) == pytest.approx(cohen, abs=0.01)
    assert krippendorff_alpha(counts) == pytest.approx(cohen, abs=0.01)


def test_the_interval_narrows_with_more_items_and_holds_the_value() -> None:
    small, large = (with_interval(alpha, np.array(FLEISS * times), np.random.default_rng(1)) for times in (1, 30))
    assert small.low < small.value < small.high
    assert large.high - large.low < (small.high - small.low) / 3
    kappa = with_interval(fleiss, FLEISS, np.random.default_rng(1))
    assert kappa.low < 0.21 < kappa.high


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth, covered = 0.36, 0  # two who are each right 80 times of 100, two classes alike: (0.68 - 0.5) / 0.5
    for seed in range(60):
        rng = np.random.default_rng(seed)
        item = rng.integers(0, 2, 150)
        said = [np.where(rng.random(150) < 0.8, item, 1 - item) for _ in range(2)]
        counts = np.stack([(said[0] == c).astype(int) + (said[1] == c) for c in (0, 1)], axis=1)
        found = with_interval(alpha, counts, rng)
        covered += found.low <= truth <= found.high
    assert covered >= 53


@given(st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=20))
def test_alpha_is_at_most_one_and_does_not_mind_the_order(rows: list[list[int]]) -> None:
    counts = np.array(rows)
    if (counts.sum(axis=1) < 2).all():
        with pytest.raises(NotEnoughLabels, match="two people"):
            krippendorff_alpha(counts)
        return
    found = krippendorff_alpha(counts)
    assert found <= 1
    assert krippendorff_alpha(counts[::-1, ::-1]) == pytest.approx(found)
    assert krippendorff_alpha(np.vstack([counts, [1, 0, 0]])) == pytest.approx(found), "a single vote says nothing"


def test_all_of_one_class_agree_fully() -> None:
    assert krippendorff_alpha([[3, 0], [2, 0]]) == 1
    assert fleiss_kappa([[3, 0], [3, 0]]) == 1


def test_fleiss_wants_as_many_votes_on_each_item() -> None:
    with pytest.raises(ValueError, match="same number of votes"):
        fleiss_kappa([[3, 0], [1, 1]])


# --- real annotators, where the data sets are there -------------------------------------------------------------------

CROWDS = Path(os.environ.get("LAUD_TEST_DATA", "nowhere"))


def crowd(name: str) -> list[tuple[str, str, str]]:
    path = CROWDS / name / "annotations.parquet"
    if not path.exists():
        pytest.skip(f"LAUD_TEST_DATA names no folder that holds {name}")
    import pyarrow.parquet as pq  # noqa: PLC0415 - needed where the data is

    rows = pq.read_table(path, columns=["id", "annotator", "annotation"]).to_pylist()
    return [(row["id"], row["annotator"], row["annotation"]) for row in rows]


def test_five_workers_on_texts_picked_for_disagreement_agree_little() -> None:
    votes = crowd("crowd_md_agreement")
    counts = count_votes(votes, sorted({label for *_, label in votes}))
    found = with_interval(alpha, counts, np.random.default_rng(0))
    assert (len(counts), counts.sum()) == (10_752, 53_760)
    assert fleiss_kappa(counts) == pytest.approx(found.value, abs=1e-3), "five votes an item: both measure the same"
    assert 0.3 < found.value < 0.45
    assert found.high - found.low < 0.03


def test_experts_who_differ_in_number_agree_more() -> None:
    votes = crowd("crowd_convabuse")
    counts = count_votes(votes, sorted({label for *_, label in votes}))
    found = with_interval(alpha, counts, np.random.default_rng(0))
    assert 0.6 < found.value < 0.8
    with pytest.raises(ValueError, match="same number of votes"):
        fleiss_kappa(counts)
