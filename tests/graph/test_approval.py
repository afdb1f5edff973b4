"""What spends, deletes, overwrites or sends waits for the person, and what they say is what happens."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest

from agent.conversation import Said
from agent.data_blocks import read_block
from agent.toolbelt import handlers
from tests.support.scripted_model import ScriptedModel, calls, calls_all, in_turn, says
from tests.support.talk import TASK, TEXTS, Talk, receipts, set_up, talk, texts_of, wait_for_labels
from tools.engine.errors import AskAgain
from tools.labeling import label_texts
from tools.pool import text_id
from tools.workbench import Workbench

LLM: dict[str, Any] = {"llm_base_url": "http://127.0.0.1:9/v1", "llm_model": "gpt-4o-mini", "llm_api_key": "sk-secret"}
MANY = [f"text number {n}" for n in range(400)]
FIRST = str(text_id(TEXTS[0]))
RUN = calls("run_rounds", oracle="llm", labels=60, gold=20)


class Runs:
    """Stands for the loop: notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    def __call__(self, _: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:
        """A run that ends at once."""
        self.asked.append(args)
        return {"task": TASK, "stop": {"rule": "labels", "reason": "."}, "answers_held": 0}


@contextmanager
def talking(workspace: Path, model: ScriptedModel, runs: Runs | None = None, **settings: Any) -> Iterator[Talk]:
    with talk(workspace, model, jobs={"run_rounds": runs or Runs()}, **{**LLM, **settings}) as one:
        if TASK not in one.bench.tasks.names():
            set_up(one.bench, [*TEXTS, *MANY])
        yield one


def test_a_run_that_costs_money_shows_what_it_would_do(workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(RUN), runs) as one:
        one.say("let the model label")
        card = one.pending
        assert not runs.asked
        assert [event.data["card"] for event in one.events("approval.asked")] == [card]
    assert card["kind"] == "approval"
    assert card["tool"] == "run_rounds"
    assert "'gpt-4o-mini'" in card["title"]
    assert "http://127.0.0.1:9/v1" in card["what"]
    assert 80 <= card["texts"] <= len(MANY)
    low, high = card["dollars"]
    assert 0 < low < high
    assert set(card["editable"]) == {"labels", "rounds", "batch", "gold", "budget"}
    assert card["editable"]["labels"] == 60
    # The price that is shown is the most that can be spent.
    assert card["editable"]["budget"] == pytest.approx(high, abs=0.02)
    assert card["editable"]["budget"] >= high


def test_an_approved_run_is_done_as_shown(workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(RUN, says("It ran.")), runs) as one:
        one.say("go")
        budget = one.pending["editable"]["budget"]
        messages = one.answer(decision="approve")
    assert runs.asked == [{"task": TASK, "oracle": "llm", "labels": 60, "gold": 20, "budget": budget}]
    assert texts_of(messages) == ["It ran."]


def test_changed_numbers_are_what_is_done_and_what_the_model_sees(workspace: Path) -> None:
    runs = Runs()
    model = in_turn(RUN)
    with talking(workspace, model, runs) as one:
        one.say("go")
        messages = one.answer(decision="approve", changes={"labels": 40, "budget": 0.5})
        answered = one.events("approval.answered")[0].data
    assert runs.asked == [{"task": TASK, "oracle": "llm", "labels": 40, "gold": 20, "budget": 0.5}]
    assert messages[1].calls[0]["args"]["labels"] == 40
    assert model.prompts[-1][2].tool_calls[0]["args"]["labels"] == 40  # type: ignore[attr-defined]
    assert answered["changes"] == {"labels": 40, "budget": 0.5}


def test_a_refusal_reaches_the_model_with_its_reason(workspace: Path) -> None:
    runs = Runs()
    model = in_turn(RUN, says("Then you label."))
    with talking(workspace, model, runs) as one:
        one.say("go")
        messages = one.answer(decision="refuse", reason="too dear, I will label myself")
    assert not runs.asked
    assert texts_of(messages) == ["Then you label."]
    seen = read_block(str(model.prompts[-1][-1].text))
    assert seen["reason"] == "too dear, I will label myself"
    assert "did not allow" in seen["error"]


@pytest.mark.parametrize("words", ["yes", "OK", "Go ahead.", " approve! "])
def test_yes_in_words_approves(words: str, workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(RUN), runs) as one:
        one.say("go")
        messages = one.say(words)
    assert len(runs.asked) == 1
    assert texts_of(messages, "user") == ["go", words]


@pytest.mark.parametrize("words", ["no", "what does it cost?", "yes, but only 20 labels", "ok if it is under a dollar"])
def test_anything_else_in_words_refuses_and_is_what_the_model_goes_by(words: str, workspace: Path) -> None:
    runs = Runs()
    model = in_turn(RUN)
    with talking(workspace, model, runs) as one:
        one.say("go")
        messages = one.say(words)
    assert not runs.asked
    assert texts_of(messages, "user") == ["go", words]
    assert [message.type for message in model.prompts[-1]] == ["system", "human", "ai", "tool", "human"]
    assert model.prompts[-1][-1].text == words
    assert read_block(str(model.prompts[-1][-2].text))["reason"] == words


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"decision": "maybe"}, "decision"),
        ({}, "decision"),
        ({"decision": "approve", "changes": {"oracle": 1}}, "oracle cannot be changed here"),
        ({"decision": "approve", "changes": {"labels": -5}}, "labels: Input should be greater than or equal to 1"),
        ({"decision": "approve", "changes": {"batch": 2.5}}, "batch"),
        ({"decision": "approve", "extra": 1}, "extra"),
    ],
)
def test_a_wrong_answer_leaves_the_card_open(answer: dict[str, Any], said: str, workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(RUN), runs) as one:
        one.say("go")
        card = one.pending
        with pytest.raises(AskAgain, match=said):
            one.conversations.resume(one.id, answer)
        assert one.quiet()
        assert one.pending == card
    assert not runs.asked


