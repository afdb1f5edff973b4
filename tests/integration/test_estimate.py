"""Estimates: what a run was said to take holds what it took."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.openai_endpoint import KEY, OpenAIEndpoint
from tests.support.small_loop import has_figure, small_bench, small_run, small_task
from tools.engine.errors import AskAgain, OracleUnavailable
from tools.engine.records import Task
from tools.estimate import RunEstimate, estimate
from tools.gate import MOST, PORTION
from tools.labeling import label_texts, waiting
from tools.plan import RunPlan
from tools.standing import RunResult
from tools.workbench import Workbench

LLM = "llm:gpt-4o-mini"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """One pool for all tests of this module; each makes tasks of its own."""
    with (
        OpenAIEndpoint(lambda text: "figures" if has_figure(text) else "words") as endpoint,
        small_bench(
            tmp_path_factory.mktemp("estimates"), llm_base_url=endpoint.url, llm_api_key=SecretStr(KEY)
        ) as bench,
    ):
        yield bench


def plan_for(task: Task, **given: Any) -> RunPlan:
    """The plan that `small_run` runs by."""
    return RunPlan(task=task.name, **{"learner": "head", "gold": 24, "batch": 8, "labels": 32, **given})


def asked(bench: Workbench, task: Task) -> int:
    return len(bench.labels.history(task.name))


def within(found: RunEstimate, bench: Workbench, result: RunResult, before: tuple[int, int] = (0, 0)) -> None:
    """That a run took what was said: answers and training labels, over those there were before."""
    answers, labels = asked(bench, result.task) - before[0], result.labels - before[1]
    assert found.calls[0] <= answers <= found.calls[1]
    assert found.labels[0] <= labels <= found.labels[1]


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_run_asks_as_many_as_was_said(bench: Workbench) -> None:
    task = small_task(bench, "said")
    found = estimate(bench, plan_for(task))
    assert (found.task, found.oracle, found.gold_calls) == ("said", "replay:figures", 24)
    assert found.calls == (24 + 16 + 16, 24 + 160 + 16)
    assert found.labels == (32, 32)
    assert found.stop == ("labels=32",)
    assert found.dollars == (0.0, 0.0)
    assert found.budget_left is None
    assert found.seconds[0] < found.seconds[1]
    result = small_run(bench, task)
    within(found, bench, result)
    nothing = estimate(bench, plan_for(task))
    assert (nothing.calls, nothing.labels, nothing.gold_calls) == ((0, 0), (0, 0), 0)
    assert "Nothing is left to ask" in nothing.assumptions[0]
    more = estimate(bench, plan_for(task, labels=48))
    assert more.labels == (16, 16)
    assert more.calls[1] == 16
    before = asked(bench, task), result.labels
    within(more, bench, small_run(bench, task, labels=48), before)


@pytest.mark.parametrize(
    ("given", "rounds"),
    [
        ({"rounds": 2, "labels": None}, (16, 16)),
        ({"rounds": 0, "labels": None}, (0, 0)),
        ({"until": ("accuracy>=0.99",)}, (0, 16)),
        ({"until": ("plateau",), "labels": 60}, (24, 44)),
        ({"until": ("plateau",), "labels": 20}, (4, 4)),
        ({"until": ("plateau", "accuracy>=0.9"), "labels": 60}, (0, 44)),
        ({"rounds": 3, "labels": 100}, (24, 24)),
    ],
)
def test_rules_that_can_end_it_sooner_widen_the_range(
    bench: Workbench, given: dict[str, Any], rounds: tuple[int, int]
) -> None:
    name = "rules"
    task = bench.tasks.get(name) if name in bench.tasks.names() else small_task(bench, name)
    found = estimate(bench, plan_for(task, **given))
    assert found.labels == (16 + rounds[0], 16 + rounds[1])


def test_a_pool_bounds_what_can_be_asked(bench: Workbench) -> None:
    task = small_task(bench, "unbounded")
    found = estimate(bench, plan_for(task, labels=None, until=("accuracy>=0.99",)))
    assert found.calls[1] <= bench.pools.get(task.pool).texts
    assert estimate(bench, plan_for(task, gold=10_000)).gold_calls == bench.pools.get(task.pool).texts // 3


def test_a_person_half_way_is_told_what_is_left(bench: Workbench) -> None:
    task = small_task(bench, "by hand", oracle="human")
    bench = bench.lent()
    bench.attended = False
    found = estimate(bench, plan_for(task))
    assert found.oracle == "human"
    assert found.minutes_by_hand == pytest.approx(
        (found.calls[0] * found.seconds_per_label[0] / 60, found.calls[1] * found.seconds_per_label[1] / 60)
    )
    assert 3 < found.seconds_per_label[0] < found.seconds_per_label[1] < 12
    assert "to decide" in found.assumptions[1]
    assert small_run(bench, task).stop.rule == "waiting"
    gold = waiting(bench, task)
    label_texts(bench, task, {one.id: "figures" if has_figure(one.text) else "words" for one in gold[:20]})
    assert estimate(bench, plan_for(task)).gold_calls == 4
    label_texts(bench, task, {one.id: "figures" if has_figure(one.text) else "words" for one in gold[20:]})
    assert small_run(bench, task).stop.rule == "waiting"
    seed = waiting(bench, task)
    label_texts(bench, task, {one.id: "figures" if has_figure(one.text) else "words" for one in seed[:6]})
    left = estimate(bench, plan_for(task))
    assert (left.gold_calls, left.labels) == (0, (26, 26))
    assert left.calls[0] == 26


def test_a_person_beside_a_model_is_told_her_part(bench: Workbench) -> None:
    task = small_task(bench, "beside")
    alone = estimate(bench, plan_for(task, oracle=LLM, gate="skip", gold_oracle="replay:figures"))
    assert (alone.by_hand, alone.minutes, alone.sample) == ((0, 0), (0.0, 0.0), 0)
    assert alone.minutes_by_hand[1] > 0
    checked = estimate(bench, plan_for(task, oracle=LLM, gate="human", gold_oracle="replay:figures"))
    assert checked.by_hand == (PORTION, min(MOST, checked.sample))
    assert checked.minutes == pytest.approx(
        tuple(count * seconds / 60 for count, seconds in zip(checked.by_hand, checked.seconds_per_label, strict=True))
    )
    gold = estimate(bench, plan_for(task, oracle=LLM, gate="skip", gold_oracle="human"))
    assert gold.by_hand == (24, 24)
    unknown = estimate(bench, plan_for(task, oracle=LLM, gate="human", gold_oracle="replay:figures", quality=0.95))
    assert unknown.by_hand == (PORTION, min(MOST, checked.sample) + unknown.calls[1] - unknown.gold_calls)
    assert "not known before some of its answers are checked" in " ".join(unknown.assumptions)
    hurried = estimate(
        bench, plan_for(task, oracle=LLM, gate="human", gold_oracle="replay:figures", quality=0.95, minutes=5.0)
    )
    assert hurried.minutes[1] == 5.0 < unknown.minutes[1]
    assert hurried.by_hand[0] == PORTION
    given = estimate(bench, plan_for(task, oracle=LLM, gate="skip", gold_oracle="human", minutes=2.0))
    assert given.minutes[1] == pytest.approx(2.0 + 24 * given.seconds_per_label[1] / 60), "beside the gold sample"
    whole = estimate(bench, plan_for(task, oracle="human"))
    assert whole.by_hand == whole.calls
    assert whole.minutes == pytest.approx(whole.minutes_by_hand)


# --- dollars ----------------------------------------------------------------------------------------------------------


def test_the_cost_of_a_run_lies_within_its_estimate_and_answers_sharpen_it(bench: Workbench) -> None:
    task = small_task(bench, "paid", oracle=LLM)
    plan = plan_for(task, gold=12)
    found = estimate(bench, plan)
    assert found.dollars is not None
    low, high = found.dollars
    assert 0 < low < high
    assert "price table" in " ".join(found.assumptions)
    result = small_run(bench, task, gold=12)
    within(found, bench, result)
    assert result.cost > 0
    assert result.cost < high
    more = estimate(bench, plan_for(task, gold=12, labels=48))
    mean = result.cost / asked(bench, task)
    assert more.dollars is not None
    assert more.dollars[0] / 16 < mean < more.dollars[1] / 16 * 1.2
    assert more.dollars[1] < high / found.calls[1] * 16, "sharper than by the table"
    assert "answers so far" in " ".join(more.assumptions)


def test_an_offline_batch_is_priced_at_the_tables_discount(bench: Workbench) -> None:
    """gpt-4o-mini answers a batch for half the price; where nothing is said, it answers for all of it."""
    task = small_task(bench, "later")
    later, now = (estimate(bench, plan_for(task, oracle=name, gate="skip")) for name in ("offline:gpt-4o-mini", LLM))
    assert later.dollars is not None
    assert now.dollars is not None
    assert later.dollars[0] == pytest.approx(now.dollars[0] / 2)
    assert 0 < later.dollars[1] < now.dollars[1]
    assert "in an offline batch" in " ".join(later.assumptions)
    assert estimate(bench, plan_for(task, oracle="offline:some-model")).dollars is None
    assert (
        "no more is spent" in estimate(bench, plan_for(task, oracle="offline:gpt-4o-mini", budget=1.0)).assumptions[-1]
    )


def test_a_panel_costs_what_its_parts_do(bench: Workbench) -> None:
    task = small_task(bench, "panel")

    def dollars(oracle: str) -> tuple[float, float]:
        found = estimate(bench, plan_for(task, oracle=oracle, gate="skip", gold_oracle="human")).dollars
        assert found is not None
        return found

    alone = dollars(LLM)
    assert dollars(f"{LLM}>human") == pytest.approx(alone)
    assert dollars(f"vote:{LLM},replay:figures,{LLM}") == pytest.approx((2 * alone[0], 2 * alone[1]))
    assert dollars(f"{LLM}*3") == pytest.approx((3 * alone[0], 3 * alone[1]))
    assert dollars(f"replay:figures>{LLM}") == pytest.approx((0.0, alone[1]))
    assert estimate(bench, plan_for(task, oracle=f"{LLM}>llm:some-model")).dollars is None


def test_a_budget_bounds_the_cost_and_what_was_spent_is_taken_off(bench: Workbench) -> None:
    task = small_task(bench, "budgeted", oracle=LLM, budget=0.002)
    found = estimate(bench, plan_for(task))
    assert found.budget_left == 0.002
    assert found.dollars is not None
    assert found.dollars[1] == 0.002
    assert "no more is spent" in found.assumptions[-1]
    assert estimate(bench, plan_for(task, budget=1.0)).budget_left == 1.0
    cheap = estimate(bench, plan_for(task, oracle="replay:figures", gold_oracle="human"))
    assert cheap.dollars == (0.0, 0.0)
    mixed = estimate(bench, plan_for(task, budget=1.0, gold_oracle="human"))
    assert mixed.dollars is not None
    whole = estimate(bench, plan_for(task, budget=1.0))
    assert whole.dollars is not None
    assert mixed.dollars[1] < whole.dollars[1], "the gold sample is labeled by hand"


def test_a_model_without_a_price_has_no_dollars(bench: Workbench) -> None:
    task = small_task(bench, "unpriced", oracle="llm:some-model")
    found = estimate(bench, plan_for(task))
    assert found.dollars is None
    assert "its cost is not known" in " ".join(found.assumptions)


def test_what_a_run_would_refuse_is_refused(bench: Workbench) -> None:
    task = small_task(bench, "refused")
    with pytest.raises(AskAgain, match="There is no strategy 'best'"):
        estimate(bench, plan_for(task, strategy="best"))
    offline = bench.lent()
    offline.settings = bench.settings.model_copy(update={"llm_base_url": None})
    with pytest.raises(OracleUnavailable, match="No language model is set"):
        estimate(offline, plan_for(task, oracle="llm"))
    capped = bench.lent()
    capped.settings = bench.settings.model_copy(update={"max_labels": 20})
    assert estimate(capped, replace(plan_for(task), labels=None)).stop == ("stable", "plateau", "labels=20")
