"""Whether an oracle may be trusted: a person checks a few of its answers, and the gate says what they prove.

The checks are drawn from answers to a random sample of the pool. Each class that the oracle names is a stratum, within
which its surest and its least sure answers are checked alike; a class that looks weak is checked more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.engine.confidence import Calibration, CheckedAnswer, fit_calibration
from tools.engine.records import Estimate, TextId
from tools.engine.scoring import score

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Verdict = Literal["use", "above", "not", "more"]

SURE = 0.97
"""Probability from which on a class is called weak. With 0.95 twice as many good ones are, and few more weak ones."""
UNLIKELY = 0.25
"""Probability of being weak below which a class needs no more checks."""
FIRM = 5.0
"""Checks that the assumption is worth that a class is right as often as wanted."""
_FIRM_MISSED = 0.25
"""Texts met of a class that the assumption is worth that the class is found as often as wanted."""
_MIDDLES = (np.arange(20) + 0.5) / 20
"""Quantiles that stand for a distribution."""
_SHARES = tuple(tenth / 10 for tenth in range(10, 1, -1))
"""Shares of the answers, surest first, that are tried for "use it above this confidence", the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """A class that the oracle gave a text, and its raw confidence, None where it gave none."""

    text_id: TextId
    label: str
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTrust:
    """How good the oracle is on one class.

    `right` is the share of the answers naming this class that are right, `found` the share of this class's texts that
    it names so. `answers` named the class, `checked` of them were checked. `wrong` and `missed` say that the share is
    lower than wanted with at least 97 % probability.
    """

    name: str
    answers: int
    checked: int
    right: Estimate
    found: Estimate
    wrong: bool
    missed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the checks say of an oracle.

    `verdict`: `use` it; use it `above` the calibrated confidence `threshold`, which `share` of its answers reach;
    do `not` use it; or check `more` first. `accuracy` is that of all its answers, with the 95 % interval.
    """

    verdict: Verdict
    checks: int
    wanted: float
    accuracy: Estimate
    classes: tuple[ClassTrust, ...]
    threshold: float | None
    share: float | None
    calibration: Calibration

    @property
    def weak(self) -> tuple[str, ...]:
        """The classes on which the oracle is right, or finds them, less often than wanted."""
        return tuple(one.name for one in self.classes if one.wrong or one.missed)


def choose_checks(  # noqa: PLR0913 - what there is, what is known, how many, and by what chance
    answers: Sequence[GivenAnswer],
    truth: Mapping[TextId, str | None],
    classes: Sequence[str],
    *,
    size: int,
    wanted: float,
    rng: np.random.Generator,
) -> list[TextId]:
    """The answers to check next, in random order.

    Half are drawn for the accuracy as a whole, by the square root of a class's share (power allocation, Bankier 1988,
    The American Statistician 42). The other half look for a weak class, one after the other in the class that is then
    the likeliest to be weak, had all that were drawn before it been right. Within a class its answers, ordered by
    confidence, are cut into as many parts as are wanted and one is drawn from each.

    Args:
        answers: what the oracle said of a random sample of texts.
        truth: texts checked before, with the class a person gave; None where that person could not say.
        classes: the task's classes.
        size: how many to choose; fewer come back where there are no more.
        wanted: how often an answer should be right.
        rng: the seeded generator.
    """
    table = _Table.of(answers, truth, classes)
    take = table.allocate(size, wanted)
    chosen: list[TextId] = []
    for code, count in enumerate(take):
        fresh = [one for row, one in enumerate(answers) if table.said[row] == code and one.text_id not in truth]
        sure = np.array([one.confidence or 0.0 for one in fresh])
        # Ties in random order: many answers state the same confidence.
        ordered = np.lexsort((rng.random(len(fresh)), sure))
        chosen += [fresh[int(rng.choice(part))].text_id for part in np.array_split(ordered, count)] if count else []
    return [chosen[place] for place in rng.permutation(len(chosen))]


def judge(
    answers: Sequence[GivenAnswer],
    truth: Mapping[TextId, str | None],
    classes: Sequence[str],
    *,
    wanted: float,
    most: int,
) -> Judgement:
    """What the checks so far prove.

    A class is called weak when its share is lower than `wanted` with 97 % probability, after a prior worth five checks
    that are right as often as wanted; the probability holds whenever one looks. `use` asks that the 95 % interval of
    the accuracy lies above `wanted`, that no class is wrong too often, and that none is likely to be. `above` asks the
    same interval of the surest part of the answers, ordered by calibrated confidence. Where `most` checks prove
    neither, the accuracy itself decides.

    Args:
        answers: what the oracle said of a random sample of texts.
        truth: texts checked, with the class a person gave; None where that person could not say.
        classes: the task's classes.
        wanted: how often an answer should be right.
        most: checks after which the gate decides.

    Raises:
        NotEnoughLabels: nothing was checked.
    """
    table = _Table.of(answers, truth, classes)
    calibration = fit_calibration(table.checks(answers), classes, [one.confidence for one in answers])
    accuracy, trusts = table.scores(wanted)
    risk = table.risk(wanted)
    left = table.sizes > table.asked
    doubtful = bool(np.any((risk > UNLIKELY) & (risk < SURE) & left))
    wrong = any(one.wrong for one in trusts)
    proven = accuracy.low >= wanted and not wrong
    over = len(truth) >= most or not left.any() or all(one.wrong or not one.answers for one in trusts)
    threshold, share = (None, None) if proven or not over else table.threshold(answers, calibration, wanted)
    verdict: Verdict
    if proven and (over or not doubtful):
        verdict = "use"
    elif not over:
        verdict = "more"
    elif threshold is not None:
        verdict = "above"
    else:
        verdict = "use" if accuracy.value >= wanted and not wrong else "not"
    return Judgement(
        verdict=verdict,
        checks=len(table.rows),
        wanted=wanted,
        accuracy=accuracy,
        classes=trusts,
        threshold=threshold,
        share=share,
        calibration=calibration,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Answers as codes. `rows` are the places of the checked answers, `true` their classes' codes.

    `asked` counts, by the class said, the answers that a person was asked to check, whatever came of it.
    """

    classes: tuple[str, ...]
    said: Counts
    asked: Counts
    rows: Counts
    true: Counts

    @classmethod
    def of(cls, answers: Sequence[GivenAnswer], truth: Mapping[TextId, str | None], classes: Sequence[str]) -> "_Table":
        code = {name: place for place, name in enumerate(classes)}
        said = np.array([code[one.label] for one in answers], dtype=np.int64)
        seen = np.array([one.text_id in truth for one in answers], dtype=bool)
        pairs = [(row, truth.get(one.text_id)) for row, one in enumerate(answers)]
        checked = [(row, code[name]) for row, name in pairs if name is not None]
        return cls(
            classes=tuple(classes),
            said=said,
            asked=np.bincount(said[seen], minlength=len(classes)),
            rows=np.array([row for row, _ in checked], dtype=np.int64),
            true=np.array([name for _, name in checked], dtype=np.int64),
        )

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.said[self.rows] == self.true)

    def checks(self, answers: Sequence[GivenAnswer]) -> list[CheckedAnswer]:
        """The answers that were judged."""
        return [
            CheckedAnswer(label=answers[row].label, confidence=answers[row].confidence, right=bool(right))
            for row, right in zip(self.rows, self.right, strict=True)
        ]

    @property
    def checked(self) -> Counts:
        """(C,) answers checked that name each class."""
        return np.bincount(self.said[self.rows], minlength=len(self.classes))

    @property
    def hits(self) -> Counts:
        """(C,) those of them that are right."""
        return np.bincount(self.said[self.rows][self.right], minlength=len(self.classes))

    @property
    def sizes(self) -> Counts:
        """(C,) answers that name each class."""
        return np.bincount(self.said, minlength=len(self.classes))

    @property
    def weights(self) -> Floats:
        """How many answers each checked one stands for."""
        return np.asarray((self.sizes / np.maximum(self.checked, 1))[self.said[self.rows]])

    def accuracy(self, kept: NDArray[np.bool_] | None = None) -> Estimate:
        """The share of right answers, or of those `kept` of the checked ones.

        A class that begins well is left, one that begins badly is checked until it is known: a stratified mean is too
        good by up to 4 points with 18 classes. So each class counts as if `FIRM` more of its checks had come out as
        those of all classes together.
        """
        rows = np.ones(len(self.rows), dtype=bool) if kept is None else kept
        said = self.said[self.rows][rows]
        weights = (self.sizes / (self.checked + FIRM))[said]
        return score(
            truth=self.true[rows], predicted=said, classes=self.classes, basis="gold", weights=weights
        ).accuracy

    def risk(self, wanted: float, more: Counts | int = 0) -> Floats:
        """(C,) probability that answers naming the class are right less often than wanted, if `more` were right too."""
        return _chance_below(self.hits + more, self.checked + more, wanted)

    def missing(self, wanted: float) -> Floats:
        """(C,) probability that fewer than `wanted` of the class's texts are named so.

        What is named so is nearly known; what is not is a few texts met among all other answers, whose number is a
        Poisson's (Gamma posterior).
        """
        from scipy.special import betaincinv, gammaincc  # noqa: PLC0415 - slow to load

        weights, hits, misses = self.weights, self.hits, self.checked - self.hits
        chances = np.zeros(len(self.classes))
        for code in np.unique(self.true[~self.right]):
            met = weights[(self.true == code) & ~self.right]
            # Texts met at different rates tell as much as so many of one weight (Kish).
            count, weight = met.sum() ** 2 / (met**2).sum(), (met**2).sum() / met.sum()
            right = betaincinv(FIRM * wanted + hits[code], FIRM * (1 - wanted) + misses[code], _MIDDLES)
            allowed = self.sizes[code] * right * (1 - wanted) / wanted
            chances[code] = gammaincc(_FIRM_MISSED + count, _FIRM_MISSED + allowed / weight).mean()
        return chances

    def allocate(self, size: int, wanted: float) -> Counts:
        """(C,) how many answers of each class to check next."""
        sizes = self.sizes
        settled = self.risk(wanted) > SURE
        take = np.zeros(len(self.classes), dtype=np.int64)
        for turn in range(size):
            held = self.asked + take
            if np.all(held >= sizes):
                break
            # As if what is drawn now were right: no class gets more at a time than it takes to clear it.
            risk = np.where(settled | (held >= sizes), 0.0, self.risk(wanted, more=take))
            doubtful = turn % 2 and len(self.rows) and risk.max() > UNLIKELY
            wish = risk if doubtful else np.sqrt(sizes) / (held + 1)
            take[np.argmax(np.where(held < sizes, wish, -1.0))] += 1
        return take

    def scores(self, wanted: float) -> tuple[Estimate, tuple[ClassTrust, ...]]:
        said = self.said[self.rows]
        scores = score(truth=self.true, predicted=said, classes=self.classes, basis="gold", weights=self.weights)
        wrong, missed = self.risk(wanted), self.missing(wanted)
        trusts = [
            ClassTrust(
                name=name,
                answers=int(self.sizes[code]),
                checked=int(self.checked[code]),
                right=scores.per_class[name].precision,
                found=scores.per_class[name].recall,
                wrong=bool(wrong[code] > SURE),
                missed=bool(missed[code] > SURE),
            )
            for code, name in enumerate(self.classes)
        ]
        return self.accuracy(), tuple(trusts)

    def threshold(
        self, answers: Sequence[GivenAnswer], calibration: Calibration, wanted: float
    ) -> tuple[float | None, float | None]:
        """The lowest confidence above which the answers are right as often as wanted, and their share."""
        sure = np.array([calibration.probability(one.label, one.confidence) for one in answers])
        for share in _SHARES:
            least = float(np.quantile(sure, 1 - share, method="lower"))
            kept = sure[self.rows] >= least
            if not kept.any():
                continue
            if self.accuracy(kept).low >= wanted:
                return least, float(np.mean(sure >= least))
        return None, None


def _chance_below(hits: Counts, checks: Counts, wanted: float) -> Floats:
    """Probability that a share is below `wanted`, seen `hits` of `checks`."""
    from scipy.special import betainc  # noqa: PLC0415 - slow to load

    return np.asarray(betainc(FIRM * wanted + hits, FIRM * (1 - wanted) + checks - hits, wanted))