def test_the_same_card_answered_twice_is_answered_once(workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(RUN, calls("delete_task", task=TASK)), runs) as one:
        one.say("go")
        payload = {"call": one.pending["call"], "decision": "approve"}
        one.answer(decision="approve")
        # A second click on the first card, which comes when the next one is open.
        late(one, "resume", payload)
        assert one.pending["tool"] == "delete_task"
        assert one.bench.tasks.names() == [TASK]
    assert len(runs.asked) == 1


def late(one: Talk, kind: Literal["message", "resume"], payload: Mapping[str, Any]) -> list[Said]:
    """A turn that was stored and is run only now, as after a restart."""
    one.bench.conversations.add_turn(one.id, kind, payload)
    one.conversations.start()
    return one.quiet()


def test_a_card_stays_while_a_job_of_the_conversation_ends(workspace: Path) -> None:
    go_on = threading.Event()

    def read(_: Workbench, __: Mapping[str, Any]) -> dict[str, Any]:
        assert go_on.wait(30)
        return {"pool": "receipts", "rows": 1}

    runs = Runs()
    model = in_turn(calls("add_texts", file="sample:receipts"), RUN)
    with talk(workspace, model, jobs={"run_rounds": runs, "add_texts": read}, **LLM) as one:
        set_up(one.bench, [*TEXTS, *MANY])
        one.conversations.send(one.id, "read it")
        one.conversations.send(one.id, "and label it")
        one.until(lambda: one.conversations.view(one.id).pending, "the card")
        card = one.pending
        go_on.set()
        one.quiet()
        assert one.pending["call"] == card["call"]
        messages = one.answer(decision="approve")
    assert len(runs.asked) == 1
    # The note about the first job comes behind the result of the call that waited.
    assert [message.role for message in messages if message.role in {"tool", "job"}] == ["tool", "tool", "job", "job"]
    for prompt in model.prompts:
        for before, after in pairwise(prompt):
            assert (before.type == "ai" and bool(before.tool_calls)) == (after.type == "tool")  # type: ignore[attr-defined]


