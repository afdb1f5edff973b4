"""What a pool holds, before anyone labels it: lengths, near-duplicates, outliers and themes."""

import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tools.engine.errors import EmptyPool
from tools.engine.ports import Vectors
from tools.engine.records import TextId
from tools.engine.scripts import words

SAMPLE = 10_000
"""Texts that outliers and themes are looked for in; larger pools are sampled."""
COMPARISONS = 200_000_000
"""Pairs of texts compared when near-duplicates are counted: a second or two of matrix products."""
MIN_COMPARED = 1_000
"""Texts compared with the whole pool however large it is; the share's standard error is then 1.6 points at most."""
REFERENCE = 5_000
"""Texts among which an outlier's neighbours are looked for."""
NEIGHBOURS = 10
BLOCK = 1_024
"""Rows in one matrix product, so that memory stays under 100 MB."""
MAX_THEMES = 12
"""More themes than a person takes in at a glance help nobody."""
MAX_ITERATIONS = 50
"""Steps of k-means: the last few of a long run move a handful of texts."""
WORDS_PER_THEME = 6
EXAMPLES = 5
ALIKE = 0.8
"""Examples of a theme that are more similar than this show the same thing twice."""
MAX_WORD = 40
"""Longer "words" are data, such as keys or sequences, not language."""

_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# ruff: noqa: PLC0415 - scikit-learn takes a second to load, and few commands look for themes


