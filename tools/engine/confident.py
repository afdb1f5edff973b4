"""Labels that are likely wrong, found from what models say that had not seen them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelIssue:
    """A label that looks wrong: the row of its text, and the class that it more likely is."""

    row: int
    suggested: int


def label_issues(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> list[LabelIssue]:
    """The labels that confident learning takes for errors, likeliest first (Northcutt et al. 2021, arXiv:1911.00068).

    A class is confident about a text from the mean probability on that it has for the texts labeled as it. Counting
    each text's label against its likeliest confident class gives the confident joint; scaled to the number of labels,
    it says how many texts labeled i truly are j. So many are taken: those with the greatest margin of j over i (pruning
    by noise rate, section 3.2 there).

    Args:
        labels: (n,) codes of the given labels.
        probabilities: (n, C) held-out probabilities: by models that had not seen the text.
    """
    own = probabilities[np.arange(len(labels)), labels]
    suggested: dict[int, tuple[float, int]] = {}
    for label, counts in enumerate(_errors(labels, probabilities, own)):
        for other in np.flatnonzero(counts):
            rows = np.flatnonzero(labels == label)
            margins = probabilities[rows, other] - own[rows]
            for place in np.argsort(-margins, kind="stable")[: counts[other]]:
                row, margin = int(rows[place]), float(margins[place])
                if margin > 0 and (row not in suggested or suggested[row][0] < margin):
                    suggested[row] = margin, int(other)
    ranked = sorted(suggested, key=lambda row: (-suggested[row][0], row))
    return [LabelIssue(row=row, suggested=suggested[row][1]) for row in ranked]


def _errors(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], own: NDArray[np.floating]
) -> NDArray[np.int64]:
    """(C, C) how many texts labeled i are estimated to be j; 0 where i is j."""
    classes = probabilities.shape[1]
    # A class without a label is never confident: nothing tells what it gives its own texts.
    thresholds = np.array([own[labels == code].mean() if (labels == code).any() else np.inf for code in range(classes)])
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    joint = np.zeros((classes, classes))
    counted = confident.max(axis=1, initial=-1.0) >= 0
    np.add.at(joint, (labels[counted], confident[counted].argmax(axis=1)), 1.0)
    sizes = np.bincount(labels, minlength=classes)
    scaled = joint * (sizes / np.maximum(joint.sum(axis=1), 1.0))[:, None]
    np.fill_diagonal(scaled, 0.0)
    return np.asarray(np.rint(scaled), dtype=np.int64)
