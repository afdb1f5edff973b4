"""Stopping rules: how they are written, when each holds, which is told, and Cohen's kappa beneath `stable`."""

import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tools.engine.agreement import cohen_kappa
from tools.engine.errors import AskAgain, NotEnoughLabels
from tools.engine.records import Round, RoundStatus, Scores, StopDecision
from tools.engine.scoring import score
from tools.engine.stopping import RULES, History, InvalidRule, Rule, decide, default_rules, outlook, parse


def scored(right: int, n: int = 200, *, positive: str | None = "baby care") -> Scores:
    """Scores of n texts, half of them positive, all positives found, `right` of n texts right."""
    truth = np.arange(n) % 2
    predicted = truth.copy()
    predicted[np.flatnonzero(truth == 0)[: n - right]] = 1
    return score(truth=truth, predicted=predicted, classes=["other", "baby care"], basis="gold", positive=positive)


def nothing_found(n: int = 200) -> Scores:
    truth = np.arange(n) % 2
    return score(truth=truth, predicted=0 * truth, classes=["other", "baby care"], basis="gold", positive="baby care")


def closed(scores: Sequence[Scores | None], agreement: Sequence[float | None] | None = None) -> list[Round]:
    kappas = agreement or [None] * len(scores)
    return [
        Round(
            number=number,
            status=RoundStatus.CLOSED,
            strategy="margin",
            learner="head",
            seed=0,
            scores=one,
            agreement=kappa,
        )
        for number, (one, kappa) in enumerate(zip(scores, kappas, strict=True))
    ]


def history(
    rounds: Sequence[Round] = (),
    *,
    labels: int = 100,
    spent: float = 0.0,
    candidates_left: int = 1_000,
    next_batch: int = 25,
    next_price: float = 0.0,
) -> History:
    return History(
        rounds=rounds,
        labels=labels,
        spent=spent,
        candidates_left=candidates_left,
        next_batch=next_batch,
        next_price=next_price,
    )


def stopped(rules: Sequence[str], state: History) -> StopDecision | None:
    return decide([parse(text) for text in rules], state)


# --- how rules are written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("precision>=0.95", Rule(name="precision", limit=0.95)),
        ("f1>=0.8", Rule(name="f1", limit=0.8)),
        ("accuracy>=90%", Rule(name="accuracy", limit=0.9)),
        ("Recall ≥ .9", Rule(name="recall", limit=0.9)),
        ("macro-F1 >= 80 %", Rule(name="macro_f1", limit=0.8)),
        ("plateau", Rule(name="plateau")),
        (" stable\n", Rule(name="stable")),
        ("labels=300", Rule(name="labels", limit=300)),
        ("rounds = 10", Rule(name="rounds", limit=10)),
        ("cost=$2.50", Rule(name="cost", limit=2.5)),
        ("cost=0", Rule(name="cost", limit=0)),
    ],
)
def test_the_forms_of_a_rule(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "exhausted",
        "precision",
        "precision=0.95",
        "precision>=",
        "precision>=nan",
        "precision>=-1",
        "labels",
        "labels>=300",
        "labels=10%",
        "cost=inf",
        "cost=1,5",
        "plateau=3",
        "f1>=0.8;rounds=3",
        "x" * 10_000,
    ],
)
def test_anything_else_is_answered_with_the_forms(text: str) -> None:
    with pytest.raises(InvalidRule, match=re.escape("precision>=0.95, recall>=0.9")) as caught:
        parse(text)
    assert isinstance(caught.value, AskAgain)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("text", ["precision>=95", "accuracy>=100%", "f1>=1", "recall>=0"])
def test_a_target_that_no_interval_can_reach_is_refused(text: str) -> None:
    with pytest.raises(InvalidRule, match="above 0 and below 1"):
        parse(text)


@pytest.mark.parametrize("text", ["labels=0", "labels=2.5", "rounds=0"])
def test_counts_are_whole(text: str) -> None:
    with pytest.raises(InvalidRule, match="whole number from 1 on"):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_an_answer(text: str) -> None:
    try:
        rule = parse(text)
    except InvalidRule:
        return
    assert parse(str(rule)) == rule


# --- when they hold -------------------------------------------------------------------------------------------------


def test_nothing_holds_at_the_start_of_a_loop() -> None:
    everything = [
        "precision>=0.9",
        "f1>=0.9",
        "macro_f1>=0.9",
        "accuracy>=0.9",
        "recall>=0.9",
        "plateau",
        "stable",
        "labels=300",
        "rounds=10",
        "cost=1",
    ]
    assert stopped(everything, history()) is None
    assert stopped(everything, history(closed([None]))) is None
    assert stopped([], history(closed([scored(200)] * 9, [1.0] * 9))) is None


