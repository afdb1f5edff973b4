"""When the loop ends: rules that a person can name, several at once, and the reason in words.

The order in which rules are looked at, the first that holds being the one that is told: the target scores, an
exhausted pool (looked at always), cost, labels, rounds, stable, plateau. Target scores stop the loop when all of those
named are reached; of the other rules any one will do.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tools.engine.errors import AskAgain
from tools.engine.records import Round, Scores, StopDecision
from tools.engine.scoring import Metric, headline, metric

RuleName = Literal[
    "precision", "recall", "f1", "macro_f1", "accuracy", "exhausted", "cost", "labels", "rounds", "stable", "plateau"
]

_WINDOW = 3
"""Rounds that plateau and stable look back on."""
_STABLE_KAPPA = 0.99
_PLATEAU_GAIN = 0.01
_PLATEAU_SHARE = 0.25
"""Part of the interval's half-width below which a gain is none."""


class InvalidRule(AskAgain):
    """A stopping rule that cannot be read; the message names the forms there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A stopping rule; `limit` is a score, a count or dollars, and None for the rules that take none."""

    name: RuleName
    limit: float | None = None

    def __str__(self) -> str:
        if self.limit is None:
            return self.name
        return f"{self.name}{'>=' if self.name in _TARGETS else '='}{self.limit:.15g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Where the loop stands.

    `rounds` are the closed ones in order of number, `labels` the training labels held, `spent` the dollars paid,
    `candidates_left` the texts that may still be asked about, `next_batch` how many of them the next round would take
    and `next_price` the most that they can cost.
    """

    rounds: Sequence[Round]
    labels: int
    spent: float
    candidates_left: int
    next_batch: int
    next_price: float


Check = Callable[[float, History], str | None]
"""Given a rule's limit (0 for a rule without one): the reason to stop, or None."""


def parse(text: str) -> Rule:
    """The rule that a person wrote, such as `precision>=0.95`, `f1>=80%`, `labels=300`, `cost=2.50` or `plateau`.

    Raises:
        InvalidRule: it is none of the forms, or its number makes no sense.
    """
    match = re.fullmatch(r"([a-z][a-z0-9_]*)(?:(>=|=)\$?([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(%?))?", _plain(text))
    name = _NAMES.get(match[1]) if match else None
    if match is None or name is None:
        raise InvalidRule(f"'{text[:60]}' is not a stopping rule. {_FORMS}")
    sign, number, percent = match[2], match[3], match[4]
    expected = ">=" if name in _TARGETS else "=" if name in _LIMITS else None
    if sign != expected or (percent and name not in _TARGETS):
        raise InvalidRule(f"'{text[:60]}' is not how the rule '{name}' is written. {_FORMS}")
    if number is None:
        return Rule(name=name)
    limit = float(number) / (100 if percent else 1)
    if name in _TARGETS and not 0 < limit < 1:
        raise InvalidRule(
            f"The target {name} in '{text[:60]}' must lie above 0 and below 1 (0 % and 100 %): the lower bound of an "
            f"interval never reaches 1. Write for example {name}>=0.95 or {name}>=95%."
        )
    if name in {"labels", "rounds"} and (not limit.is_integer() or limit < 1):
        raise InvalidRule(f"The number of {name} in '{text[:60]}' must be a whole number from 1 on.")
    return Rule(name=name, limit=limit)


def default_rules() -> tuple[Rule, ...]:
    """The rules for a loop that the person named no limit for."""
    return Rule(name="labels", limit=300), Rule(name="stable"), Rule(name="plateau")


