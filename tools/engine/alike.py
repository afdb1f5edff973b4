"""Texts that are near-duplicates of each other, so that one decision may do for all."""

from collections.abc import Mapping, Sequence

import numpy as np

from tools.engine.ports import Vectors
from tools.engine.records import TextId

ALIKE_FROM = 0.95
"""Cosine similarity from which two texts count as near-duplicates, as in the overview of a pool."""


def nearest(vectors: Mapping[TextId, Vectors], one: TextId, others: Sequence[TextId]) -> list[tuple[TextId, float]]:
    """The other texts with their cosine similarity, most similar first; those without a vector are left out."""
    placed = [i for i in others if i in vectors and i != one]
    if one not in vectors or not placed:
        return []
    rows = np.stack([vectors[i] for i in placed]).astype(np.float32)
    values = np.minimum(rows @ vectors[one].astype(np.float32), 1.0)
    return [(placed[row], float(values[row])) for row in np.argsort(-values, kind="stable")]


def grouped(
    ids: Sequence[TextId],
    vectors: Mapping[TextId, Vectors],
    *,
    most: int | None = None,
    apart: Mapping[TextId, object] | None = None,
) -> dict[TextId, list[TextId]]:
    """The texts in their order, each with its near-duplicates among the later ones, which then do not stand alone.

    Args:
        ids: the texts.
        vectors: (dimension,) unit vectors.
        most: ends after so many groups.
        apart: texts in this are never put together with texts that are not.
    """
    apart = apart or {}
    found: dict[TextId, list[TextId]] = {}
    taken: set[TextId] = set()
    for one in ids:
        if len(found) == most:
            break
        if one in taken:
            continue
        others = [i for i in ids if i not in taken and (i in apart) == (one in apart)]
        found[one] = [i for i, near in nearest(vectors, one, others) if near >= ALIKE_FROM]
        taken |= {one, *found[one]}
    return found
