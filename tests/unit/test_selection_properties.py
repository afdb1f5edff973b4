"""The promises that every query strategy keeps, as one template."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tools.engine.ports import Vectors
from tools.engine.records import Pick, TextId
from tools.engine.selection import NEED_POSITIVE, STRATEGIES, PoolView, select
from tools.engine.selection.batch import NEAR_DUPLICATE

NEEDS_MODEL = set(STRATEGIES) - {"auto", "random", "typical", "k-centre"}
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A pool and how many to pick from it."""

    view: PoolView
    size: int
    seed: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Pools of a few topics with anything from exact copies to unrelated texts, with and without labels and a model."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    candidates, labels, topics = draw(st.integers(1, 60)), draw(st.integers(0, 8)), draw(st.integers(1, 20))
    noise = draw(st.sampled_from([0.0, 0.05, 0.3, 1.0]))
    classes = draw(st.integers(2, 4))
    names = tuple("abcd"[:classes])
    total = candidates + labels
    rows = rng.standard_normal((topics, 16))[rng.integers(topics, size=total)] + noise * rng.standard_normal(
        (total, 16)
    )
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    weights = rng.dirichlet(np.full(classes, draw(st.sampled_from([0.1, 1.0]))), size=candidates)
    if draw(st.booleans()):
        weights = np.round(weights, 1) + 0.1
    probabilities = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    view = PoolView(
        ids=[TextId(f"text-{number}") for number in rng.permutation(10 * candidates)[:candidates]],
        vectors=vectors[:candidates],
        probabilities=draw(st.sampled_from([probabilities, probabilities, None])),
        labeled_vectors=vectors[candidates:],
        labeled=rng.integers(classes, size=labels),
        classes=names,
        positive=draw(st.integers(0, classes - 1)),
        threshold=draw(st.sampled_from([None, 0.1, 0.9])),
        zero_shot=draw(st.sampled_from([None, np.roll(probabilities, 1, axis=0)])),
    )
    return Case(view=view, size=draw(st.integers(1, candidates)), seed=draw(st.integers(0, 1000)))


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=60)
@given(case=cases())
def test_every_strategy_keeps_its_promises(name: str, case: Case) -> None:
    view = case.view
    if name not in NEED_POSITIVE and case.seed % 2:
        view = replace(view, positive=None)
    picks = select(name, view, case.size, np.random.default_rng(case.seed))

    ids = [pick.text_id for pick in picks]
    assert len(ids) == case.size
    assert len(set(ids)) == case.size
    assert set(ids) <= set(view.ids)
    assert all(np.isfinite(pick.score) for pick in picks)
    assert_most_wanted_first(picks)
    assert picks == select(name, view, case.size, np.random.default_rng(case.seed))
    assert_order_of_candidates_means_nothing(name, view, case, picks)
    assert_near_duplicates_only_when_nothing_else_is_left(view, picks)
    if view.probabilities is None and name in NEEDS_MODEL:
        assert {pick.strategy for pick in picks} == {"typical"}


def assert_most_wanted_first(picks: Sequence[Pick]) -> None:
    for part in {pick.strategy for pick in picks}:
        scores = [pick.score for pick in picks if pick.strategy == part]
        assert scores == sorted(scores, reverse=True)


def assert_order_of_candidates_means_nothing(name: str, view: PoolView, case: Case, picks: Sequence[Pick]) -> None:
    order = np.random.default_rng(case.seed + 1).permutation(len(view.ids))
    shuffled = replace(
        view,
        ids=[view.ids[place] for place in order],
        vectors=view.vectors[order],
        probabilities=None if view.probabilities is None else view.probabilities[order],
        zero_shot=None if view.zero_shot is None else view.zero_shot[order],
    )
    again = select(name, shuffled, case.size, np.random.default_rng(case.seed))
    # Compared by what the texts are like: exact copies are ties, and rounding may choose between them.
    assert sorted(map(bytes, rows(view, picks))) == sorted(map(bytes, rows(view, again)))


def assert_near_duplicates_only_when_nothing_else_is_left(view: PoolView, picks: Sequence[Pick]) -> None:
    chosen = rows(view, picks)
    left = rows(view, [pick for pick in map(unpicked, view.ids) if pick.text_id not in {p.text_id for p in picks}])
    in_batch = np.tril(cosines(chosen, chosen), k=-1).max(axis=1, initial=-1.0)
    to_labeled = cosines(chosen, view.labeled_vectors).max(axis=1, initial=-1.0)
    nearest = np.maximum(in_batch, to_labeled)
    repeats, clear = nearest >= NEAR_DUPLICATE + ROUNDING, nearest < NEAR_DUPLICATE - ROUNDING
    if repeats.any():
        others = np.concatenate([chosen[~repeats], view.labeled_vectors])
        assert (cosines(left, others).max(axis=1, initial=-1.0) >= NEAR_DUPLICATE - ROUNDING).all()
        scores = np.array([pick.score for pick in picks])
        assert scores[repeats].max() < scores[clear].min(initial=np.inf)
    if (in_batch >= NEAR_DUPLICATE + ROUNDING).any():
        assert (cosines(left, chosen).max(axis=1, initial=-1.0) >= NEAR_DUPLICATE - ROUNDING).all()


def rows(view: PoolView, picks: Sequence[Pick]) -> Vectors:
    places = {text: place for place, text in enumerate(view.ids)}
    return view.vectors[np.array([places[pick.text_id] for pick in picks], dtype=np.int64)]


def unpicked(text: TextId) -> Pick:
    return Pick(text_id=text, score=0.0, strategy="none")


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float32]:
    products: NDArray[np.float32] = left.astype(np.float32) @ right.astype(np.float32).T
    return products