def decide(rules: Sequence[Rule], history: History) -> StopDecision | None:
    """Whether the loop ends here, by which rule and why; None to go on.

    Beside `rules` an exhausted pool always ends it. A target is reached when the lower end of the 95 % interval is at
    or above it.
    """
    targets = [rule for name in _TARGETS for rule in rules if rule.name == name]
    reached = [_target(rule, history) for rule in targets]
    if targets and all(reached):
        return StopDecision(
            rule=" and ".join(map(str, targets)), reason="; ".join(reason for reason in reached if reason)
        )
    wanted = [Rule(name="exhausted"), *rules]
    for name, check in RULES.items():
        for rule in wanted:
            reason = check(rule.limit or 0.0, history) if rule.name == name else None
            if reason is not None:
                return StopDecision(rule=str(rule), reason=reason)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a rule stands: whether it `holds`, so that it would end the loop, and the numbers in words."""

    rule: str
    holds: bool
    says: str


def outlook(rules: Sequence[Rule], history: History) -> tuple[Outlook, ...]:
    """How each of the rules stands, in their order; an exhausted pool always comes last."""
    found = []
    for rule in (*rules, Rule(name="exhausted")):
        limit = rule.limit or 0.0
        reason = _target(rule, history) if rule.name in _TARGETS else RULES[rule.name](limit, history)
        so_far = _target_so_far(rule, history) if rule.name in _TARGETS else _SO_FAR[rule.name](limit, history)
        found.append(Outlook(rule=str(rule), holds=reason is not None, says=reason or so_far))
    return tuple(found)


def _target_so_far(rule: Rule, history: History) -> str:
    scores = history.rounds[-1].scores if history.rounds else None
    if scores is None:
        return f"nothing was scored yet, the target is {rule.limit:g}"
    name = _TARGETS[rule.name]
    estimate = metric(scores, name)
    return (
        f"{_in_words(name, scores)} is {estimate.value:.2f} with a lower bound of {estimate.low:.2f}; the target is "
        f"{rule.limit:g}, for the lower bound"
    )


def _settling(history: History) -> str:
    seen = [round_.agreement for round_ in history.rounds[-_WINDOW:] if round_.agreement is not None]
    if len(seen) < _WINDOW:
        return f"whether the predictions have settled can be told after {_WINDOW} rounds more than the cold start"
    return (
        f"the predictions for the pool still change: over the last {_WINDOW} rounds successive models agreed with a "
        f"mean kappa of {sum(seen) / _WINDOW:.3f}, {_STABLE_KAPPA:g} is enough"
    )


def _rising(history: History) -> str:
    scored = [round_.scores for round_ in history.rounds if round_.scores is not None]
    if len(scored) <= _WINDOW:
        return f"whether the score has levelled off can be told after {_WINDOW + 1} scored rounds, {len(scored)} are"
    values = [headline(scores)[1].value for scores in scored]
    before, now = max(values[:-_WINDOW]), max(values[-_WINDOW:])
    return (
        f"{_in_words(headline(scored[-1])[0], scored[-1])} still rises: its best over the last {_WINDOW} rounds is "
        f"{now:.3f} and it was {before:.3f} before"
    )


def _target(rule: Rule, history: History) -> str | None:
    scores = history.rounds[-1].scores if history.rounds else None
    name = _TARGETS.get(rule.name)
    if scores is None or name is None or rule.limit is None:
        return None
    estimate = metric(scores, name)
    if estimate.low < rule.limit:
        return None
    return (
        f"{_in_words(name, scores)} is {estimate.value:.2f} with a lower bound of {estimate.low:.2f}, "
        f"the target was {rule.limit:g}"
    )


def _exhausted(_limit: float, history: History) -> str | None:
    if history.candidates_left > 0:
        return None
    return f"no text is left to ask about: {history.labels:,} training labels are held and the pool is used up"


def _cost(limit: float, history: History) -> str | None:
    # A free oracle may go on; a millionth of a cent is rounding.
    if history.next_price <= 0 or history.spent + history.next_price <= limit + 1e-8:
        return None
    return (
        f"the next batch of {history.next_batch:,} texts can cost up to ${history.next_price:,.4g}, "
        f"and ${max(0.0, limit - history.spent):,.4g} of the budget of ${limit:,.2f} is left"
    )


def _labels(limit: float, history: History) -> str | None:
    return (
        f"{history.labels:,} training labels are held, the limit was {limit:,.0f}" if history.labels >= limit else None
    )


def _rounds(limit: float, history: History) -> str | None:
    done = history.rounds[-1].number if history.rounds else 0
    return f"{done:,} rounds after the cold start are done, the limit was {limit:,.0f}" if done >= limit else None


def _stable(_limit: float, history: History) -> str | None:
    """Stabilizing predictions (Bloodgood & Vijay-Shanker 2009, CoNLL): mean kappa of successive models >= 0.99."""
    seen = [round_.agreement for round_ in history.rounds[-_WINDOW:] if round_.agreement is not None]
    if len(seen) < _WINDOW or sum(seen) / _WINDOW < _STABLE_KAPPA or not _has_learnt(history):
        return None
    return (
        f"the predictions for the pool have settled: over the last {_WINDOW} rounds successive models agreed with a "
        f"mean kappa of {sum(seen) / _WINDOW:.3f}, {_STABLE_KAPPA:g} is enough"
    )


def _plateau(_limit: float, history: History) -> str | None:
    """Performance convergence (Laws & Schütze 2008, COLING): the best headline of the last rounds is hardly better.

    Hardly: by less than 0.01 and less than a quarter of the interval's half-width.
    """
    scored = [round_.scores for round_ in history.rounds if round_.scores is not None]
    if len(scored) <= _WINDOW or not _has_learnt(history):
        return None
    values = [headline(scores)[1].value for scores in scored]
    before, now = max(values[:-_WINDOW]), max(values[-_WINDOW:])
    name, latest = headline(scored[-1])
    if now - before >= min(_PLATEAU_GAIN, _PLATEAU_SHARE * (latest.high - latest.low) / 2):
        return None
    return (
        f"{_in_words(name, scored[-1])} has levelled off: its best over the last {_WINDOW} rounds is {now:.3f} and it "
        f"was {before:.3f} before, the interval is {latest.low:.2f} to {latest.high:.2f}"
    )


def _has_learnt(history: History) -> bool:
    """False while the headline is 0: a model that finds no text of a rare class agrees with itself and has no curve."""
    scores = history.rounds[-1].scores
    return scores is None or headline(scores)[1].value > 0


def _in_words(name: Metric, scores: Scores) -> str:
    words = {"f1": "F1", "macro_f1": "macro F1"}.get(name, name)
    if name in {"accuracy", "macro_f1"}:
        return words
    return f"{words} of '{scores.positive}'" if scores.positive else f"{words} averaged over the classes"


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).lower().replace("≥", ">=").replace("-", "_")


RULES: Mapping[RuleName, Check] = MappingProxyType(
    {
        "exhausted": _exhausted,
        "cost": _cost,
        "labels": _labels,
        "rounds": _rounds,
        "stable": _stable,
        "plateau": _plateau,
    }
)
"""The rules other than target scores, in the order in which they are looked at."""

_SO_FAR: Mapping[RuleName, Callable[[float, History], str]] = MappingProxyType(
    {
        "exhausted": lambda _, history: f"{history.candidates_left:,} texts can still be asked about",
        "cost": lambda limit, history: f"${history.spent:,.4g} of the budget of ${limit:,.2f} is spent",
        "labels": lambda limit, history: f"{history.labels:,} of {limit:,.0f} training labels are held",
        "rounds": lambda limit, history: f"{max(0, len(history.rounds) - 1):,} of {limit:,.0f} rounds are done",
        "stable": lambda _, history: _settling(history),
        "plateau": lambda _, history: _rising(history),
    }
)
"""What is said of a rule that does not hold yet."""

_TARGETS: Mapping[RuleName, Metric] = MappingProxyType(
    {"precision": "precision", "recall": "recall", "f1": "f1", "macro_f1": "macro_f1", "accuracy": "accuracy"}
)
_LIMITS: frozenset[RuleName] = frozenset({"cost", "labels", "rounds"})
_NAMES: Mapping[str, RuleName] = MappingProxyType({name: name for name in (*_TARGETS, *RULES) if name != "exhausted"})
_FORMS = (
    "The forms are: precision>=0.95, recall>=0.9, f1>=0.8, macro_f1>=0.8, accuracy>=90%, "
    "plateau, stable, labels=300, rounds=10, cost=2.50."
)
