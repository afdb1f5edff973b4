"""A language model as the learner: it is shown labels, asked about the pool once, and held to a budget."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from tests.support.openai_endpoint import KEY, Request
from tests.support.prompted_endpoint import PromptedEndpoint, demonstrations_of
from tests.support.small_loop import POOL, small_bench, small_run, small_task
from tools.adapters.oracles.prompt import item_of
from tools.costs import costs
from tools.engine.demonstrations import Demonstration
from tools.engine.errors import AskAgain, BudgetSpent, CannotDo, OracleUnavailable
from tools.engine.records import Task
from tools.estimate import estimate
from tools.evaluation import latest_model
from tools.export import export, predict_texts
from tools.plan import RunPlan
from tools.standing import RunResult
from tools.training import score_pool, train, training_labels
from tools.workbench import Workbench

LINES = 60
BUDGET = 2.0
PLAN: dict[str, Any] = {"learner": "in-context", "seed_labels": 8, "labels": 16, "gold": 12}


def lines() -> list[dict[str, str]]:
    """Half of figures, half of letters."""
    rng = np.random.default_rng(5)
    alphabets = {"figures": list("0123456 "), "words": list("abcdefg ")}
    rows = []
    for number in range(LINES):
        kind = ("figures", "words")[number % 2]
        text = "".join(rng.choice(alphabets[kind], 10))
        rows.append({"id": f"r{number}", "text": f"{text}{text[::-1]}", "figures": kind})
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workbench with an endpoint of its own, and a finished task with what was asked for it."""

    bench: Workbench
    endpoint: PromptedEndpoint
    task: Task
    result: RunResult
    asked: tuple[Request, ...]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One run for the tests of this module; what they ask for themselves they count themselves."""
    with PromptedEndpoint() as endpoint:
        given: dict[str, Any] = {
            "llm_base_url": endpoint.url,
            "llm_api_key": SecretStr(KEY),
            "llm_model": "gpt-4o-mini",
        }
        with small_bench(tmp_path_factory.mktemp("in-context"), lines=lines(), **given) as bench:
            task = small_task(bench, "t")
            result = small_run(bench, task, budget=BUDGET, **PLAN)
            asked = tuple(endpoint.requests)
            yield Place(bench=bench, endpoint=endpoint, task=task, result=result, asked=asked)


def test_rounds_have_a_head_and_the_last_model_is_the_language_model(place: Place) -> None:
    assert [one.learner for one in place.result.rounds][-1] == "in-context"
    assert {one.learner for one in place.result.rounds[:-1]} == {"head"}
    scores = place.result.rounds[-1].scores
    assert scores is not None
    assert scores.accuracy.value > 0.8
    manifest = json.loads((Path(latest_model(place.bench, "t").path) / "laud.json").read_text(encoding="utf-8"))
    assert manifest["learner"] == "in-context"


def test_each_text_is_asked_about_once_with_labels_of_both_classes_before_it(place: Place) -> None:
    texts = {text.id: text.text for text in place.bench.pools.texts(POOL)}
    known = {texts[text]: label for text, label in training_labels(place.bench, place.task).items()}
    assert Counter(request.text for request in place.asked) == Counter(dict.fromkeys(texts.values(), 1))
    for request in place.asked:
        shown = demonstrations_of(request)
        assert shown.items() <= known.items()
        assert request.text not in shown
        assert set(shown.values()) == {"figures", "words"}
    assert len({tuple(demonstrations_of(request)) for request in place.asked}) > 5, "each has its own"


def test_what_is_asked_counts_among_the_costs_of_the_task(place: Place) -> None:
    account = costs(place.bench, place.task)
    assert 0 < account.opinions == account.spent < BUDGET
    paid = place.bench.opinions.of("t", purpose="repeat")
    assert len(paid) >= LINES
    assert {(one.variant, one.source) for one in paid} == {("in-context", "llm:gpt-4o-mini")}


def test_the_same_run_again_and_the_same_text_again_ask_nothing(place: Place) -> None:
    before = len(place.endpoint.requests)
    again = small_run(place.bench, place.task, budget=BUDGET, **PLAN)
    assert again.model == place.result.model
    assert len(place.endpoint.requests) == before
    asked = ["01234 56", "gfedc ba", "01234 56"]
    first = predict_texts(place.bench, "t", asked)
    assert [one.label for one in first] == ["figures", "words", "figures"]
    assert len(place.endpoint.requests) == before + 2
    assert predict_texts(place.bench, "t", asked) == first
    assert len(place.endpoint.requests) == before + 2


def test_without_a_budget_that_holds_it_the_run_is_refused_with_the_numbers_and_nothing_is_asked(place: Place) -> None:
    before = len(place.endpoint.requests)
    other = small_task(place.bench, "no-budget")
    with pytest.raises(
        AskAgain, match=rf"{LINES} texts of pool 'receipts', for about \$0\.\d{{4}} to \$0\.\d{{4}}.*budget"
    ):
        small_run(place.bench, other, **PLAN)
    with pytest.raises(AskAgain, match=r"\$0\.0001 of \$0\.0001 is left\. Raise the budget"):
        small_run(place.bench, other, budget=0.0001, **PLAN)
    assert len(place.endpoint.requests) == before
    assert not place.bench.labels.history("no-budget")


def test_an_estimate_has_the_price_of_the_pool(place: Place) -> None:
    other = small_task(place.bench, "estimated")
    plan = RunPlan(task=other.name, budget=BUDGET, **{**PLAN, "batch": 8})
    found = estimate(place.bench, plan)
    assert found.dollars is not None
    assert 0 < found.dollars[0] <= found.dollars[1] < BUDGET
    assert any(f"asked about {LINES} texts of the pool" in line for line in found.assumptions)


def test_a_budget_that_runs_out_leaves_the_model_before_and_what_was_paid_is_not_paid_again(place: Place) -> None:
    task = small_task(place.bench, "short", description="Another question, so that nothing is known.")
    small_run(place.bench, task, **{**PLAN, "learner": "head"})
    last = place.bench.rounds.rounds("short")[-1].number
    before = len(place.endpoint.requests)
    with pytest.raises(BudgetSpent, match=r"Raise the budget"):
        train(place.bench, task, number=last, learner="in-context", seed=0, budget=0.004)
    asked = place.endpoint.requests[before:]
    assert 0 < len(asked) < LINES
    assert costs(place.bench, task).spent <= 0.004
    assert latest_model(place.bench, "short").learner == "head"
    assert len(score_pool(place.bench, task, latest_model(place.bench, "short"))) == LINES
    assert train(place.bench, task, number=last, learner="in-context", seed=0, budget=BUDGET).learner == "in-context"
    asked = place.endpoint.requests[before:]
    assert Counter(one.text for one in asked).most_common(1)[0][1] == 1
    assert len(asked) == LINES


def test_an_answer_is_known_by_the_text_and_by_what_was_shown_before_it() -> None:
    shown = Demonstration(text="milk", label="dairy")
    known = {item_of("oat milk"), item_of("oat milk", [shown]), item_of("oat milk", [replace(shown, label="other")])}
    assert len(known) == 3
    assert item_of("oat milk", [shown]) == item_of("oat milk", [replace(shown)])


def test_there_are_no_weights_to_take_along(place: Place, tmp_path: Path) -> None:
    for what in ("hf", "onnx"):
        with pytest.raises(CannotDo, match=r"in-context.*no weights"):
            export(place.bench, "t", out=tmp_path, what=what)
    written = export(place.bench, "t", out=tmp_path)
    assert {path.name for path in written} == {"README.md", "labels.csv", "predictions.csv"}
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "there are no weights" in card
    assert "pipeline(" not in card


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"llm_model": "nobody-knows-it"}, AskAgain, r"price of the model is not known.*price table"),
        ({"llm_base_url": None}, OracleUnavailable, r"No language model is set"),
    ],
)
def test_what_a_run_needs_is_told_before_anything_is_labeled(
    place: Place, tmp_path: Path, settings: dict[str, Any], error: type[Exception], told: str
) -> None:
    given = {"llm_base_url": place.endpoint.url, "llm_api_key": SecretStr(KEY), **settings}
    with small_bench(tmp_path, lines=lines(), **given) as bench:
        with pytest.raises(error, match=told):
            small_run(bench, small_task(bench, "t"), **PLAN)
        assert not bench.labels.history("t")
