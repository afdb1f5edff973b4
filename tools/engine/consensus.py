"""One answer from the votes of several sources: people, models, or one of them asked several times.

A vote is (item, source, label). An item's result is a probability for each class; what to do with one that is too close
to call is the caller's to decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.errors import NotEnoughLabels, UnknownLabel

Vote = tuple[str, str, str]
"""Item, source, label."""
Floats = NDArray[np.float64]
Posterior = Mapping[str, Mapping[str, float]]
"""Item → class → probability."""

_ROUNDS = 200
"""Passes at most; two sources on a few thousand items take about twenty."""
_CLOSE = 1e-6
"""The largest change of a probability at which the passes end."""
_ASSUMED = 0.7
"""Accuracy that is assumed of a source before it has voted."""
_FIRM = 2.0
"""Votes a class that this assumption is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What the votes say together.

    `posterior` gives each item a probability for each class. `confusion[source][i, j]` is the chance that the source
    says class j of an item of class i, in the order of `classes`; each row sums to one. `prior` is the share of each
    class.
    """

    classes: tuple[str, ...]
    posterior: Posterior
    confusion: Mapping[str, Floats]
    prior: Floats

    def accuracy(self, source: str) -> float:
        """The share of items that the source is right about, over the classes as they occur."""
        return float(self.prior @ np.diag(self.confusion[source]))


def best(shares: Mapping[str, float]) -> tuple[str, float]:
    """The likeliest class of an item and its probability; of equals the first in the task's order."""
    name = max(shares, key=lambda one: shares[one])
    return name, shares[name]


def majority(votes: Sequence[Vote], classes: Sequence[str]) -> Posterior:
    """The share of each class among an item's votes.

    Raises UnknownLabel for a vote outside the classes.
    """
    ballots = _Ballots.of(votes, classes)
    return ballots.named(_shares(ballots.tally()))


def weighted_vote(votes: Sequence[Vote], classes: Sequence[str], accuracy: Mapping[str, float]) -> Posterior:
    """Votes weighed by how often their source is right, its mistakes spread evenly over the other classes.

    A vote counts log(p (C - 1) / (1 - p)), which is the best weight for independent sources (Nitzan & Paroush 1982,
    International Economic Review 23). A source of unknown accuracy counts as one that is right 70 times of 100.

    Args:
        votes: (item, source, label).
        classes: the C class names.
        accuracy: how often each source is right, within (0, 1).

    Raises:
        UnknownLabel: a vote outside the classes.
    """
    ballots = _Ballots.of(votes, classes)
    right = np.clip([accuracy.get(source, _ASSUMED) for source in ballots.sources], 0.01, 0.99)
    weight = np.log(right * max(len(classes) - 1, 1) / (1 - right))
    return ballots.named(_softmax(ballots.tally(weight[ballots.source])))


def dawid_skene(votes: Sequence[Vote], classes: Sequence[str], *, known: Mapping[str, str] | None = None) -> Consensus:
    """Votes weighed by each source's confusions, both estimated together (Dawid & Skene 1979, Applied Statistics 28).

    Expectation maximization, begun at the majority. Each row of a source's confusions has a Dirichlet prior worth two
    votes that holds it right in 70 of 100 cases, so a source with few votes counts like an ordinary one and is never
    taken for infallible (as in Kim & Ghahramani 2012, AISTATS). A source may vote on an item more than once.

    Args:
        votes: (item, source, label); not every source need vote on every item.
        classes: the C class names, in the order of the confusions' rows and columns.
        known: items whose class is settled; the sources are judged by them.

    Raises:
        UnknownLabel: a vote or a known class outside the classes.
        NotEnoughLabels: there is no vote.
    """
    if not votes:
        raise NotEnoughLabels("There are no votes to make a consensus of. Have some texts answered first.")
    ballots = _Ballots.of(votes, classes)
    settled = ballots.settled(known or {})
    count = len(classes)
    spread = (1 - _ASSUMED) / max(count - 1, 1)
    assumed = _FIRM * (np.full((count, count), spread) + (_ASSUMED - spread) * np.eye(count))
    posterior = ballots.fixed(_shares(ballots.tally()), settled)
    prior, confusion = np.full(count, 1 / count), np.empty(0)
    for _ in range(_ROUNDS):
        prior = (posterior.sum(axis=0) + 1) / (len(ballots.items) + count)
        confusion = assumed + ballots.confusions(posterior)
        confusion /= confusion.sum(axis=2, keepdims=True)
        evidence = np.log(np.tile(prior, (len(ballots.items), 1)))
        np.add.at(evidence, ballots.item, np.log(confusion)[ballots.source, :, ballots.label])
        before, posterior = posterior, ballots.fixed(_softmax(evidence), settled)
        if float(np.abs(posterior - before).max()) < _CLOSE:
            break
    return Consensus(
        classes=tuple(classes),
        posterior=ballots.named(posterior),
        confusion=dict(zip(ballots.sources, confusion, strict=True)),
        prior=prior,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ballots:
    """Votes as codes: `item`, `source` and `label` have one entry a vote."""

    items: tuple[str, ...]
    sources: tuple[str, ...]
    classes: tuple[str, ...]
    item: NDArray[np.intp]
    source: NDArray[np.intp]
    label: NDArray[np.intp]

    @classmethod
    def of(cls, votes: Sequence[Vote], classes: Sequence[str]) -> "_Ballots":
        items, sources = (tuple(dict.fromkeys(vote[place] for vote in votes)) for place in (0, 1))
        codes = [{name: code for code, name in enumerate(names)} for names in (items, sources, tuple(classes))]
        _check(classes, {vote[2] for vote in votes})
        item, source, label = (
            np.array([code[vote[place]] for vote in votes], dtype=np.intp) for place, code in enumerate(codes)
        )
        return cls(items=items, sources=sources, classes=tuple(classes), item=item, source=source, label=label)

    def tally(self, weight: Floats | None = None) -> Floats:
        """(items, C) the sum of the votes."""
        tally = np.zeros((len(self.items), len(self.classes)))
        np.add.at(tally, (self.item, self.label), 1.0 if weight is None else weight)
        return tally

    def confusions(self, posterior: Floats) -> Floats:
        """(sources, C, C) how often each source said class j of items of class i, in expectation."""
        counts = np.zeros((len(self.sources), len(self.classes), len(self.classes)))
        np.add.at(counts.transpose(0, 2, 1), (self.source, self.label), posterior[self.item])
        return counts

    def settled(self, known: Mapping[str, str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Places of the items whose class is known, and the codes of these classes."""
        _check(self.classes, set(known.values()))
        places = [place for place, item in enumerate(self.items) if item in known]
        codes = [self.classes.index(known[self.items[place]]) for place in places]
        return np.array(places, dtype=np.intp), np.array(codes, dtype=np.intp)

    def fixed(self, posterior: Floats, settled: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Floats:
        places, codes = settled
        posterior[places] = np.eye(len(self.classes))[codes]
        return posterior

    def named(self, posterior: Floats) -> Posterior:
        return {
            item: dict(zip(self.classes, map(float, row), strict=True))
            for item, row in zip(self.items, posterior, strict=True)
        }


def _check(classes: Sequence[str], labels: set[str]) -> None:
    outside = sorted(labels - set(classes))
    if outside:
        raise UnknownLabel(f"{', '.join(map(repr, outside))} is none of the classes: {', '.join(map(repr, classes))}.")


def _shares(tally: Floats) -> Floats:
    return np.asarray(tally / tally.sum(axis=1, keepdims=True))


def _softmax(evidence: Floats) -> Floats:
    odds = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    return _shares(odds)
