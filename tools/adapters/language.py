"""The languages of a pool, told offline by py3langid."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from tools.engine.scripts import UNKNOWN, words

SAMPLE = 2_000
"""Texts looked at; the standard error of a share is then 1.1 points at most."""
MIN_BYTES = 3
"""Texts with fewer UTF-8 bytes of words say nothing about their language."""
MAX_CHARACTERS = 400
"""A language shows in the first lines; reading on only costs time."""
MIN_CONFIDENCE = 0.5
"""Below this probability a text's language counts as unknown."""
MIN_SHARE = 0.005
"""Languages rarer than this are more often mistakes than finds, and count as unknown."""
ITERATIONS = 100
PRIOR_TEXTS = 5
"""Weight, in texts, of "every language is as likely": keeps a handful of names from settling on an odd language."""

_NO_LANGUAGE = "zxx"


def language_shares(*, texts: Sequence[str], rng: np.random.Generator) -> dict[str, float]:
    """The share of each language among at most SAMPLE of `texts`, by ISO code, largest first.

    A product name of three words fits many languages, so each text alone would be a guess. Instead the shares of the
    whole pool are estimated first, and each text is then judged in their light: expectation maximisation over class
    priors (Saerens, Latinne and Decaestecker, Neural Computation 14, 2002), smoothed. Texts without words, without a
    language, or still in doubt count as "unknown"; no texts give an empty result.
    """
    if not texts:
        return {}
    rows = range(len(texts)) if len(texts) <= SAMPLE else rng.choice(len(texts), SAMPLE, replace=False)
    readable = [line for line in (" ".join(words(texts[i][:MAX_CHARACTERS])) for i in rows) if _long_enough(line)]
    counts: Counter[str] = Counter()
    if readable:
        codes = _identifier().labels
        posteriors = _adapt(_probabilities(readable, codes))
        best = posteriors.argmax(axis=1)
        sure = posteriors.max(axis=1) >= MIN_CONFIDENCE
        counts.update(codes[i] for i in best[sure] if codes[i] != _NO_LANGUAGE)
    told = {code: n for code, n in counts.most_common() if n >= MIN_SHARE * len(rows)}
    unknown = len(rows) - sum(told.values())
    return {code: n / len(rows) for code, n in (told | ({UNKNOWN: unknown} if unknown else {})).items()}


def _long_enough(line: str) -> bool:
    return len(line.encode("utf-8", errors="replace")) >= MIN_BYTES


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _probabilities(lines: Sequence[str], codes: Sequence[str]) -> NDArray[np.float64]:
    rank = _identifier().rank
    return np.array([[chances[code] for code in codes] for chances in (dict(rank(line)) for line in lines)])


def _adapt(posteriors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The posteriors in the light of the class shares that the whole sample makes most likely."""
    adapted = posteriors
    for _ in range(ITERATIONS):
        adapted = posteriors * (adapted.sum(axis=0) + PRIOR_TEXTS / posteriors.shape[1])
        adapted /= adapted.sum(axis=1, keepdims=True)
    return adapted
