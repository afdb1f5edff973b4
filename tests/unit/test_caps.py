"""Caps on dollars and labels: they hold for every run, whoever made its plan."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.openai_endpoint import KEY, OpenAIEndpoint
from tests.support.stored import NOW, make_text
from tools.answers import Purpose
from tools.engine.errors import AskAgain, BudgetSpent
from tools.engine.records import Task
from tools.labeling import ask, spending_limit
from tools.plan import RunPlan, check_names, rules_of, within_caps
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

PLAN = RunPlan(task="t")


@contextmanager
def capped(workspace: Path, **settings: Any) -> Iterator[Workbench]:
    """A workbench with a small pool and these settings."""
    with open_workbench(Settings(workspace=workspace, **settings), clock=lambda: NOW) as bench:
        bench.pools.create("receipts", "no-encoder")
        bench.pools.begin_import("receipts", "print", "lines.txt")
        bench.pools.add_rows("receipts", "print", [make_text(n) for n in range(40)], [], rows_done=40)
        yield bench


def make_task(bench: Workbench, **changes: Any) -> Task:
    return create_task(bench, make_spec({"name": "t", "pool": "receipts", "classes": ["a", "b"], **changes}))


def rules(bench: Workbench, plan: RunPlan) -> list[str]:
    """The rules of a run by that plan, which must be one that runs."""
    check_names(bench, plan)
    return [str(rule) for rule in rules_of(plan, bench.tasks.get("t"))]


def test_without_caps_a_plan_stays_as_it_is(workspace: Path) -> None:
    with capped(workspace) as bench:
        make_task(bench, budget=3.0, stop=["plateau"])
        assert within_caps(bench, PLAN) == PLAN
        assert rules(bench, PLAN) == ["plateau", "cost=3"]


@pytest.mark.parametrize(
    ("given", "task", "allowed"),
    [
        ({}, {}, ["labels=50", "stable", "plateau"]),
        ({}, {"stop": ["precision>=0.9"]}, ["precision>=0.9", "labels=50"]),
        ({}, {"stop": ["rounds=4", "labels=900"]}, ["rounds=4", "labels=50"]),
        ({}, {"stop": ["labels=20"]}, ["labels=20"]),
        ({"until": ("f1>=0.8",)}, {"stop": ["labels=20"]}, ["f1>=0.8", "labels=50"]),
        ({"until": ("labels=900", "stable")}, {}, ["stable", "labels=50"]),
        ({"rounds": 3}, {"stop": ["plateau"]}, ["labels=50", "rounds=3"]),
        ({"rounds": 3, "labels": 40}, {}, ["labels=40", "rounds=3"]),
        ({"labels": 50}, {}, ["labels=50"]),
    ],
)
def test_labels_are_cut_to_the_cap_and_other_rules_kept(
    workspace: Path, given: dict[str, Any], task: dict[str, Any], allowed: list[str]
) -> None:
    with capped(workspace, max_labels=50) as bench:
        make_task(bench, **task)
        plan = within_caps(bench, RunPlan(task="t", **given))
        assert sorted(rules(bench, plan)) == sorted(allowed)
        assert within_caps(bench, plan) == plan
        assert plan.gold == 50


@pytest.mark.parametrize(
    ("given", "budget", "allowed"), [(None, None, 2.0), (None, 9.0, 2.0), (None, 0.5, 0.5), (1.0, 9.0, 1.0)]
)
def test_the_budget_is_cut_to_the_cap(
    workspace: Path, given: float | None, budget: float | None, allowed: float
) -> None:
    with capped(workspace, max_dollars=2.0) as bench:
        make_task(bench, budget=budget)
        plan = within_caps(bench, RunPlan(task="t", budget=given))
        assert plan.budget == allowed
        assert f"cost={allowed:g}" in rules(bench, plan)


def test_more_than_a_cap_is_refused_with_both_numbers(workspace: Path) -> None:
    with capped(workspace, max_dollars=2.0, max_labels=50) as bench:
        make_task(bench)
        with pytest.raises(AskAgain, match=r"\$2\.50 is more.*LAUD_MAX_DOLLARS allows \$2\.00"):
            within_caps(bench, RunPlan(task="t", budget=2.5))
        with pytest.raises(AskAgain, match=r"51 labels are more.*LAUD_MAX_LABELS allows 50"):
            within_caps(bench, RunPlan(task="t", labels=51))


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        RunPlan(task="t", labels=50, gold=10),
        RunPlan(task="t", budget=1.0, until=("plateau",), gold=10),
        RunPlan(task="t", budget=1.0, labels=50),
    ],
)
def test_a_run_refuses_a_plan_that_leaves_a_cap_out(workspace: Path, plan: RunPlan) -> None:
    with capped(workspace, max_dollars=2.0, max_labels=50) as bench:
        make_task(bench, oracle="human")
        with pytest.raises(AskAgain, match=r"spend \$2\.00 \(LAUD_MAX_DOLLARS\) and have 50 labels"):
            run(bench, plan)
        assert bench.rounds.gold("t") is None, "before anything was drawn"


def test_asking_holds_the_cap_even_without_a_plan(workspace: Path) -> None:
    with (
        OpenAIEndpoint(lambda _: "a") as endpoint,
        capped(
            workspace, max_dollars=0.0015, llm_base_url=endpoint.url, llm_api_key=KEY, llm_model="gpt-4o-mini"
        ) as bench,
    ):
        task = make_task(bench)
        oracle = bench.llm_oracle(task)
        ids = bench.pools.text_ids("receipts")
        for budget in (None, 100.0):
            with pytest.raises(BudgetSpent, match="LAUD_MAX_DOLLARS lets a task spend, "):
                ask(bench, oracle, ids, Purpose(task=task, role="train", round=1, budget=budget))
            assert 0.0005 < bench.labels.spent("t") <= 0.0015
        assert 0 < len(endpoint.requests) < len(ids)
        assert spending_limit(bench, 0.001) == 0.001
        unknown = "a-model-without-a-price"
        with pytest.raises(AskAgain, match=f"{unknown}.*LAUD_MAX_DOLLARS cannot be kept"):
            bench.llm_oracle(task, model=unknown)
