"""The loop through the tools, in this process, over a small pool: what it may ask, learn, spend, and when it ends."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.arguments import ShowResults
from agent.results import show_results
from tests.support.openai_endpoint import KEY, OpenAIEndpoint
from tests.support.small_loop import POOL, has_figure, rows, small_bench, small_run, small_task
from tools.engine.errors import BudgetSpent
from tools.engine.records import RoundStatus, Task, TextId
from tools.pool import text_id
from tools.standing import status
from tools.training import training_labels
from tools.workbench import Workbench

LLM = "llm:gpt-4o"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workbench and the endpoint that its language model answers at."""

    bench: Workbench
    endpoint: OpenAIEndpoint


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One pool for all tests of this module; each makes tasks of its own."""
    with (
        OpenAIEndpoint(lambda text: "figures" if has_figure(text) else "words") as endpoint,
        small_bench(
            tmp_path_factory.mktemp("loop"),
            attended=False,
            llm_base_url=endpoint.url,
            llm_api_key=SecretStr(KEY),
            llm_concurrency=4,
        ) as bench,
    ):
        yield Place(bench=bench, endpoint=endpoint)


@pytest.fixture
def bench(place: Place) -> Workbench:
    """The workbench alone."""
    return place.bench


def gold_ids(bench: Workbench, task: Task) -> list[TextId]:
    return [item.text_id for item in bench.rounds.gold(task.name) or []]


def picked(bench: Workbench, task: Task) -> list[list[TextId]]:
    """The texts of each round."""
    return [
        [pick.text_id for pick in bench.rounds.picks(task.name, one.number)] for one in bench.rounds.rounds(task.name)
    ]


def asked_twice(bench: Workbench, task: Task) -> list[TextId]:
    counts = Counter(label.text_id for label in bench.labels.history(task.name))
    return [text for text, count in counts.items() if count > 1]


def truth(column: str) -> dict[TextId, str]:
    return {text_id(row["text"]): row[column] for row in rows()}


# --- gold and labels --------------------------------------------------------------------------------------------------


def test_gold_texts_are_never_picked_nor_learnt_from_nor_counted(bench: Workbench) -> None:
    task = small_task(bench, "gold")
    result = small_run(bench, task)
    gold = set(gold_ids(bench, task))
    assert len(gold) == result.gold_labels == 24
    flat = [text for texts in picked(bench, task) for text in texts]
    assert not gold & set(flat)
    assert len(flat) == len(set(flat)), "no text is picked twice"
    learnt = training_labels(bench, task)
    assert not gold & set(learnt)
    assert learnt == {text: truth("figures")[text] for text in flat}
    assert [one.labels for one in result.rounds] == [16, 24, 32]
    assert result.labels == 32
    assert {one.status for one in result.rounds} == {RoundStatus.CLOSED}
    assert {(one.scores.basis, one.scores.n) for one in result.rounds if one.scores} == {("gold", 24)}
    assert result.stop.rule == "labels=32"
    assert not asked_twice(bench, task)


def test_without_a_gold_sample_scores_are_cross_validated(bench: Workbench) -> None:
    task = small_task(bench, "no gold")
    result = small_run(bench, task, gold=0)
    assert (result.gold_labels, result.zero_shot, gold_ids(bench, task)) == (0, None, [])
    scores = [one.scores for one in result.rounds if one.scores is not None]
    assert [(one.basis, one.n) for one in scores] == [("cross-validated", n) for n in (16, 24, 32)]


def test_the_same_seed_makes_the_same_choices_and_another_seed_others(bench: Workbench) -> None:
    first, again, other = (small_task(bench, f"seed {letter}") for letter in "abc")
    results = [small_run(bench, task, seed=seed) for task, seed in ((first, 5), (again, 5), (other, 6))]
    assert gold_ids(bench, first) == gold_ids(bench, again)
    assert picked(bench, first) == picked(bench, again)
    assert [one.scores for one in results[0].rounds] == [one.scores for one in results[1].rounds]
    assert gold_ids(bench, first) != gold_ids(bench, other)


def test_noise_makes_about_that_share_of_labels_wrong(bench: Workbench) -> None:
    task = small_task(bench, "noise")
    small_run(bench, task, noise=0.3, gold=80, batch=30, labels=76)
    known = truth("figures")
    given = {label.text_id: label.answer.label for label in bench.labels.history(task.name)}
    assert len(given) >= 150
    wrong = sum(label != known[text] for text, label in given.items()) / len(given)
    assert 0.2 < wrong < 0.4


def test_a_class_that_the_pool_lacks_is_reported(bench: Workbench) -> None:
    task = small_task(bench, "lacking", classes=["figures", "unicorns", "words"])
    result = small_run(bench, task, labels=27)
    assert result.unfilled == {"unicorns": (0, 4)}
    assert result.model is not None
    assert result.model.classes == ("figures", "unicorns", "words")


def test_answers_that_the_seed_had_no_room_for_are_free_later(bench: Workbench) -> None:
    task = small_task(bench, "surplus", column="marked")
    result = small_run(bench, task, batch=150, labels=166)
    surplus = result.seed_calls - result.rounds[0].labels
    assert surplus > 0
    seed, later = picked(bench, task)
    before = {label.text_id for label in bench.labels.history(task.name) if label.role == "seed"}
    free = len(set(later) & before)
    assert 0 < free <= surplus
    assert len(later) == 150
    assert result.rounds[1].oracle_calls == 150 - free
    assert set(seed) <= before
    assert not asked_twice(bench, task)


# --- when it ends -----------------------------------------------------------------------------------------------------


def test_a_target_score_ends_the_loop(bench: Workbench) -> None:
    task = small_task(bench, "target")
    result = small_run(bench, task, until=("accuracy>=0.1",), labels=None)
    assert len(result.rounds) == 1
    assert result.stop.rule == "accuracy>=0.1"
    scores = result.rounds[0].scores
    assert scores is not None
    assert f"lower bound of {scores.accuracy.low:.2f}, the target was 0.1" in result.stop.reason


def test_a_number_of_rounds_ends_the_loop_and_a_greater_one_goes_on(bench: Workbench) -> None:
    task = small_task(bench, "rounds")
    first = small_run(bench, task, rounds=1, labels=None)
    assert ([one.number for one in first.rounds], first.stop.rule) == ([0, 1], "rounds=1")
    second = small_run(bench, task, rounds=2, labels=None)
    assert ([one.number for one in second.rounds], second.stop.rule) == ([0, 1, 2], "rounds=2")
    assert [one.scores for one in second.rounds[:2]] == [one.scores for one in first.rounds]


def test_the_loop_ends_before_it_overspends(place: Place) -> None:
    bench = place.bench
    task = small_task(bench, "budget", oracle=LLM)
    pool = bench.pools.texts(POOL)
    most = bench.llm_oracle(task, model="gpt-4o").price(pool) / len(pool)
    before = len(place.endpoint.requests)
    result = small_run(bench, task, gold=0, batch=10, labels=100, budget=15 * most)
    spent = bench.labels.spent(task.name)
    assert 0 < spent == result.cost <= 15 * most
    assert spent == pytest.approx(sum(one.cost for one in result.rounds))
    assert result.stop.rule.startswith("cost=")
    assert "of the budget" in result.stop.reason
    assert len(place.endpoint.requests) - before == sum(one.oracle_calls for one in result.rounds)
    assert 16 < result.labels < 100
    asked = len(place.endpoint.requests)
    assert small_run(bench, task, gold=0, batch=10, labels=100, budget=15 * most).stop == result.stop
    assert len(place.endpoint.requests) == asked, "the same command again asks nothing"
    more = small_run(bench, task, gold=0, batch=10, labels=result.labels + 10, budget=60 * most)
    assert more.labels == result.labels + 10
    assert not asked_twice(bench, task)


def test_a_budget_that_buys_no_seed_is_told_before_anything_is_asked(place: Place) -> None:
    task = small_task(place.bench, "poor", oracle=LLM)
    before = len(place.endpoint.requests)
    with pytest.raises(BudgetSpent, match="Raise the budget"):
        small_run(place.bench, task, gold=0, budget=0.000_01)
    assert len(place.endpoint.requests) == before


# --- the last model ---------------------------------------------------------------------------------------------------


def test_auto_ends_with_the_model_that_holds_better_where_there_are_labels_enough(bench: Workbench) -> None:
    task = small_task(bench, "common")
    result = small_run(bench, task, learner="auto", batch=24, labels=64)
    assert result.model is not None
    compared = json.loads((Path(result.model.path) / "laud.json").read_text(encoding="utf-8"))["compared"]
    assert compared.keys() == {"head", "finetune"}
    best = min(compared, key=compared.get)
    assert [(one.learner, one.labels) for one in result.rounds] == [("head", 16), ("head", 40), (best, 64)]
    assert result.rounds[-1].status is RoundStatus.CLOSED
    assert result.rounds[-1].stop == result.stop
    assert result.stop.rule == "labels=64"
    models = bench.rounds.models(task.name)
    assert [(one.round, one.learner) for one in models] == [(0, "head"), (1, "head"), (2, best)]
    assert result.model == models[-1]
    assert result.rounds[-1].model_id == models[-1].id
    answers = len(bench.labels.history(task.name))
    assert answers == result.seed_calls + 24 + sum(one.oracle_calls for one in result.rounds[1:])
    assert not asked_twice(bench, task)
    again = small_run(bench, task, learner="auto", batch=24, labels=64)
    assert again == result


def test_auto_keeps_the_head_below_sixty_labels(bench: Workbench) -> None:
    result = small_run(bench, small_task(bench, "few"), learner="auto", batch=24, labels=40)
    assert {one.learner for one in result.rounds} == {"head"}


def test_auto_ends_with_a_kernel_where_the_positive_class_is_rare(bench: Workbench) -> None:
    task = small_task(bench, "rare", column="marked")
    result = small_run(bench, task, learner="auto", batch=24, labels=64)
    assert result.labels >= 60
    assert [one.learner for one in result.rounds] == ["head"] * (len(result.rounds) - 1) + ["kernel"]
    assert result.model is not None
    assert (result.model.learner, result.model.threshold) == ("kernel", 0.5)


# --- status -----------------------------------------------------------------------------------------------------------


def test_status_tells_where_a_loop_stands(bench: Workbench) -> None:
    task = small_task(bench, "status")
    fresh = status(bench, task.name)
    assert (fresh.rounds, fresh.model, fresh.stop.rule, fresh.labels) == ((), None, "open", 0)
    assert "the same run again goes on" in fresh.stop.reason
    result = small_run(bench, task)
    told = status(bench, task.name)
    assert (told.rounds, told.stop, told.model) == (result.rounds, result.stop, result.model)
    assert (told.labels, told.seed_calls, told.gold_labels, told.cost) == (32, result.seed_calls, 24, 0.0)


def test_a_round_that_waits_for_a_person_leaves_the_scores_of_the_one_before(bench: Workbench) -> None:
    task = small_task(bench, "waits")
    before = small_run(bench, task).scores
    assert before is not None
    small_run(bench, task, oracle="human", labels=48)
    told = status(bench, task.name)
    assert (told.rounds[-1].status, told.rounds[-1].scores) == (RoundStatus.SELECTED, None)
    assert told.scores == before
    assert show_results(bench, ShowResults(task=task.name, show="scores"))["per_class"]