def test_a_run_that_costs_nothing_is_not_asked_about(workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(calls("run_rounds", oracle="zero-shot", labels=20)), runs) as one:
        one.say("go")
        assert one.conversations.view(one.id).pending is None
    assert len(runs.asked) == 1


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"oracle": "human", "gold_oracle": "llm"},
        {"oracle": "llm:gpt-4o"},
        {"oracle": "zero-shot>llm"},
        {"oracle": "vote:zero-shot,llm"},
        {"oracle": "zero-shot", "gate": "llm"},
        {"oracle": "zero-shot", "learner": "in-context", "budget": 5.0},
    ],
)
def test_however_a_run_comes_to_the_llm_it_is_asked_about(args: dict[str, Any], workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(calls("run_rounds", **args)), runs) as one:
        if not args:
            set_up(one.bench, name="other", pool="more", oracle="llm")
            one.bench.tasks.delete(TASK)
        one.say("go")
        assert one.pending["tool"] == "run_rounds"
    assert not runs.asked


def test_a_learner_that_asks_about_the_pool_is_told_with_its_price(workspace: Path) -> None:
    run = calls("run_rounds", oracle="zero-shot", learner="in-context", labels=20, budget=5.0)
    with talking(workspace, in_turn(run)) as one:
        one.say("go")
        card = one.pending
    count = len(TEXTS) + len(MANY)
    assert card["title"] == "Have a language model judge the pool of 'babies'"
    assert card["what"].startswith(
        f"All {count} texts of the pool, with labels beside them, are sent to http://127.0.0.1:9"
    )
    assert card["texts"] == count
    low, high = card["dollars"]
    assert 0 < low < high < 5


def test_a_task_is_deleted_only_when_the_person_says_so(workspace: Path) -> None:
    model = in_turn(calls("label_texts", labels={FIRST: "baby"}), calls("delete_task", task=TASK))
    with talking(workspace, model) as one:
        one.say("delete it")
        assert one.pending["title"] == "Delete the task 'babies'"
        assert one.pending["what"] == "1 labels and 0 models go with it. This cannot be undone."
        assert one.bench.tasks.names() == [TASK]
        messages = one.answer(decision="approve")
        assert not one.bench.tasks.names()
    assert receipts(messages)[-1] == {"task": TASK, "labels": 1, "models": 0}


def test_what_would_overwrite_is_asked_about(workspace: Path) -> None:
    out = workspace / "exports" / "old"
    with talking(workspace, in_turn(calls("export", out="old"), calls("export", out="new"))) as one:
        out.mkdir(parents=True)
        (out / "labels.csv").write_text("mine", encoding="utf-8")
        one.say("export it")
        assert str(out) in one.pending["what"]
        one.answer(decision="refuse", reason="not there")
        # A folder of its own needs no question; what then fails is said.
        assert one.conversations.view(one.id).pending is None
        assert "has no model" in receipts(one.quiet())[-1]["error"]
    assert (out / "labels.csv").read_text(encoding="utf-8") == "mine"


def test_of_two_calls_that_need_approval_only_one_is_asked_about(workspace: Path) -> None:
    model = in_turn(
        calls_all(
            ("delete_task", {"task": TASK}), ("run_rounds", {"oracle": "llm"}), ("inspect_pool", {"show": "texts"})
        )
    )
    runs = Runs()
    with talking(workspace, model, runs) as one:
        one.say("go")
        messages = one.answer(decision="refuse", reason="no")
        assert one.conversations.view(one.id).pending is None
    refused, second, look = receipts(messages)
    assert "did not allow" in refused["error"]
    assert "one change at a time" in second["error"]
    assert look["size"] > 0
    assert not runs.asked