def test_a_target_is_reached_by_the_lower_bound_and_not_by_the_value() -> None:
    state = history(closed([scored(197)]))
    precision = scored(197).per_class["baby care"].precision
    assert precision.low < 0.95 < precision.value
    assert stopped(["precision>=0.95"], state) is None
    decision = stopped(["precision>=0.9"], state)
    assert decision == StopDecision(
        rule="precision>=0.9",
        reason=f"precision of 'baby care' is 0.97 with a lower bound of {precision.low:.2f}, the target was 0.9",
    )


def test_a_target_without_a_positive_class_is_a_class_average() -> None:
    state = history(closed([scored(197, positive=None)]))
    for text, words in [
        ("precision>=90%", "precision averaged over the classes"),
        ("f1>=0.9", "F1 averaged over the classes"),
        ("macro_f1>=0.9", "macro F1"),
        ("accuracy>=0.9", "accuracy"),
    ]:
        decision = stopped([text], state)
        assert decision is not None
        assert decision.reason.startswith(f"{words} is 0.9")


def test_two_targets_stop_only_together() -> None:
    state = history(closed([scored(197)]))
    assert stopped(["precision>=0.9", "recall>=0.99"], state) is None
    decision = stopped(["recall>=0.9", "precision>=0.9"], state)
    assert decision is not None
    assert decision.rule == "precision>=0.9 and recall>=0.9"
    assert "precision of" in decision.reason
    assert "recall of" in decision.reason


def test_precision_of_a_model_that_calls_nothing_positive_reaches_no_target() -> None:
    assert stopped(["precision>=0.01"], history(closed([nothing_found()]))) is None


def test_label_limit() -> None:
    assert stopped(["labels=300"], history(labels=299)) is None
    assert stopped(["labels=300"], history(labels=300)) == StopDecision(
        rule="labels=300", reason="300 training labels are held, the limit was 300"
    )


def test_round_limit_leaves_the_cold_start_out() -> None:
    assert stopped(["rounds=2"], history(closed([None, None]))) is None
    decision = stopped(["rounds=2"], history(closed([None, None, None])))
    assert decision is not None
    assert decision.reason == "2 rounds after the cold start are done, the limit was 2"


def test_the_budget_is_never_passed() -> None:
    assert stopped(["cost=2.50"], history(spent=2.0, next_price=0.5)) is None
    decision = stopped(["cost=2.50"], history(spent=2.1, next_price=0.5))
    assert decision is not None
    assert decision.rule == "cost=2.5"
    assert decision.reason == (
        "the next batch of 25 texts can cost up to $0.5, and $0.4 of the budget of $2.50 is left"
    )
    assert stopped(["cost=0"], history(spent=0.0, next_price=0.001)) is not None
    assert stopped(["cost=2.50"], history(spent=3.0, next_price=0.0)) is None


def test_ten_cents_and_twenty_are_thirty() -> None:
    assert 0.1 + 0.2 > 0.3  # in binary fractions
    assert stopped(["cost=0.3"], history(spent=0.1, next_price=0.2)) is None


def test_an_exhausted_pool_always_ends_the_loop() -> None:
    decision = decide([], history(candidates_left=0, labels=1_234))
    assert decision is not None
    assert decision.rule == "exhausted"
    assert "1,234 training labels" in decision.reason


def test_stable_needs_three_rounds_in_agreement() -> None:
    good = [scored(190)] * 4
    assert stopped(["stable"], history(closed(good[:3], [None, 1.0, 1.0]))) is None
    assert stopped(["stable"], history(closed(good, [None, 0.999, 0.96, 0.999]))) is None
    decision = stopped(["stable"], history(closed(good, [None, 0.999, 0.985, 0.995])))
    assert decision is not None
    assert "mean kappa of 0.993" in decision.reason
    without_scores = history(closed([None] * 4, [None, 0.999, 0.995, 0.995]))
    assert stopped(["stable"], without_scores) is not None


def test_plateau_needs_a_curve_that_was_flat_for_three_rounds() -> None:
    rising = [scored(r) for r in (150, 160, 170, 180)]
    assert stopped(["plateau"], history(closed([scored(190)] * 3))) is None
    assert stopped(["plateau"], history(closed(rising))) is None
    decision = stopped(["plateau"], history(closed([*rising, *[scored(180)] * 3])))
    assert decision is not None
    assert decision.reason.startswith("F1 of 'baby care' has levelled off: its best over the last 3 rounds is 0.909")
    # One flat round, or one that falls back, is no plateau while its neighbours gain.
    assert stopped(["plateau"], history(closed([scored(r) for r in (150, 160, 170, 170)]))) is None
    assert stopped(["plateau"], history(closed([scored(r) for r in (150, 160, 152, 170)]))) is None


