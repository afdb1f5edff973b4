"""What a zero-shot pass leaves open: how large a class may be, and which texts are worth a person's first answers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.overview import forms_of_one, terms
from tools.engine.ports import Probabilities, Vectors
from tools.engine.selection.batch import NEAR_DUPLICATE

Rows = NDArray[np.intp]
Share = tuple[float, float]

SURE, POSSIBLE = 0.8, 0.12
"""Zero-shot probabilities from which on a text is surely, and possibly, of a class."""
FEWER, MORE = 4.0, 2.0
"""The share of a class lies between a fourth of what is sure and twice what is possible. With 131 targets in six pools
(groceries, product offers, questions, bank queries, messages), as they are and thinned to shares of 0.5 to 40 %, the
true share lay inside in 92 % of 903 cases; with several named classes in 96 to 100 % of 1,458."""
TORN = 0.5
"""How close to a tie a text must be to be asked about; 1 is a tie."""
CONSIDERED = 400
"""Torn texts that questions are chosen from and for, the most torn ones."""
_NEAR = (10, 2_000)
"""Texts that count as near to a request: one in fifty of the pool, within these bounds."""
_PROBED = 500
"""Texts whose nearest neighbour tells how near one usually is."""
_LIFT, _MOSTLY = 3.0, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A text worth asking about: its row, and how many other torn texts are like it."""

    row: int
    alike: int


def expected_shares(probabilities: Probabilities, *, rest: int | None = None) -> list[Share]:
    """For each class the share of the pool that it may have, (low, high), by a zero-shot pass (n, C).

    The similarity of texts to a description says little about how many belong to it, so the ranges are wide.
    """
    sure = (probabilities >= SURE).mean(axis=0) / FEWER
    possible = np.minimum((probabilities >= POSSIBLE).mean(axis=0) * MORE, 1.0)
    shares = [(float(low), float(high)) for low, high in zip(sure, possible, strict=True)]
    if rest is not None:
        others = [share for code, share in enumerate(shares) if code != rest]
        shares[rest] = max(0.0, 1.0 - sum(high for _, high in others)), 1.0 - sum(low for low, _ in others)
    return shares


def torn(probabilities: Probabilities) -> NDArray[np.float64]:
    """How close each text is to a tie of its two likeliest classes, (n,) in [0, 1]: 1 is a tie."""
    top = np.sort(np.asarray(probabilities, dtype=np.float64), axis=1)
    return np.asarray(1.0 - (top[:, -1] - top[:, -2]), dtype=np.float64)


def worth_asking(vectors: Vectors, how_torn: NDArray[np.float64], *, count: int) -> list[Asked]:
    """The `count` torn texts whose answers tell most about the other torn ones, best first.

    Each torn text counts for as much as it is torn and is spoken for by the most similar question; questions are added
    by greatest gain (facility location: Wei, Iyer & Bilmes 2015, ICML), which makes them typical and different at once.
    Similarity counts from its mean among the torn texts on, and two texts are alike from a third of the way
    between that and 1 on. No question is a near-duplicate of another; fewer come back where there are no more.

    Args:
        vectors: (n, d) unit vectors.
        how_torn: (n,) in [0, 1]; texts that must not be asked about have 0.
        count: how many to choose.
    """
    rows = np.argsort(-how_torn, kind="stable")[:CONSIDERED]
    rows = rows[how_torn[rows] >= TORN]
    if len(rows) < 2:
        return [Asked(row=int(row), alike=0) for row in rows[:count]]
    some = np.asarray(vectors[rows], dtype=np.float32)
    similar = some @ some.T
    usual = float(similar[~np.eye(len(rows), dtype=np.bool_)].mean())
    speaks_for = np.maximum(similar - usual, 0.0)
    weight = how_torn[rows]
    covered = np.zeros(len(rows))
    free = np.ones(len(rows), dtype=np.bool_)
    chosen: list[Asked] = []
    while len(chosen) < count and free.any():
        gain = weight * (weight[:, None] * np.maximum(speaks_for - covered[:, None], 0.0)).sum(axis=0)
        best = int(np.argmax(np.where(free, gain, -1.0)))
        alike = (similar[best] >= usual + (1 - usual) / 3) & (np.arange(len(rows)) != best)
        chosen.append(Asked(row=int(rows[best]), alike=int(alike.sum())))
        covered = np.maximum(covered, speaks_for[best])
        free &= similar[best] < NEAR_DUPLICATE
        free[best] = False
    return chosen


def at_home(vectors: NDArray[np.float32], others: NDArray[np.float32], lacking: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of `vectors` have a home among `others`: one as near as the nearest neighbour of a text usually is.

    Args:
        vectors: (m, d) unit vectors to place.
        others: (n, d) unit vectors of texts of the pool, at least two.
        lacking: (n,) which of the others may be a home.
    """
    if len(others) < 2 or not lacking.any():
        return np.zeros(len(vectors), dtype=np.bool_)
    probed = np.unique(np.linspace(0, len(others) - 1, _PROBED).astype(np.intp))
    between = others[probed] @ others.T
    between[np.arange(len(probed)), probed] = -1.0
    usual = np.median(between.max(axis=1))
    return np.asarray((vectors @ others[lacking].T).max(axis=1) >= usual, dtype=np.bool_)


def near(similar: NDArray[np.float32]) -> Rows:
    """The rows of the texts that are near to a request, by their (n,) similarity to it, nearest first."""
    low, high = _NEAR
    return np.argsort(-similar, kind="stable")[: min(max(len(similar) // 50, low), high)]


def telling_words(near_texts: Sequence[str], sample: Sequence[str], *, of: int, request: str) -> dict[str, float]:
    """The words that tell what the near texts are about, with weights; words of the request itself are left out.

    A word tells it when it occurs in two of them or more, three times as often as in the pool, and three in ten of the
    pool's texts with that word are near.

    Args:
        near_texts: what is near to the request.
        sample: a random sample of the pool, or all of it.
        of: how many texts the pool holds.
        request: what is looked for, in words.
    """
    usual = Counter(word for text in sample for word in set(terms(text)))
    here = Counter(word for text in near_texts for word in set(terms(text)))
    said = set(terms(request))
    weights = {}
    for word, count in here.items():
        in_pool = max(usual[word] * of / len(sample), count)
        lift = (count / len(near_texts)) / (in_pool / of)
        tells = count > 1 and lift >= _LIFT and count / in_pool >= _MOSTLY
        if tells and not any(forms_of_one(word, other) for other in said):
            weights[word] = float(np.sqrt(np.log(lift) * count))
    return weights


def different_words(words: Sequence[str], limit: int) -> list[str]:
    """The first `limit` words, one form of each."""
    kept: list[str] = []
    for word in words:
        if len(kept) < limit and not any(forms_of_one(word, other) for other in kept):
            kept.append(word)
    return kept


def without_words(text: str, name: str) -> str | None:
    """The text without the words of a class's name; None when it holds none of them, or nothing else."""
    said = set(terms(name))

    def left(match: re.Match[str]) -> str:
        return "" if any(forms_of_one(match[0].casefold(), word) for word in said) else match[0]

    rest = " ".join(re.sub(r"\w+", left, text).split())
    return rest if rest != " ".join(text.split()) and re.search(r"\w\w", rest) else None
