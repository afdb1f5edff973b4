"""Logistic regression on the frozen encoder's vectors; each batch has the smallest margins (Scheffer et al. 2001)."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

from evals.loop.peers.running import Answer
from evals.loop.peers.splits import Codes, Split

STRENGTH = 10.0
"""Inverse of the regularisation: vectors of unit length want less of it than the library's 1."""


def logistic_margin(split: Split, encoder: Path, seed: int, wanted: Sequence[int]) -> Iterator[Answer]:
    """Train after each batch; while only one class is known, texts are drawn at random."""
    pool, test = _vectors(encoder, split.pool), _vectors(encoder, split.test)
    order = split.drawn(seed)
    labeled: Codes = order[:0]
    started = perf_counter()
    model: LogisticRegression | None = None
    for round_number, labels in enumerate(split.steps(max(wanted))):
        left = order[~np.isin(order, labeled)]
        if model is not None:
            top = np.partition(model.predict_proba(pool[left]), -2, axis=1)[:, -2:]
            left = left[np.argsort(top[:, 1] - top[:, 0], kind="stable")]
        labeled = np.concatenate([labeled, left[: labels - len(labeled)]])
        known = split.truth[labeled]
        if len(set(known.tolist())) > 1:
            model = LogisticRegression(C=STRENGTH, max_iter=1_000).fit(pool[labeled], known)
        if labels in wanted:
            seconds = perf_counter() - started
            predicted = np.full(len(test), known[0]) if model is None else model.predict(test)
            yield Answer(labels=labels, predicted=predicted, seconds=seconds, of_round=round_number)


@cache
def _vectors(encoder: Path, texts: tuple[str, ...]) -> NDArray[np.float32]:
    """The frozen encoder's vectors, the same for all seeds."""
    return np.asarray(SentenceTransformer(str(encoder)).encode(list(texts)), dtype=np.float32)
