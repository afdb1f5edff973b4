"""What models on frozen vectors learn from: layers around a pool's centre, and the words of a text."""

from collections.abc import Sequence

import numpy as np
import pytest

from tools.engine.features import LAYER_FALL, LEXICAL_WEIGHT, FeatureSpace, fit_space, layer_features

CAT, DOG, FOOD, TIN, BEER, WINE, ALE = range(7)
POOL = [
    [CAT, FOOD],
    [DOG, FOOD],
    [CAT, TIN],
    [DOG, TIN, FOOD],
    [BEER, ALE],
    [WINE, ALE],
    [BEER, WINE],
    [WINE, BEER, ALE],
]


def space(pieces: Sequence[Sequence[int]] = POOL) -> FeatureSpace:
    return fit_space(np.zeros((1, 2), dtype=np.float32), pieces)


def test_every_layer_counts_by_its_place_whatever_its_scale() -> None:
    means = np.random.default_rng(0).normal(size=(7, 3, 5)).astype(np.float32)
    means[:, 1] *= 1000
    features = layer_features(means, means.mean(axis=0)).astype(np.float64)
    assert features.shape == (7, 15)
    layers = features.reshape(7, 3, 5)
    lengths = np.linalg.norm(layers, axis=2)
    assert np.linalg.norm(features, axis=1) == pytest.approx(1, abs=1e-3)
    assert lengths[:, 1:] / lengths[:, :-1] == pytest.approx(LAYER_FALL, abs=1e-2)


def test_what_all_texts_of_a_pool_share_is_taken_away() -> None:
    means = np.random.default_rng(0).normal(size=(7, 2, 5)).astype(np.float32)
    shared = means + np.float32(50)
    plain = layer_features(means, means.mean(axis=0))
    moved = layer_features(shared, shared.mean(axis=0))
    assert moved == pytest.approx(plain, abs=2e-3)


def test_a_text_at_the_centre_has_features_without_direction() -> None:
    means = np.ones((1, 2, 5), dtype=np.float32)
    assert not layer_features(means, means[0]).any()


def test_texts_of_the_same_company_lie_near_each_other() -> None:
    folded = fit_space(np.zeros((1, 2), dtype=np.float32), POOL, width=2)
    cat, dog, beer = folded.lexical([[CAT], [DOG], [BEER]])
    assert cat @ dog > cat @ beer + 0.5, "cat and dog never stand together, but with the same others"


def test_word_vectors_have_length_one_and_unknown_words_none() -> None:
    vectors = space().lexical([[CAT, CAT, FOOD], [99, 98], []])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 0], abs=1e-6)


def test_the_order_of_words_tells_pairs_apart() -> None:
    pool = [[CAT, FOOD, TIN], [CAT, FOOD, TIN], [FOOD, CAT, DOG], [FOOD, CAT, DOG]]
    forward, backward, again = space(pool).lexical([[CAT, FOOD], [FOOD, CAT], [CAT, FOOD]])
    assert forward @ again == pytest.approx(1, abs=1e-3)
    assert forward @ backward < 0.9


def test_words_of_a_single_text_of_the_pool_do_not_count() -> None:
    assert 50 not in space([*POOL, [CAT, 50]]).codes


def test_features_are_layers_beside_words() -> None:
    made = space().features(np.array([[[3.0, 4.0]], [[0.0, 1.0]]], dtype=np.float32), [[CAT], [99]])
    assert made.dtype == np.float16
    assert made[0, :2] == pytest.approx([0.6, 0.8], abs=1e-3)
    assert np.linalg.norm(made[:, 2:].astype(np.float64), axis=1) == pytest.approx([LEXICAL_WEIGHT, 0], abs=2e-3)


@pytest.mark.parametrize("pool", [[], [[]], [[CAT]], [[CAT], [CAT]], [[CAT, CAT, CAT]]])
def test_a_pool_too_small_to_learn_words_from_has_layers_alone(pool: list[list[int]]) -> None:
    made = space(pool).features(np.ones((1, 1, 2), dtype=np.float32), [[CAT]])
    assert made.shape[0] == 1
    assert np.isfinite(made).all()


def test_the_same_pool_gives_the_same_space() -> None:
    assert space().table.tolist() == space().table.tolist()
