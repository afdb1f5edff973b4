"""How far two sets of predictions, or several people, agree beyond chance."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.engine.errors import NotEnoughLabels
from tools.engine.records import Estimate

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], Floats]
"""(n, C) counts of the votes and (draws, n) weights of the items → (draws,) values."""
DRAWS = 1_000
"""Bootstrap samples of an interval."""


def cohen_kappa(a: ArrayLike, b: ArrayLike, weights: NDArray[np.floating] | None = None) -> float:
    """Cohen's kappa of two labelings of the same texts (Cohen 1960, Educ. Psychol. Meas. 20).

    Args:
        a: (n,) class codes or names.
        b: (n,) class codes or names, in the same order of texts.
        weights: (n,) what each text counts for, such as its copies; all alike where None.

    Returns:
        1 for full agreement, 0 for what chance gives, negative below that. Two labelings that both use one and the
        same class agree fully and give 1, where Cohen's ratio is 0/0.

    Raises:
        NotEnoughLabels: there is no text to compare.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} labels cannot be compared with {second.size}: they must be of the same texts")
    if first.size == 0:
        raise NotEnoughLabels("There are no predictions to compare, so their agreement is unknown. Label texts first.")
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    cells = np.zeros((names.size, names.size))
    np.add.at(cells, (codes[: first.size], codes[first.size :]), 1.0 if weights is None else weights)
    shares = cells / cells.sum()
    by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    if 1.0 - by_chance < 1e-12:
        return 1.0
    return (float(np.trace(shares)) - by_chance) / (1.0 - by_chance)


def mcnemar(gained: int, lost: int) -> float:
    """Chance that two models that are equally good differ so much (McNemar 1947, Psychometrika 12), exact, two-sided.

    `gained` and `lost` count the texts that only the second and only the first is right about; 1 where there are none.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - slow to load, and few commands ask for it

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


# --- several people --------------------------------------------------------------------------------------------------


def count_votes(votes: Sequence[tuple[str, str, str]], classes: Sequence[str]) -> Floats:
    """(n, C) how often each item was given each class, from (item, source, label); items in order of appearance."""
    items = {item: row for row, item in enumerate(dict.fromkeys(vote[0] for vote in votes))}
    codes = {name: code for code, name in enumerate(classes)}
    counts = np.zeros((len(items), len(classes)))
    for item, _, label in votes:
        counts[items[item], codes[label]] += 1
    return counts


def fleiss_kappa(counts: ArrayLike) -> float:
    """Fleiss' kappa of several people (Fleiss 1971, Psychological Bulletin 76).

    Args:
        counts: (n, C) how many people gave each item each class; the same number of people, two or more, an item.

    Returns:
        1 for full agreement, 0 for what chance gives. Where all votes are of one class it is 1.

    Raises:
        ValueError: the items have different numbers of votes; Krippendorff's alpha takes those.
        NotEnoughLabels: there is no item with two votes.
    """
    table = _table(counts)
    if np.unique(table.sum(axis=1)).size > 1:
        raise ValueError("Fleiss' kappa needs the same number of votes on each item")
    return float(fleiss(table, np.ones((1, len(table))))[0])


def krippendorff_alpha(counts: ArrayLike) -> float:
    """Krippendorff's alpha for classes without order (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).

    Items may have different numbers of votes; those with fewer than two say nothing of agreement and are left out.

    Args:
        counts: (n, C) how often each item was given each class.

    Returns:
        1 for full agreement, 0 for what chance gives. Where all votes are of one class it is 1.

    Raises:
        NotEnoughLabels: there is no item with two votes.
    """
    table = _table(counts)
    return float(alpha(table, np.ones((1, len(table))))[0])


def alpha(table: Floats, weights: Floats) -> Floats:
    """Krippendorff's alpha for each row of weights."""
    size = table.sum(axis=1)
    # The pairs of an item that disagree, each item's votes counted once however many there are.
    apart = (size**2 - (table**2).sum(axis=1)) / (size - 1)
    totals = weights @ table
    n = totals.sum(axis=1)
    return _beyond_chance(weights @ apart * (n - 1), n**2 - (totals**2).sum(axis=1))


def fleiss(table: Floats, weights: Floats) -> Floats:
    """Fleiss' kappa for each row of weights."""
    size = table.sum(axis=1)
    apart = 1 - ((table**2).sum(axis=1) - size) / (size * (size - 1))
    shares = weights @ table
    shares /= shares.sum(axis=1, keepdims=True)
    return _beyond_chance(weights @ apart / weights.sum(axis=1), 1 - (shares**2).sum(axis=1))


def with_interval(statistic: Statistic, counts: ArrayLike, rng: np.random.Generator) -> Estimate:
    """A measure of agreement with its 95 % interval, by drawing items anew (percentile bootstrap).

    Recommended for both measures by Zapf et al. 2016 (BMC Medical Research Methodology 16:93). Raises NotEnoughLabels.
    """
    # Items with the same votes are alike, and there are few kinds of them.
    table, alike = np.unique(_table(counts), axis=0, return_counts=True)
    draws = rng.multinomial(alike.sum(), alike / alike.sum(), size=DRAWS)
    low, high = np.quantile(statistic(table, draws.astype(np.float64)), (0.025, 0.975))
    value = float(statistic(table, alike[None, :].astype(np.float64))[0])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))


def cohen_with_interval(a: Sequence[str], b: Sequence[str], rng: np.random.Generator) -> Estimate:
    """Cohen's kappa of two people on the same items, with its 95 % interval by drawing items anew.

    Raises NotEnoughLabels when there is no item.
    """
    value = cohen_kappa(list(a), list(b))
    pairs, counts = np.unique(np.array(list(zip(a, b, strict=True))), axis=0, return_counts=True)
    draws = rng.multinomial(len(a), counts / len(a), size=DRAWS)
    kappas = [cohen_kappa(pairs[:, 0], pairs[:, 1], weights=draw.astype(np.float64)) for draw in draws]
    low, high = np.quantile(kappas, (0.025, 0.975))
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))


def _table(counts: ArrayLike) -> Floats:
    """The items with two votes or more."""
    table = np.asarray(counts, dtype=np.float64)
    table = table[table.sum(axis=1) >= 2] if table.size else table
    if len(table) == 0:
        raise NotEnoughLabels(
            "No text has the answers of two people, so their agreement is unknown. Let the desk "
            "ask two people about each text: set its overlap to 2."
        )
    return table


def _beyond_chance(apart: Floats, by_chance: Floats) -> Floats:
    """1 minus what is apart, in shares of what chance gives; 1 where chance gives nothing: all is one class."""
    certain = by_chance <= 0
    return np.where(certain, 1.0, 1.0 - apart / np.where(certain, 1.0, by_chance))