def test_without_an_endpoint_a_run_by_llm_is_refused_without_a_question(workspace: Path) -> None:
    with talking(workspace, in_turn(RUN), llm_base_url=None, llm_model=None) as one:
        messages = one.say("go")
        assert one.conversations.view(one.id).pending is None
    assert "No language model is set" in receipts(messages)[0]["error"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"budget": 50.0}, "LAUD_MAX_DOLLARS allows"), ({"labels": 5_000}, "LAUD_MAX_LABELS allows")],
)
def test_the_caps_hold_whatever_the_model_and_the_card_say(
    changes: dict[str, float], said: str, workspace: Path
) -> None:
    caps: dict[str, Any] = {"max_dollars": 1.0, "max_labels": 100}
    model = in_turn(calls("run_rounds", oracle="llm", **changes), RUN)
    with talk(workspace, model, jobs=handlers(), **LLM, **caps) as one:
        set_up(one.bench, [*TEXTS, *MANY])
        # The model asks for more: there is not even a card.
        messages = one.say("spend it all")
        assert said in receipts(messages)[0]["error"]
        # The card itself stays below; the person's own numbers are no way around the caps either.
        assert one.pending["editable"]["budget"] <= 1.0
        messages = one.answer(decision="approve", changes=changes)
        assert said in receipts(messages)[-1]["error"]
        assert not one.bench.labels.history(TASK)


def test_an_approved_run_goes_on_after_the_person_has_labeled(workspace: Path) -> None:
    asked: list[Mapping[str, Any]] = []

    def run(bench: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(args)
        rule = "waiting" if len(asked) == 1 else "labels"
        held = len(bench.labels.current(TASK))
        return {"task": TASK, "stop": {"rule": rule, "reason": "."}, "answers_held": held}

    model = in_turn(calls("run_rounds", oracle="llm", gold_oracle="human", labels=60))
    with talk(workspace, model, jobs={"run_rounds": run}, **LLM) as one:
        task = set_up(one.bench, [*TEXTS, *MANY])
        ids = wait_for_labels(one.bench)
        one.say("go")
        one.answer(decision="approve")
        assert one.pending["kind"] == "labels"
        label_texts(one.bench, task, dict.fromkeys(ids, "other"))
        one.conversations.labeled(TASK)
        one.quiet()
        assert one.conversations.view(one.id).pending is None
    # What was allowed once, within the budget that was shown, goes on without another question.
    assert asked[0] == asked[1]
    assert asked[1]["budget"] > 0


def test_nothing_secret_is_shown(workspace: Path) -> None:
    model = in_turn(RUN)
    with talking(workspace, model) as one:
        one.say("go")
        one.answer(decision="approve")
        everything = str([event.data for event in one.events()]) + str(one.conversations.view(one.id))
    assert "sk-secret" not in everything
    assert "sk-secret" not in str(model.prompts)


def test_a_yes_does_not_fall_on_a_card_that_came_later(workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(RUN, calls("delete_task", task=TASK)), runs) as one:
        one.say("go")
        first = one.pending["call"]
        one.say("yes")
        assert one.pending["tool"] == "delete_task"
        # Said to the first card, by somebody who had not seen the second.
        messages = late(one, "message", {"text": "yes", "card": first})
        assert one.bench.tasks.names() == [TASK]
    assert len(runs.asked) == 1
    assert texts_of(messages, "user") == ["go", "yes", "yes"]


def test_whoever_labels_is_settled_when_the_run_is_asked_for(workspace: Path) -> None:
    runs = Runs()
    with talking(workspace, in_turn(calls("run_rounds")), runs) as one:
        one.say("go")
        # Were it left open, a task that is set to llm before the job begins would spend without a question.
        assert runs.asked == [{"task": TASK, "oracle": "human"}]
