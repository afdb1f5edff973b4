"""Labels that a person gives by text: what for they count, what is refused, and how they are taken back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stored import NOW, make_round, make_text
from tools.engine.errors import AskAgain, UnknownLabel, UnknownName
from tools.engine.records import Answer, GoldItem, Label, Pick, RoundStatus, Task, TextId
from tools.evaluation import ensure_gold
from tools.labeling import label_texts, undo, waiting
from tools.proposal import answer_questions
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.training import training_labels
from tools.workbench import Workbench, open_workbench

TEXTS = 30


def text(number: int) -> TextId:
    return make_text(number).id


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    """A workbench with a pool of 30 texts; no encoder is needed."""
    with open_workbench(Settings(workspace=workspace), clock=lambda: NOW) as bench:
        bench.pools.create("receipts", "no-encoder")
        bench.pools.begin_import("receipts", "print", "lines.txt")
        bench.pools.add_rows("receipts", "print", [make_text(n) for n in range(TEXTS)], [], rows_done=TEXTS)
        yield bench


@pytest.fixture
def task(bench: Workbench) -> Task:
    return create_task(bench, make_spec({"name": "t", "pool": "receipts", "classes": ["Food", "drink", "toys"]}))


def label_of(bench: Workbench, number: int) -> Label:
    return bench.labels.current("t")[text(number)]


# --- what they count for ----------------------------------------------------------------------------------------------


def test_before_the_loop_they_are_for_the_seed(bench: Workbench, task: Task) -> None:
    stored = label_texts(bench, task, {text(1): "Food", text(2): "unsure", text(3): "skip"})
    assert (stored.stored, stored.unchanged, stored.waiting) == (3, 0, 0)
    kept = [label_of(bench, n) for n in (1, 2, 3)]
    assert [(one.role, one.round, one.answer.source) for one in kept] == [("seed", 0, "human")] * 3
    assert [(one.answer.outcome, one.answer.label) for one in kept] == [
        ("label", "Food"),
        ("unsure", None),
        ("skip", None),
    ]


def test_a_text_keeps_the_purpose_it_was_asked_for(bench: Workbench, task: Task) -> None:
    bench.rounds.save_gold("t", [GoldItem(text_id=text(0), stratum=0, weight=30.0)])
    bench.rounds.save("t", make_round(0), [Pick(text_id=text(1), score=1.0, strategy="cold-start")])
    assert [one.id for one in waiting(bench, task)] == [text(0), text(1)]
    assert label_texts(bench, task, {text(0): "toys", text(1): "toys"}).waiting == 0
    assert [(label_of(bench, n).role, label_of(bench, n).round) for n in (0, 1)] == [("gold", 0), ("seed", 0)]
    # A correction stays where the label was.
    label_texts(bench, task, {text(0): "drink", text(1): "drink"})
    assert [(label_of(bench, n).role, label_of(bench, n).answer.label) for n in (0, 1)] == [
        ("gold", "drink"),
        ("seed", "drink"),
    ]
    assert training_labels(bench, task) == {text(1): "drink"}, "gold is never learnt from"


@pytest.mark.parametrize("status", [RoundStatus.SELECTED, RoundStatus.CLOSED])
def test_in_the_loop_an_unasked_text_joins_the_latest_round(bench: Workbench, task: Task, status: RoundStatus) -> None:
    bench.rounds.save("t", make_round(0, labels=1), [Pick(text_id=text(1), score=1.0, strategy="cold-start")])
    label_texts(bench, task, {text(1): "Food"})
    latest = replace(make_round(1, labels=1), status=status)
    bench.rounds.save("t", latest, [Pick(text_id=text(2), score=0.7, strategy="margin")])
    label_texts(bench, task, {text(9): "toys", text(2): "drink"})
    assert [(p.text_id, p.strategy) for p in bench.rounds.picks("t", 1)] == [(text(2), "margin"), (text(9), "given")]
    assert (label_of(bench, 9).role, label_of(bench, 9).round) == ("train", 1)
    assert training_labels(bench, task) == {text(1): "Food", text(2): "drink", text(9): "toys"}
    assert bench.rounds.rounds("t")[1] == latest, "the round itself stays as it was"


def test_classes_are_matched_without_case_and_go_before_the_words(bench: Workbench) -> None:
    odd = create_task(bench, make_spec({"name": "odd", "pool": "receipts", "classes": ["Unsure", "sure"]}))
    label_texts(bench, odd, {text(1): " unsure ", text(2): "SURE", text(3): "skip"})
    current = bench.labels.current("odd")
    assert [(current[text(n)].answer.outcome, current[text(n)].answer.label) for n in (1, 2, 3)] == [
        ("label", "Unsure"),
        ("label", "sure"),
        ("skip", None),
    ]


def test_the_same_answer_again_changes_nothing_and_another_person_s_is_kept(bench: Workbench, task: Task) -> None:
    label_texts(bench, task, {text(1): "Food"}, person="ada")
    again = label_texts(bench, task, {text(1): "food", text(2): "food"}, person="ada")
    assert (again.stored, again.unchanged) == (1, 1)
    assert label_texts(bench, task, {text(1): "Food"}, person="bob").stored == 1
    assert [label.answer.source for label in bench.labels.history("t")] == ["human:ada", "human:ada", "human:bob"]


@pytest.mark.parametrize(
    ("labels", "error", "said"),
    [
        (
            {text(1): "Food", text(2): "food items"},
            UnknownLabel,
            "'food items' is no class of task 't'.*'Food', 'drink'",
        ),
        ({text(1): "Food", "nothing": "drink"}, UnknownName, "no text with the id 'nothing'"),
        ({text(1): ""}, UnknownLabel, "is no class"),
    ],
)
def test_all_or_nothing_is_stored(
    bench: Workbench, task: Task, labels: dict[str, str], error: type[AskAgain], said: str
) -> None:
    with pytest.raises(error, match=said):
        label_texts(bench, task, labels)
    assert bench.labels.history("t") == []


# --- undo -------------------------------------------------------------------------------------------------------------


def test_undo_takes_back_the_latest_answers_and_erases_nothing(bench: Workbench, task: Task) -> None:
    bench.rounds.save("t", make_round(0), [Pick(text_id=text(n), score=1.0, strategy="cold-start") for n in (1, 2, 3)])
    for number, name in ((1, "Food"), (2, "skip"), (3, "drink")):
        label_texts(bench, task, {text(number): name})
    undone = undo(bench, task, count=2)
    assert [(one.id, one.label) for one in undone.withdrawn] == [(text(3), "drink"), (text(2), "skip")]
    assert undone.withdrawn[0].text == "text 3"
    assert undone.waiting == 2
    assert list(bench.labels.current("t")) == [text(1)]
    assert [label.answer.outcome for label in bench.labels.history("t")] == [
        "label", "skip", "label", "withdrawn", "withdrawn",
    ]  # fmt: skip
    assert undo(bench, task, count=5).withdrawn[0].id == text(1)
    assert undo(bench, task).withdrawn == ()
    assert undo(bench, task).waiting == 3


def test_an_answer_given_anew_after_an_undo_is_taken_back_once(bench: Workbench, task: Task) -> None:
    for _ in range(2):
        label_texts(bench, task, {text(1): "Food"})
        assert [one.id for one in undo(bench, task, count=3).withdrawn] == [text(1)]
    assert bench.labels.current("t") == {}


def test_only_one_s_own_answers_are_taken_back(bench: Workbench, task: Task) -> None:
    label_texts(bench, task, {text(1): "Food"}, person="ada")
    label_texts(bench, task, {text(2): "Food"}, person="bob")
    by_machine = Answer(text_id=text(3), outcome="label", label="Food", source="llm:gpt-x", cost=0.5)
    bench.labels.append("t", Label(answer=by_machine, role="seed", round=0, guideline_version=1, at=NOW))
    assert [one.id for one in undo(bench, task, count=9, person="ada").withdrawn] == [text(1)]
    assert undo(bench, task, count=9).withdrawn == (), "nobody at the terminal answered"
    assert list(bench.labels.current("t")) == [text(2), text(3)]
    # Bob corrects the machine: his answer is his own, and taking it back brings the machine's back, unpaid.
    label_texts(bench, task, {text(3): "toys"}, person="bob")
    assert [one.label for one in undo(bench, task, person="bob").withdrawn] == ["toys"]
    again = bench.labels.current("t")[text(3)].answer
    assert (again.label, again.source, again.cost) == ("Food", "llm:gpt-x", 0)


# --- answers to questions ---------------------------------------------------------------------------------------------


def test_answers_become_examples_in_one_version_and_labels_of_the_seed(bench: Workbench, task: Task) -> None:
    answered = answer_questions(bench, task, {text(1): "food", text(2): "toys", text(3): "unsure"}, person="ada")
    assert (answered.labels, answered.task.guideline_version) == (3, 2)
    assert [c.examples for c in answered.task.classes] == [("text 1",), (), ("text 2",)]
    assert bench.tasks.get("t") == answered.task
    assert [(label.role, label.guideline_version) for label in bench.labels.current("t").values()] == [("seed", 2)] * 3
    again = answer_questions(bench, answered.task, {text(1): "food", text(2): "toys", text(3): "unsure"}, person="ada")
    assert (again.labels, again.task) == (0, answered.task), "the same answers again change nothing"


def test_a_changed_answer_moves_the_example(bench: Workbench, task: Task) -> None:
    first = answer_questions(bench, task, {text(1): "food"}).task
    second = answer_questions(bench, first, {text(1): "drink"}).task
    assert [c.examples for c in second.classes] == [(), ("text 1",), ()]
    assert label_of(bench, 1).answer.label == "drink"


def test_undo_takes_the_example_out_of_the_guideline(bench: Workbench) -> None:
    spelled = make_spec(
        {"name": "t", "pool": "receipts", "classes": [{"name": "Food", "examples": ["pie"]}, "drink", "toys"]}
    )
    answered = answer_questions(bench, create_task(bench, spelled), {text(1): "Food"}).task
    assert answered.classes[0].examples == ("pie", "text 1")
    undone = undo(bench, answered)
    assert undone.task.classes[0].examples == ("pie",)
    assert bench.tasks.get("t").classes[0].examples == ("pie",)
    assert bench.tasks.get("t").guideline_version == answered.guideline_version + 1
    label_texts(bench, undone.task, {text(1): "Food"})
    assert undo(bench, undone.task).task.guideline_version == undone.task.guideline_version, "a label is no example"


def test_what_a_person_answered_never_becomes_gold(bench: Workbench, task: Task) -> None:
    answered = answer_questions(bench, task, {text(n): "Food" for n in range(10)}).task
    drawn = ensure_gold(bench, answered, size=100, seed=0)
    known = {text(n) for n in range(10)}
    assert len(drawn) == (TEXTS - 10) // 3
    assert not known & {item.text_id for item in drawn}
    assert sum(item.weight for item in drawn) == pytest.approx(TEXTS - 10)
    judged = drawn[0].text_id
    with pytest.raises(AskAgain, match="1 of these texts belong to the gold sample"):
        answer_questions(bench, answered, {text(1): "drink", judged: "drink"})
    assert label_of(bench, 1).answer.label == "Food", "all or nothing"


def test_a_long_text_is_an_example_in_its_beginning(bench: Workbench, task: Task) -> None:
    bench.pools.begin_import("receipts", "more", "long.txt")
    long = make_text(900)
    lengthy = type(long)(id=long.id, text="word " * 400)
    bench.pools.add_rows("receipts", "more", [lengthy], [], rows_done=1)
    answered = answer_questions(bench, task, {long.id: "Food"}).task
    [example] = answered.classes[0].examples
    assert len(example) == 500
    assert example.endswith("…")
    assert undo(bench, answered).task.classes[0].examples == ()