def test_a_sharp_interval_shows_small_gains_that_a_wide_one_hides() -> None:
    few = [scored(r, 200) for r in (180, 180, 180, 181)]
    many = [scored(r, 20_000) for r in (18_000, 18_000, 18_000, 18_100)]
    assert stopped(["plateau"], history(closed(few))) is not None
    assert stopped(["plateau"], history(closed(many))) is None


def test_a_model_that_found_nothing_yet_is_neither_stable_nor_on_a_plateau() -> None:
    rounds = closed([nothing_found()] * 5, [None, 1.0, 1.0, 1.0, 1.0])
    assert stopped(["plateau", "stable"], history(rounds)) is None


def test_the_first_rule_in_the_documented_order_is_told() -> None:
    rounds = closed([scored(198)] * 12, [None, *[1.0] * 11])
    state = history(rounds, labels=400, spent=9.0, candidates_left=0, next_price=1.0)
    rules = ["plateau", "stable", "rounds=3", "labels=300", "cost=5", "f1>=0.9"]
    told: list[str] = []
    while rules:
        decision = stopped(rules, state)
        assert decision is not None
        told.append(decision.rule)
        if decision.rule == "exhausted":
            state = history(rounds, labels=400, spent=9.0, next_price=1.0)
        else:
            rules.remove(decision.rule)
    assert told == ["f1>=0.9", "exhausted", "cost=5", "labels=300", "rounds=3", "stable", "plateau"]
    assert list(RULES) == ["exhausted", "cost", "labels", "rounds", "stable", "plateau"]


def test_the_rules_for_a_person_who_named_none() -> None:
    assert {str(rule) for rule in default_rules()} == {"labels=300", "plateau", "stable"}
    assert decide(default_rules(), history(labels=300)) is not None


# --- kappa ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.booleans())
def test_kappa_is_that_of_scikit_learn(seed: int, weighted: bool) -> None:  # noqa: FBT001 - drawn
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 4, (2, 50))
    weights = rng.uniform(1, 9, 50) if weighted else None
    assert cohen_kappa(a, b, weights) == pytest.approx(cohen_kappa_score(a, b, sample_weight=weights))


def test_kappa_at_its_edges() -> None:
    assert cohen_kappa([1, 1, 1], [1, 1, 1]) == 1.0
    assert cohen_kappa(["a", "b"], ["a", "b"]) == 1.0
    assert cohen_kappa([0, 1], [1, 0]) == -1.0
    assert cohen_kappa([0, 0], [1, 1]) == 0.0
    with pytest.raises(NotEnoughLabels):
        cohen_kappa([], [])
    with pytest.raises(ValueError, match="2 labels cannot be compared with 1"):
        cohen_kappa([0, 1], [0])


def test_the_outlook_says_of_each_rule_how_it_stands() -> None:
    rising = [scored(right) for right in (120, 140, 150, 160, 170)]
    here = history(closed(rising, [None, 0.8, 0.9, 0.9, 0.9]), labels=91, spent=1.5)
    rules = [parse(text) for text in ("precision>=0.99", "labels=300", "rounds=4", "cost=2", "stable", "plateau")]
    found = {one.rule: one for one in outlook(rules, here)}
    assert list(found) == [*map(str, rules), "exhausted"]
    assert {name for name, one in found.items() if one.holds} == {"rounds=4"}
    assert "91 of 300" in found["labels=300"].says
    assert "the target is 0.99" in found["precision>=0.99"].says
    assert "$1.5 of the budget of $2.00" in found["cost=2"].says
    assert "kappa of 0.900" in found["stable"].says
    assert "still rises" in found["plateau"].says
    assert "1,000 texts" in found["exhausted"].says


def test_the_outlook_of_a_rule_that_holds_is_the_reason_to_stop() -> None:
    flat = history(closed([scored(150)] * 5, [None, 1.0, 1.0, 1.0, 1.0]), candidates_left=0)
    for one in outlook([Rule(name="stable"), Rule(name="plateau")], flat):
        assert one.holds
        decided = decide([parse(one.rule)] if one.rule != "exhausted" else [], flat)
        assert decided is not None
    assert outlook([Rule(name="labels", limit=300)], flat)[-1].says == decide([], flat).reason  # type: ignore[union-attr]


def test_the_outlook_before_there_is_enough_to_tell() -> None:
    says = [one.says for one in outlook([parse("f1>=0.9"), Rule(name="stable"), Rule(name="plateau")], history())]
    assert says[0].startswith("nothing was scored yet")
    assert "after 3 rounds" in says[1]
    assert "after 4 scored rounds, 0 are" in says[2]
