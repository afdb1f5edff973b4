"""How well the people who label agree with each other, with what is known, and with what was suggested to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import numpy as np

from tools.engine.agreement import alpha, cohen_with_interval, count_votes, fleiss, with_interval
from tools.engine.consensus import Consensus, best
from tools.engine.records import Estimate, Opinion, Task
from tools.engine.shares import difference, share
from tools.opinions import ALIKE, KEY, class_votes, consensus_of, is_person, known_answers, standing
from tools.workbench import Workbench

Votes = Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotator:
    """How one person labels.

    Attributes:
        source: who: `human` or `human:NAME`.
        answers: texts answered; `unsure` and `skipped` of these got no class.
        accuracy: how often she is right, by her confusions with the consensus (Dawid & Skene 1979).
        confusion: row: the class by consensus; column: the share she calls that; in the task's order.
        with_consensus: the share of her answers that are the likeliest class, of texts that others answered too.
        known: the share of known texts that she is right about; None where she met none.
        known_texts: how many she met.
        seconds: the median time for a text; None where it was not measured.
    """

    source: str
    answers: int
    unsure: int
    skipped: int
    accuracy: float | None
    confusion: tuple[tuple[float, ...], ...]
    with_consensus: Estimate | None
    known: Estimate | None
    known_texts: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two people who answered the same texts, and Cohen's kappa between them."""

    first: str
    second: str
    texts: int
    agreed: int
    kappa: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """What shown suggestions do: how often people say what the model says, shown it and blind to it.

    Which texts are blind was drawn by lot, so `effect`, shown less blind, is the suggestions' own.
    """

    shown: Estimate | None
    shown_texts: int
    blind: Estimate | None
    blind_texts: int
    effect: Estimate | None
    shown_seconds: float | None
    blind_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """How people agree.

    `texts` were answered by two people or more, with `votes` answers. `fleiss` is over the `fleiss_texts` that have the
    most usual number of answers, `fleiss_votes`; `alpha`, Krippendorff's, over all of them.
    """

    texts: int
    votes: int
    agreed: int
    alpha: Estimate | None
    fleiss: Estimate | None
    fleiss_texts: int
    fleiss_votes: int
    pairs: tuple[Pair, ...]
    annotators: tuple[Annotator, ...]
    bias: Bias


def agreement(bench: Workbench, task: Task, *, seed: int = 0) -> AgreementReport:
    """How the task's people agree, by what each said that stands; the intervals are 95 %, from `seed`."""
    opinions = bench.opinions.of(task.name)
    votes = [vote for vote in class_votes(opinions) if vote[2] in task.class_names]
    rng = np.random.default_rng([seed, 0xA62E])
    counts = count_votes(votes, task.class_names) if votes else np.zeros((0, len(task.classes)))
    several = counts[counts.sum(axis=1) >= 2]
    usual = Counter(several.sum(axis=1).tolist()).most_common(1)
    size = int(usual[0][0]) if usual else 0
    alike = several[several.sum(axis=1) == size]
    known = {str(i): name for i, name in known_answers(opinions).items() if name in task.class_names}
    consensus = consensus_of(opinions, task)
    return AgreementReport(
        texts=len(several),
        votes=int(several.sum()),
        agreed=int((several.max(axis=1) == several.sum(axis=1)).sum()) if len(several) else 0,
        alpha=with_interval(alpha, several, rng) if len(several) else None,
        fleiss=with_interval(fleiss, alike, rng) if len(alike) else None,
        fleiss_texts=len(alike),
        fleiss_votes=size,
        pairs=tuple(_pairs(votes, rng)),
        annotators=tuple(_annotators(opinions, votes, consensus, known)),
        bias=_bias(opinions),
    )


def _pairs(votes: Votes, rng: np.random.Generator) -> list[Pair]:
    said: dict[str, dict[str, str]] = {}
    for text, source, label in votes:
        said.setdefault(source, {})[text] = label
    found = []
    for first, second in combinations(sorted(said), 2):
        both = [text for text in said[first] if text in said[second]]
        if both:
            a, b = ([said[who][text] for text in both] for who in (first, second))
            agreed = sum(one == other for one, other in zip(a, b, strict=True))
            kappa = cohen_with_interval(a, b, rng)
            found.append(Pair(first=first, second=second, texts=len(both), agreed=agreed, kappa=kappa))
    return found


def _annotators(
    opinions: Sequence[Opinion], votes: Votes, consensus: Consensus | None, known: Mapping[str, str]
) -> list[Annotator]:
    given: dict[str, list[Opinion]] = {}
    for (_, source, purpose), one in standing(opinions).items():
        if is_person(source) and source != KEY and purpose in {"vote", "known"}:
            given.setdefault(source, []).append(one)
    answered = Counter(text for text, _, _ in votes)
    return [
        _annotator(source, said, consensus, {t for t, n in answered.items() if n > 1}, known)
        for source, said in sorted(given.items())
    ]


def _annotator(
    source: str, said: Sequence[Opinion], consensus: Consensus | None, several: set[str], known: Mapping[str, str]
) -> Annotator:
    judged = consensus is not None and source in consensus.confusion
    common = [one for one in said if one.text_id in several and one.label is not None]
    met = [one for one in said if one.text_id in known and one.label is not None]
    times = [one.seconds for one in said if one.seconds > 0]
    likeliest = {} if consensus is None else {text: best(shares)[0] for text, shares in consensus.posterior.items()}
    return Annotator(
        source=source,
        answers=len(said),
        unsure=sum(one.outcome == "unsure" for one in said),
        skipped=sum(one.outcome == "skip" for one in said),
        accuracy=consensus.accuracy(source) if consensus is not None and judged else None,
        confusion=tuple(map(tuple, consensus.confusion[source].tolist())) if consensus is not None and judged else (),
        with_consensus=share(sum(one.label == likeliest.get(one.text_id) for one in common), len(common)),
        known=share(sum(one.label == known[one.text_id] for one in met), len(met)),
        known_texts=len(met),
        seconds=median(times) if times else None,
    )


def _bias(opinions: Sequence[Opinion]) -> Bias:
    held = [
        one
        for (_, source, purpose), one in standing(opinions).items()
        if is_person(source) and purpose == "vote" and one.variant != ALIKE and one.label is not None
    ]
    seen = [one for one in held if one.suggested is not None]
    blind = [one for one in held if one.withheld is not None]
    shown_share = share(sum(one.label == one.suggested for one in seen), len(seen))
    blind_share = share(sum(one.label == one.withheld for one in blind), len(blind))
    return Bias(
        shown=shown_share,
        shown_texts=len(seen),
        blind=blind_share,
        blind_texts=len(blind),
        effect=None if shown_share is None or blind_share is None else difference(shown_share, blind_share),
        shown_seconds=_median_seconds(seen),
        blind_seconds=_median_seconds(blind),
    )


def _median_seconds(said: Sequence[Opinion]) -> float | None:
    times = [one.seconds for one in said if one.seconds > 0]
    return median(times) if times else None
