"""What each query strategy is for, on pools small enough to see."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tools.engine.errors import InvalidTask, PoolExhausted, UnknownName
from tools.engine.ports import Vectors
from tools.engine.records import Pick, TextId
from tools.engine.selection import NEED_POSITIVE, STRATEGIES, PoolView, select
from tools.engine.selection.auto import ENOUGH_PER_CLASS, ENOUGH_POSITIVES
from tools.engine.selection.batch import NEAR_DUPLICATE
from tools.engine.selection.rare import COVERED, promising_texts

DIMENSIONS = 32


def unit(rows: ArrayLike) -> Vectors:
    values = np.asarray(rows, dtype=np.float64)
    vectors: Vectors = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)
    return vectors


def unrelated(count: int, *, seed: int = 0, dimensions: int = DIMENSIONS) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((count, dimensions)))


def around(direction: int, count: int, *, noise: float, seed: int = 0) -> Vectors:
    """Vectors about one axis; the first is the axis itself."""
    rows = noise * np.random.default_rng(seed).standard_normal((count, DIMENSIONS))
    rows[0] = 0.0
    rows[:, direction] += 1.0
    return unit(rows)


def view(
    vectors: Vectors,
    probabilities: ArrayLike | None = None,
    *,
    labels: Sequence[int] = (),
    labeled_vectors: Vectors | None = None,
    classes: int = 2,
    positive: int | None = None,
    threshold: float | None = None,
) -> PoolView:
    """A view whose texts are called "0", "1", … after their rows; labels lie far from all others by default."""
    return PoolView(
        ids=[TextId(str(row)) for row in range(len(vectors))],
        vectors=vectors,
        probabilities=None if probabilities is None else np.asarray(probabilities, dtype=np.float32),
        labeled_vectors=unrelated(len(labels), seed=99, dimensions=vectors.shape[1])
        if labeled_vectors is None
        else labeled_vectors,
        labeled=np.array(labels, dtype=np.int64),
        classes=tuple("abcdef"[:classes]),
        positive=positive,
        threshold=threshold,
    )


def pick(name: str, pool: PoolView, size: int, *, seed: int = 0) -> list[Pick]:
    return select(name, pool, size, np.random.default_rng(seed))


def rows(picks: Sequence[Pick]) -> list[int]:
    return [int(pick.text_id) for pick in picks]


def yes(*positives: float) -> list[list[float]]:
    return [[1.0 - p, p] for p in positives]


def test_an_unknown_strategy_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no strategy 'magic'.*auto, random, .*margin"):
        pick("magic", view(unrelated(3)), 1)


def test_more_picks_than_candidates_are_refused_with_both_numbers() -> None:
    with pytest.raises(PoolExhausted, match="4 texts were asked for and 3 are left"):
        pick("random", view(unrelated(3)), 4)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_picks_of_nothing(name: str) -> None:
    assert pick(name, view(unrelated(0), np.empty((0, 2))), 0) == []


def test_rows_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one row a candidate, not \[2, 3\]"):
        view(unrelated(3), yes(0.1, 0.2))


def test_random_picks_every_text_equally_often() -> None:
    pool = view(unrelated(10))
    counts = np.zeros(10)
    for seed in range(300):
        counts[rows(pick("random", pool, 2, seed=seed))] += 1
    assert counts.min() > 35
    assert counts.max() < 85


def test_the_uncertainty_strategies_differ_where_there_are_three_classes() -> None:
    probabilities = [
        [0.50, 0.48, 0.02],  # two classes tie
        [0.40, 0.30, 0.30],  # no class is likely
        [0.46, 0.27, 0.27],  # surer, but evenly so
        [0.90, 0.05, 0.05],
    ]
    pool = view(unrelated(4), probabilities, classes=3)
    assert rows(pick("margin", pool, 4)) == [0, 1, 2, 3]
    assert rows(pick("least-confidence", pool, 4)) == [1, 2, 0, 3]
    assert rows(pick("entropy", pool, 4)) == [1, 2, 0, 3]
    assert pick("margin", pool, 1)[0].score == pytest.approx(0.98)
    assert pick("least-confidence", pool, 1)[0].score == pytest.approx(0.6)
    assert pick("entropy", pool, 1)[0].score == pytest.approx(0.9912, abs=1e-4)


@pytest.mark.parametrize(("threshold", "order"), [(None, [2, 3, 1, 0]), (0.05, [1, 0, 2, 3]), (0.8, [3, 2, 1, 0])])
def test_margin_looks_where_the_positive_class_is_decided(threshold: float | None, order: list[int]) -> None:
    pool = view(unrelated(4), yes(0.01, 0.06, 0.4, 0.85), positive=1, threshold=threshold)
    assert rows(pick("margin", pool, 4)) == order


def test_typical_takes_the_middle_of_the_largest_clusters_without_labels() -> None:
    vectors = np.concatenate([around(0, 12, noise=0.1), around(1, 20, noise=0.1), around(2, 16, noise=0.1)])
    pool = view(vectors, labels=[0], labeled_vectors=around(1, 2, noise=0.1, seed=5)[1:])
    picks = pick("typical", pool, 2)
    assert rows(picks) == [32, 0]
    assert picks[0].score == pytest.approx(16 / 50)


def test_typical_returns_to_clusters_when_each_has_its_label() -> None:
    vectors = np.concatenate([around(0, 6, noise=0.12), around(1, 12, noise=0.12)])
    clusters = [row // 6 > 0 for row in rows(pick("typical", view(vectors), 4))]
    assert sorted(clusters[:2]) == [False, True]
    assert len(clusters) == 4


def test_k_centre_takes_what_is_farthest_from_labels_and_picks() -> None:
    vectors = unit([[1.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.1, 0.0]])
    pool = view(vectors, labels=[0], labeled_vectors=unit([[1.0, 0.0, 0.01]]))
    picks = pick("k-centre", pool, 3)
    assert rows(picks) == [3, 2, 1]
    assert picks[0].score == pytest.approx(1.995, abs=1e-3)


def test_k_centre_is_the_true_greedy_one_in_a_pool_of_many_pockets() -> None:
    vectors = unrelated(9_000)
    pool = view(vectors, labels=[0, 1], labeled_vectors=unrelated(2, seed=1))
    exact = vectors.astype(np.float32)
    distance = 1.0 - (exact @ pool.labeled_vectors.astype(np.float32).T).max(axis=1)
    expected: list[int] = []
    for _ in range(150):
        expected.append(int(distance.argmax()))
        distance = np.minimum(distance, 1.0 - exact @ exact[expected[-1]])
    assert rows(pick("k-centre", pool, 150)) == expected


def test_density_margin_leaves_the_odd_one_out() -> None:
    vectors = np.concatenate([around(1, 1, noise=0.0), around(0, 10, noise=0.1)])
    probabilities = yes(0.5, *[0.4] * 10)
    assert rows(pick("margin", view(vectors, probabilities), 1)) == [0]
    picks = pick("density-margin", view(vectors, probabilities), 10)
    assert 0 not in rows(picks)
    mean = (vectors.astype(np.float64) @ vectors.astype(np.float64).T).mean(axis=1)
    assert {p.text_id: p.score for p in picks} == {p.text_id: pytest.approx(0.8 * mean[int(p.text_id)]) for p in picks}


def test_diverse_margin_does_not_spend_the_batch_on_one_corner() -> None:
    vectors = np.concatenate([around(axis, 10, noise=0.08, seed=axis) for axis in range(4)])
    pool = view(vectors, yes(*np.linspace(0.5, 0.4, 40)))
    assert {row // 10 for row in rows(pick("margin", pool, 4))} == {0}
    assert rows(pick("diverse-margin", pool, 4)) == [0, 10, 20, 30]


def test_diverse_margin_stays_with_the_doubtful_texts_of_a_large_pool() -> None:
    pool = view(unrelated(1_000), yes(*np.linspace(0.5, 0.0, 1_000)))
    assert max(rows(pick("diverse-margin", pool, 8))) < 80


def test_class_balanced_evens_out_the_label_counts() -> None:
    predicted = np.repeat([0, 1, 2], 20)
    probabilities = np.full((60, 3), 0.1)
    probabilities[np.arange(60), predicted] = np.linspace(0.5, 0.9, 60)
    pool = view(
        unrelated(60), probabilities / probabilities.sum(axis=1, keepdims=True), labels=[0] * 9 + [1], classes=3
    )
    chosen = predicted[rows(pick("class-balanced", pool, 9))]
    assert np.bincount(chosen, minlength=3).tolist() == [0, 4, 5]
    assert rows(pick("class-balanced", pool, 1)) == [40]


def test_class_balanced_does_not_count_near_duplicates_as_turns() -> None:
    copies, distinct = np.repeat(unrelated(1, seed=7), 30, axis=0), unrelated(30)
    probabilities = yes(*np.linspace(0.51, 0.55, 30), *np.linspace(0.9, 0.8, 20), *np.linspace(0.1, 0.2, 10))
    picks = rows(pick("class-balanced", view(np.concatenate([copies, distinct]), probabilities), 8))
    assert sum(row < 30 for row in picks) == 1
    assert sum(row < 50 for row in picks) == 4


def test_positive_hunt_takes_likely_positives_the_boundary_and_a_few_by_lot() -> None:
    pool = view(unrelated(400), yes(*np.linspace(0.9, 0.0, 400)), positive=1, threshold=0.3)
    picks = pick("positive-hunt", pool, 10)
    parts = {part: rows([p for p in picks if p.strategy == f"positive-hunt/{part}"]) for part in PARTS}
    assert parts["likely"] == [0, 1, 2, 3, 4]
    assert all(abs(0.9 - row * 0.9 / 399 - 0.3) < 0.01 for row in parts["boundary"])
    assert [len(parts[part]) for part in PARTS] == [5, 3, 2]
    assert [p.strategy for p in pick("positive-hunt", pool, 1)] == ["positive-hunt/likely"]


PARTS = ("likely", "boundary", "explore")


def test_positive_cover_finds_the_kinds_that_the_model_has_not_met() -> None:
    kinds = np.repeat(unrelated(4).astype(np.float64), 30, axis=0)
    promising = unit(kinds + 0.1 * np.random.default_rng(3).standard_normal(kinds.shape))
    vectors = np.concatenate([promising, unrelated(5_880, seed=5)])
    # The model knows the first kind, and is torn about texts that the zero-shot pass holds for none.
    torn = yes(*[0.9] * 30, *[0.01] * 90, *np.linspace(0.49, 0.0, 5_880))
    known = view(
        vectors, torn, labels=[0] * 8 + [1], labeled_vectors=np.concatenate([unrelated(8, seed=8), promising[:1]])
    )
    pool = replace(known, positive=1, zero_shot=np.array(yes(*[0.9] * 120, *[0.1] * 5_880), dtype=np.float32))
    picks = pick("positive-cover", pool, 9)
    explored, boundary = (
        rows([p for p in picks if p.strategy == f"positive-cover/{part}"]) for part in ("explore", "boundary")
    )
    assert sorted(row // 30 for row in explored) == [1, 2, 3]
    assert len(boundary) == 6
    assert all(120 <= row < 240 for row in boundary)
    enough = round(COVERED * promising_texts(pool))
    many = replace(pool, labeled=np.arange(enough) % 2, labeled_vectors=unrelated(enough, seed=8))
    for done in (many, replace(pool, zero_shot=None)):
        assert {p.strategy for p in pick("positive-cover", done, 6)} == {"positive-cover/boundary"}


@pytest.mark.parametrize("name", sorted(NEED_POSITIVE))
def test_what_looks_for_a_positive_class_needs_one(name: str) -> None:
    with pytest.raises(InvalidTask, match=f"{name} needs a task with a positive class"):
        pick(name, view(unrelated(3), yes(0.1, 0.2, 0.3)), 1)


def test_auto_goes_from_coverage_to_doubt() -> None:
    vectors, probabilities = unrelated(60), yes(*np.linspace(0.1, 0.9, 60))
    few, many = [0, 1], [0, 1] * ENOUGH_PER_CLASS
    assert used(view(vectors, labels=many)) == {"typical"}
    assert used(view(vectors, probabilities, labels=few)) == {"typical"}
    assert used(view(vectors, probabilities, labels=many)) == {"diverse-margin"}


def test_auto_hunts_positives_before_it_cleans_the_boundary() -> None:
    vectors, probabilities = unrelated(60), yes(*np.linspace(0.1, 0.9, 60))
    few, many = [0] * 100 + [1] * (ENOUGH_POSITIVES - 1), [1] * ENOUGH_POSITIVES
    assert used(view(vectors, labels=few, positive=1)) == {"typical"}
    assert used(view(vectors, probabilities, labels=few, positive=1)) == {f"positive-hunt/{part}" for part in PARTS}
    assert used(view(vectors, probabilities, labels=many, positive=1)) == {"positive-cover/boundary"}


def used(pool: PoolView) -> set[str]:
    return {p.strategy for p in pick("auto", pool, 10)}


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in NEED_POSITIVE])
def test_near_duplicates_are_passed_over_in_a_large_pool(name: str) -> None:
    topics = unrelated(30).astype(np.float64)
    noise = np.random.default_rng(1).standard_normal((6_000, DIMENSIONS)) * 0.01
    vectors = unit(topics[np.arange(6_000) % 30] + noise)
    certain = np.where(np.arange(6_000) % 30 == 29, 0.5, 0.9)
    pool = view(vectors, yes(*certain), labels=[0] * 5 + [1] * 5, labeled_vectors=unit(topics[:10]))
    picks = pick(name, pool, 25)
    assert len({row % 30 for row in rows(picks)}) == 25
    assert {row % 30 for row in rows(picks[:20])} == set(range(10, 30))


@pytest.mark.parametrize("name", ["margin", "k-centre", "density-margin", "diverse-margin"])
def test_the_matrix_of_a_large_pool_never_lies_in_memory_as_float32(name: str, tmp_path: Path) -> None:
    count, dimensions = 30_000, 256
    matrix = np.memmap(tmp_path / "vectors", dtype=np.float16, mode="w+", shape=(count, dimensions))
    matrix[:] = np.random.default_rng(0).standard_normal((count, dimensions), dtype=np.float32) / np.sqrt(dimensions)
    pool = view(matrix, yes(*np.linspace(0.0, 1.0, count)), labels=[0, 1])
    tracemalloc.start()
    pick(name, pool, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < count * dimensions * 4 * 0.7


def test_the_constant_for_near_duplicates_is_what_the_documentation_says() -> None:
    assert NEAR_DUPLICATE == 0.95
