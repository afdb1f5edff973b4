"""Demonstrations for a prompt: labeled texts that show a language model what belongs where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VARIETY = 0.5
"""How much likeness to a demonstration that is in already counts against another one, beside likeness to the texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """A text and its class, as a person judged it."""

    text: str
    label: str


def choose_demonstrations(
    vectors: NDArray[np.floating],
    labels: Sequence[str],
    asked: NDArray[np.floating],
    *,
    size: int,
) -> list[int]:
    """Rows of `vectors` (unit length, one a verified text, with its label) to show before texts like `asked`.

    Classes take turns, those with the fewest texts first, so that each is shown before one is shown twice. Within a
    class, the text goes first that is most like the texts to ask about (mean of its cosine to the nearest tenth of
    them) and least like those chosen: maximal marginal relevance (Carbonell and Goldstein 1998). The same input gives
    the same rows.
    """
    if not len(labels) or size < 1:
        return []
    known = np.asarray(vectors, dtype=np.float32)
    likeness = known @ np.asarray(asked, dtype=np.float32).T
    nearest = max(1, likeness.shape[1] // 10)
    relevance = np.sort(likeness, axis=1)[:, -nearest:].mean(axis=1) if likeness.shape[1] else np.zeros(len(labels))
    left = {name: [row for row, label in enumerate(labels) if label == name] for name in dict.fromkeys(labels)}
    chosen: list[int] = []
    while len(chosen) < min(size, len(labels)):
        for name in sorted(left, key=lambda name: (len(left[name]), name)):
            if not left[name] or len(chosen) == size:
                continue
            redundancy = (known[left[name]] @ known[chosen].T).max(axis=1) if chosen else np.zeros(len(left[name]))
            marginal = (1 - VARIETY) * relevance[left[name]] - VARIETY * redundancy
            chosen.append(left[name].pop(int(marginal.argmax())))
    return chosen
