"""Runs in which a person labels beside a model, over a small pool with a tiny encoder."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from agent.toolbelt import BY_NAME
from tests.integration.test_oracle_trust import notes_bench, small, task_of, truth
from tools.checks import judged_by_people
from tools.doubts import doubts, relabel_first
from tools.engine.errors import AskAgain
from tools.estimate import estimate
from tools.gate import check
from tools.labeling import waiting
from tools.oracles import open_oracle
from tools.plan import RunPlan
from tools.repair import proposals, requeued
from tools.training import training_labels
from tools.workbench import Workbench

PERSON = "replay:label"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """One pool for all tests of this module; each makes a task of its own."""
    with notes_bench(tmp_path_factory.mktemp("together")) as opened:
        yield opened


def tool(bench: Workbench, used: str, **args: Any) -> dict[str, Any]:
    """The receipt of a tool of the chat model."""
    return BY_NAME[used].run(bench, BY_NAME[used].parse(args))


def right(bench: Workbench, name: str) -> float:
    """The share of right labels among those that are learnt from."""
    true, labels = truth(), training_labels(bench, bench.tasks.get(name))
    return float(np.mean([label == true[text] for text, label in labels.items()]))


def test_a_run_hands_to_a_person_what_the_model_is_unsure_of(bench: Workbench) -> None:
    task, alone = task_of(bench, "together"), task_of(bench, "alone")
    small(bench, task, oracle="replay:weak@good_sure", gate=PERSON, quality=0.97)
    small(bench, alone, oracle="replay:weak@good_sure", gate="skip", gold_oracle=PERSON)
    sources = [one.answer.source for one in bench.labels.current(task.name).values() if one.role != "gold"]
    assert sources.count(PERSON) > len(judged_by_people(bench, task))
    assert sources.count("replay:weak@good_sure")
    assert right(bench, alone.name) < 0.85
    assert right(bench, task.name) > 0.93


def test_a_weak_oracle_is_not_refused_where_a_person_helps(bench: Workbench) -> None:
    task = task_of(bench, "weak")
    assert small(bench, task, oracle="replay:weak", gate=PERSON, gold_oracle=PERSON).stop.rule == "oracle"
    assert small(bench, task, oracle="replay:weak", gate=PERSON, gold_oracle=PERSON, quality=0.9).stop.rule != "oracle"


def test_a_run_that_only_checks_labels_nothing_else(bench: Workbench) -> None:
    task = task_of(bench, "only checked")
    done = small(bench, task, oracle="replay:good", gate=PERSON, check_only=True)
    assert done.stop.rule == "checked"
    assert "checks" in done.stop.reason
    held = bench.labels.current(task.name)
    assert held.keys() == judged_by_people(bench, task).keys() != set()
    assert not bench.rounds.rounds(task.name)
    found = estimate(bench, RunPlan(task=task.name, oracle="replay:good", gate=PERSON, check_only=True))
    assert (found.calls, found.labels, found.sample) == ((0, 0), (0, 0), 0), "the sample is answered"
    with pytest.raises(AskAgain, match="Nobody is to check replay:good"):
        small(bench, task, oracle="replay:good", gate="skip", check_only=True)
    assert small(bench, task, oracle="replay:good", gate=PERSON).rounds, "the run proper goes on from there"


def test_doubtful_labels_are_given_anew_before_new_ones(bench: Workbench) -> None:
    task = task_of(bench, "doubtful")
    small(bench, task, oracle="replay:weak", gate="skip", gold_oracle=PERSON, labels=100)
    assert not any(one.worth for one in doubts(bench, task)), "a model alone, of these very labels, proves little"
    check(bench, task, open_oracle(bench, task, "replay:weak"), open_oracle(bench, task, PERSON), seed=0)
    true, before = truth(), bench.labels.current(task.name)
    found = doubts(bench, task)
    assert [one.right for one in found] == sorted(one.right for one in found)
    wrong = {one.id for one in found if one.label != true[one.id]}
    first = [one.id for one in found if one.worth][:5]
    assert len(first) == 5
    told = tool(bench, "show_results", task=task.name, show="doubts", limit=5)["labels"]
    assert [one["id"] for one in told] == [one.id for one in found[:5]]
    assert [one["worth_a_second_look"] for one in told] == [one.worth for one in found[:5]]
    assert len(wrong & set(first)) / 5 > len(wrong) / len(found)
    asked = relabel_first(bench, task, open_oracle(bench, task, PERSON), number=9, most=5)
    now = bench.labels.current(task.name)
    assert set(asked.labels) == set(first)
    assert all(now[one].answer.label == true[one] for one in first)
    assert now.keys() == before.keys()
    again = relabel_first(bench, task, open_oracle(bench, task, PERSON), number=9, most=5)
    assert again.calls == 0, "once a round"
    assert not {one.id for one in doubts(bench, task)} & set(first), "what was decided is not doubted again"


def test_a_conversation_takes_doubtful_labels_back_for_a_second_look(bench: Workbench) -> None:
    task = task_of(bench, "second look")
    small(bench, task, oracle="replay:weak", gate="skip", gold_oracle=PERSON, labels=100)
    assert tool(bench, "undo", task=task.name, doubtful=True)["withdrawn"] == [], "none is worth it without checks"
    check(bench, task, open_oracle(bench, task, "replay:weak"), open_oracle(bench, task, PERSON), seed=0)
    worst = [one for one in doubts(bench, task, limit=3) if one.worth]
    taken = tool(bench, "undo", task=task.name, doubtful=True, count=3)
    assert [(one["id"], one["label"]) for one in taken["withdrawn"]] == [(one.id, one.label) for one in worst] != []
    assert {one.id for one in waiting(bench, task)} == {one.id for one in worst}
    assert taken["waiting"] == len(worst)


def test_a_run_asks_again_what_a_new_guideline_puts_in_doubt_and_learns_from_it(bench: Workbench) -> None:
    task = task_of(bench, "reworded")
    given = {"oracle": "replay:weak", "gold_oracle": PERSON, "labels": 100}
    small(bench, task, gate="skip", **given)
    check(bench, task, open_oracle(bench, task, "replay:weak"), open_oracle(bench, task, PERSON), seed=0)
    assert "red>green" in [one.edit for one in proposals(bench, task)]
    receipt = tool(bench, "set_task", name=task.name, edits=["red>green"])
    done = bench.tasks.get(task.name)
    assert receipt["guideline_version"] == done.guideline_version == task.guideline_version + 1
    again = requeued(bench, done)
    assert len(again) == receipt["requeued"] > 0
    kept = {text: one.guideline_version for text, one in bench.labels.current(task.name).items()}
    small(bench, done, gate="skip", **{**given, "oracle": "replay:good"})
    now = bench.labels.current(task.name)
    assert requeued(bench, done) == []
    assert {now[text].guideline_version for text in again} == {done.guideline_version}
    assert {text: now[text].guideline_version for text in kept} == kept, "no other label was asked about again"
    learnt = bench.rounds.models(task.name)[-1]
    assert learnt.labels == len(training_labels(bench, done)), "the last model has learnt from all of them"