@cache
def _stop_words() -> frozenset[str]:
    """scikit-learn's list with the verb forms it forgot (Nothman, Qin and Yurchak, NLP-OSS 2018)."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS | {"did", "didn", "does", "doesn", "doing", "don", "isn", "ll", "ve"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Smallest, middle, 95th percentile and largest of some counts, each a count that occurs."""

    min: int
    median: int
    p95: int
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthSummary:
    """How long texts are, in characters and in words between white space."""

    characters: Spread
    words: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePair:
    """Two texts that say almost the same, with their cosine similarity."""

    first: TextId
    second: TextId
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """How many texts of a pool have another one that says almost the same.

    `count` is scaled to the pool when only `sampled` of its texts were looked at; `share` is of all texts.
    """

    count: int
    share: float
    sampled: int
    examples: tuple[DuplicatePair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A text unlike all others: `score` is 1 minus its mean cosine similarity to its nearest neighbours."""

    id: TextId
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A group of similar texts.

    `size` is scaled to the pool when it was sampled, `words` tell the group from the others, strongest first, and
    `examples` are its most typical texts.
    """

    size: int
    share: float
    words: tuple[str, ...]
    examples: tuple[TextId, ...]


def length_summary(texts: Sequence[str]) -> LengthSummary:
    """The lengths of `texts`; raises EmptyPool when there are none."""
    if not texts:
        raise EmptyPool("The pool holds no text to describe. Add a file to it.")
    return LengthSummary(
        characters=_spread([len(text) for text in texts]), words=_spread([len(text.split()) for text in texts])
    )


def _spread(counts: Sequence[int]) -> Spread:
    low, median, p95, high = np.percentile(counts, [0, 50, 95, 100], method="inverted_cdf").tolist()
    return Spread(min=int(low), median=int(median), p95=int(p95), max=int(high))


def near_duplicates(
    *, ids: Sequence[TextId], vectors: Vectors, rng: np.random.Generator, threshold: float = 0.95, limit: int = EXAMPLES
) -> NearDuplicates:
    """How many texts have another one in the pool at cosine similarity `threshold` or more.

    Each text looked at is compared with the whole pool. In a pool with more than COMPARISONS pairs a random part of
    the texts is looked at, MIN_COMPARED or more, so the share is an unbiased estimate whatever the pool's size.

    Args:
        ids: the pool's texts, in the order of the rows.
        vectors: unit rows of shape (n, d).
        rng: draws the texts to look at.
        threshold: cosine similarity from which two texts count as near-duplicates.
        limit: at most so many pairs are given as examples, the most similar first, no text in two of them.
    """
    n = len(ids)
    if n < 2:
        return NearDuplicates(count=0, share=0.0, sampled=n, examples=())
    rows = _sample(n, max(COMPARISONS // n, MIN_COMPARED), rng)
    similarity, nearest = _nearest(vectors, rows)
    found = np.flatnonzero(similarity >= threshold)
    share = len(found) / len(rows)
    pairs: list[DuplicatePair] = []
    shown: set[int] = set()
    for i in found[np.argsort(-similarity[found], kind="stable")]:
        pair = (int(rows[i]), int(nearest[i]))
        if len(pairs) < limit and shown.isdisjoint(pair):
            shown.update(pair)
            pairs.append(
                DuplicatePair(first=ids[pair[0]], second=ids[pair[1]], similarity=min(float(similarity[i]), 1.0))
            )
    return NearDuplicates(count=round(share * n), share=share, sampled=len(rows), examples=tuple(pairs))


def _sample(n: int, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """All of n rows, or a random `size` of them, sorted so that a memory map is read in order."""
    if n <= size:
        return np.arange(n)
    return np.sort(rng.choice(n, size, replace=False))


def _nearest(vectors: Vectors, rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The similarity and the row of the nearest other vector, for each of `rows` (sorted)."""
    queries = np.asarray(vectors[rows], dtype=np.float32)
    similarity = np.full(len(rows), -np.inf, dtype=np.float32)
    nearest = np.zeros(len(rows), dtype=np.intp)
    every = np.arange(len(rows))
    for start in range(0, len(vectors), BLOCK):
        block = np.asarray(vectors[start : start + BLOCK], dtype=np.float32)
        scores = queries @ block.T
        own = slice(*np.searchsorted(rows, [start, start + len(block)]))
        scores[every[own], rows[own] - start] = -np.inf
        best = scores.argmax(axis=1)
        value = scores[every, best]
        better = value > similarity
        similarity[better], nearest[better] = value[better], start + best[better]
    return similarity, nearest


def outliers(*, ids: Sequence[TextId], vectors: Vectors, limit: int, rng: np.random.Generator) -> list[Outlier]:
    """The `limit` texts that are least like their nearest neighbours, strangest first.

    The score is the mean distance to the NEIGHBOURS nearest texts (Angiulli and Pizzuti, PKDD 2002, after Ramaswamy,
    Rastogi and Shim, SIGMOD 2000), the neighbours looked for in a random REFERENCE of the pool (Sugiyama and
    Borgwardt, NIPS 2013). At most SAMPLE texts, drawn at random, are scored.

    Args:
        ids: the pool's texts, in the order of the rows.
        vectors: unit rows of shape (n, d).
        limit: how many to give.
        rng: draws the texts to score and the reference.
    """
    rows = _sample(len(ids), SAMPLE, rng)
    if len(rows) < 2:
        return []
    sample = np.asarray(vectors[rows], dtype=np.float32)
    chosen = _sample(len(rows), REFERENCE, rng)
    reference = sample[chosen]
    k = min(NEIGHBOURS, len(reference) - 1)
    scores = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        similarity = sample[start : start + BLOCK] @ reference.T
        own = np.arange(*np.searchsorted(chosen, [start, start + len(similarity)]))
        similarity[chosen[own] - start, own] = -np.inf
        scores[start : start + BLOCK] = 1 - np.partition(similarity, -k, axis=1)[:, -k:].mean(axis=1)
    return [Outlier(id=ids[rows[i]], score=float(scores[i])) for i in np.argsort(-scores, kind="stable")[:limit]]


def themes(
    *,
    ids: Sequence[TextId],
    texts: Sequence[str],
    vectors: Vectors,
    rng: np.random.Generator,
    count: int | None = None,
) -> list[Theme]:
    """The themes of a pool, largest first: k-means clusters of its vectors, with the words that tell them apart.

    Words are ranked by class-based tf-idf (Grootendorst 2022, arXiv 2203.05794). Without `count` there are √(n/2)
    themes (Mardia, Kent and Bibby, Multivariate Analysis, 1979), at most MAX_THEMES: on real pools of short texts the
    silhouette hardly changes between 5 and 30 clusters, so it would choose by chance. Fewer come back where vectors
    coincide. Pools of more than SAMPLE texts are sampled.

    Args:
        ids: the pool's texts, in the order of the rows.
        texts: their words, in the same order.
        vectors: unit rows of shape (n, d).
        rng: draws the sample and seeds the clustering.
        count: how many themes to look for.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    rows = _sample(len(ids), SAMPLE, rng)
    if not len(rows):
        return []
    sample = np.asarray(vectors[rows], dtype=np.float32)
    wanted = count or min(MAX_THEMES, math.isqrt(len(rows) // 2))
    model = KMeans(
        max(1, min(wanted, len(rows))), n_init=2, max_iter=MAX_ITERATIONS, random_state=int(rng.integers(2**31))
    )
    with warnings.catch_warnings():
        # Fewer distinct vectors than clusters: the empty ones are left out below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        clusters = model.fit(sample).labels_
    members = [np.flatnonzero(clusters == c) for c in np.unique(clusters)]
    members.sort(key=len, reverse=True)
    named = _distinguishing([[texts[rows[i]] for i in group] for group in members])
    return [
        Theme(
            size=round(len(group) / len(rows) * len(ids)),
            share=len(group) / len(rows),
            words=tuple(top),
            examples=tuple(ids[rows[i]] for i in _typical(sample, group)),
        )
        for group, top in zip(members, named, strict=True)
    ]


def _typical(sample: NDArray[np.float32], group: NDArray[np.intp]) -> list[int]:
    """The rows of `group` nearest to its centre, leaving out those too much like one already chosen."""
    chosen: list[int] = []
    for i in group[np.argsort(-(sample[group] @ sample[group].mean(axis=0)), kind="stable")]:
        if not chosen or float((sample[chosen] @ sample[i]).max()) < ALIKE:
            chosen.append(int(i))
        if len(chosen) == EXAMPLES:
            break
    return chosen


def _distinguishing(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    """The words of highest class-based tf-idf in each group of texts."""
    counts = [Counter(term for text in group for term in terms(text)) for group in groups]
    overall: Counter[str] = sum(counts, Counter())
    mean_size = overall.total() / len(groups)
    named = []
    for count in counts:
        weight = {word: n * math.log1p(mean_size / overall[word]) for word, n in count.items()}
        top: list[str] = []
        for word in sorted(weight, key=lambda w: (-weight[w], w)):
            if len(top) == WORDS_PER_THEME:
                break
            if not any(forms_of_one(word, other) for other in top):
                top.append(word)
        named.append(top)
    return named


def terms(text: str) -> Iterator[str]:
    """The words worth counting; pairs of characters where a script writes no spaces (Han, Kana)."""
    for word in words(text):
        if _UNSPACED.search(word):
            yield from map("".join, pairwise(word))
        elif 1 < len(word) <= MAX_WORD and word not in _stop_words():
            yield word


def forms_of_one(a: str, b: str) -> bool:
    """Whether two words are most likely the singular and plural of one."""
    short, long = sorted((a, b), key=len)
    return long.startswith(short) and len(long) - len(short) <= 2 and len(short) > 2
