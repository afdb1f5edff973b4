"""What models on frozen vectors learn from: layers of the encoder beside the words of the text, seen from one pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse as sp

# ruff: noqa: PLC0415 - scikit-learn and scipy take a second to load, and most commands make no features

Features = NDArray[np.float16]
"""Rows (n, layers * d + w) of several layers of the encoder, and of the words."""
LAYER_FALL = 0.7
"""Length of the part that stands for a layer, in times of the part of the layer above it."""
LEXICAL_WEIGHT = 0.7
"""Length of the part that stands for the words, beside a part of length one that stands for the layers."""
LEXICAL_WIDTH = 512
"""Dimensions that words are folded into, at most."""
PAIR_CODES = 65_536
"""Codes that pairs of neighbouring word pieces share by hashing."""
FIRST_PAIR = 1 << 20
"""The first of these codes: beyond the vocabulary of any encoder."""
PAIR_FACTOR = 1_000_003
TEXTS_WITH_A_WORD = 2
"""Texts of the pool that must hold a word piece or a pair for it to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpace:
    """What the features of one pool are made with: models stand on it, so it stays while the pool grows.

    `centre` (layers, d) is the pool's mean in each layer; `codes` (k,) are the known word pieces and pairs in
    ascending order, and `table` (k, w) what each adds to the vector of a text that holds it.
    """

    centre: NDArray[np.float32]
    codes: NDArray[np.int64]
    table: NDArray[np.float16]

    def features(self, means: NDArray[np.float32], pieces: Sequence[Sequence[int]]) -> Features:
        """Features of n texts, from their (n, layers, d) mean-pooled layers and their word pieces."""
        layers = layer_features(means, self.centre)
        return np.hstack([layers, (LEXICAL_WEIGHT * self.lexical(pieces)).astype(np.float16)])

    def lexical(self, pieces: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Unit vectors (n, w) of the words of n texts; zeros for a text of unknown words."""
        vectors = np.asarray(_counts(pieces, self.codes) @ self.table.astype(np.float32), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 1e-6, lengths, 1), dtype=np.float32)


def layer_features(means: NDArray[np.float32], centre: NDArray[np.float32]) -> Features:
    """Unit features (n, layers * d) of mean-pooled layers (n, layers, d), the last layer first.

    Each layer is centred on the pool, as what all texts of a pool share tells nothing (Mu & Viswanath 2018,
    arXiv:1702.01417), and scaled to a length of its own, as their scales differ by chance.
    """
    centred = means - centre
    units = centred / np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), 1e-6)
    lengths = LAYER_FALL ** np.arange(means.shape[1], dtype=np.float32)
    lengths /= np.linalg.norm(lengths)
    features: Features = (units * lengths[:, None]).reshape(len(means), -1).astype(np.float16)
    return features


def fit_space(
    centre: NDArray[np.float32], pieces: Sequence[Sequence[int]], *, width: int = LEXICAL_WIDTH, seed: int = 0
) -> FeatureSpace:
    """The feature space of a pool, from the centre of its layers and the word pieces of its texts.

    Words are folded into `width` dimensions at most, fewer where the pool is small.
    Words that stand with the same others come to lie near each other (latent semantic analysis of TF-IDF; Deerwester
    et al. 1990, JASIS 41). An encoder has not met the brands and terms of a trade; the pool itself tells what they
    are like.
    """
    import scipy.sparse as sp
    from sklearn.decomposition import TruncatedSVD

    codes = np.unique(_flat(pieces)[1])
    counts = _counts(pieces, codes)
    texts = np.asarray((counts > 0).sum(axis=0)).ravel()
    kept = texts >= TEXTS_WITH_A_WORD
    codes, counts, texts = codes[kept], counts[:, kept], texts[kept]
    width = min(width, len(codes) - 1, len(pieces) - 1)
    if width < 1:
        return FeatureSpace(centre=centre, codes=codes[:0], table=np.zeros((0, 0), dtype=np.float16))
    rarity = (np.log((1 + len(pieces)) / (1 + texts)) + 1).astype(np.float32)
    weighed = counts @ sp.diags_array(rarity)
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    units = sp.diags_array(1 / np.maximum(lengths, 1e-6)) @ weighed
    folded = TruncatedSVD(width, n_iter=3, random_state=seed).fit(units)
    return FeatureSpace(centre=centre, codes=codes, table=(rarity[:, None] * folded.components_.T).astype(np.float16))


def _flat(pieces: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The text and the code of every word piece and of every pair of neighbours."""
    texts = np.repeat(np.arange(len(pieces)), [len(row) for row in pieces])
    single = np.fromiter((piece for row in pieces for piece in row), dtype=np.int64, count=len(texts))
    inside = texts[1:] == texts[:-1]
    pairs = FIRST_PAIR + (single[:-1] * PAIR_FACTOR + single[1:])[inside] % PAIR_CODES
    return np.concatenate([texts, texts[1:][inside]]), np.concatenate([single, pairs])


def _counts(pieces: Sequence[Sequence[int]], codes: NDArray[np.int64]) -> "sp.csr_array":
    """One row a text, one column a code: 1 + log of how often it stands there."""
    import scipy.sparse as sp

    texts, found = _flat(pieces)
    places = np.searchsorted(codes, found)
    known = places < len(codes)
    known[known] = codes[places[known]] == found[known]
    counts = sp.csr_array(
        (np.ones(int(known.sum()), dtype=np.float32), (texts[known], places[known])), shape=(len(pieces), len(codes))
    )
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    return counts
