"""What a conversation does with messages, tools and jobs when nothing goes wrong."""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.data_blocks import read_block
from tests.support.scripted_model import ScriptedModel, calls, calls_all, in_turn, says
from tests.support.talk import POOL, TASK, TEXTS, fill, receipts, set_up, talk, texts_of, wait_for_labels
from tools.engine.errors import AskAgain, UnknownName
from tools.labeling import label_texts
from tools.pool import text_id
from tools.workbench import Workbench

FIRST, SECOND = (str(text_id(text)) for text in TEXTS[:2])


def facts_of(model: ScriptedModel, prompt: int = -1) -> dict[str, Any]:
    """The facts in a prompt."""
    system = model.prompts[prompt][0]
    assert isinstance(system, SystemMessage)
    found: dict[str, Any] = json.loads(system.text.rpartition("```json\n")[2].removesuffix("\n```"))
    return found


def test_a_look_at_the_pool_comes_back_to_the_model_and_is_reported(workspace: Path) -> None:
    model = in_turn(calls("inspect_pool", show="texts", limit=2), says("Six texts."))
    with talk(workspace, model) as one:
        fill(one.bench)
        messages = one.say("what is in there?")
        assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
        assert receipts(messages)[0]["size"] == 6
        assert texts_of(messages) == ["Six texts."]
        kinds = [event.kind for event in one.events() if event.kind != "token"]
    assert kinds == [
        "turn.started", "message", "tool.started", "tool.finished", "message", "turn.finished",
    ]  # fmt: skip
    sent = model.prompts[1]
    assert [type(message) for message in sent] == [SystemMessage, HumanMessage, AIMessage, ToolMessage]
    assert sent[3].tool_call_id == sent[2].tool_calls[0]["id"]  # type: ignore[attr-defined]


def test_the_model_gets_every_tool_with_descriptions(workspace: Path) -> None:
    model = in_turn()
    with talk(workspace, model) as one:
        one.say("hello")
    names = [tool["function"]["name"] for tool in model.tools]
    assert len(names) == len(set(names)) == 14
    for tool in model.tools:
        assert tool["function"]["description"]
        for field in tool["function"]["parameters"]["properties"].values():
            assert field["description"], tool


def test_the_facts_are_those_of_the_database_each_time(workspace: Path) -> None:
    model = in_turn()
    with talk(workspace, model) as one:
        one.say("hello")
        assert facts_of(model)["pools"] == []
        set_up(one.bench)
        wait_for_labels(one.bench)
        one.say("and now?")
    facts = facts_of(model)
    assert facts["current"] == {"task": TASK, "pool": POOL}
    assert facts["pools"] == [{"name": POOL, "texts": 6, "columns": []}]
    assert (facts["tasks"][0]["waiting"], facts["tasks"][0]["labels"]) == (3, 0)
    assert not facts["llm"]


def test_names_may_be_left_out_where_one_is_meant(workspace: Path) -> None:
    model = in_turn(calls("label_texts", labels={FIRST: "baby"}), says("."), calls("undo"))
    with talk(workspace, model) as one:
        set_up(one.bench)
        assert receipts(one.say("the first is for babies"))[0]["task"] == TASK
        set_up(one.bench, name="another", pool="more")
        # Now there are two; the conversation is about the first.
        assert receipts(one.say("undo that"))[-1]["withdrawn"] == [{"id": FIRST, "text": TEXTS[0], "label": "baby"}]


def test_which_one_is_meant_is_asked_where_there_are_several(workspace: Path) -> None:
    model = in_turn(calls("inspect_pool", show="texts"))
    with talk(workspace, model) as one:
        fill(one.bench)
        fill(one.bench, pool="tickets")
        error = receipts(one.say("look"))[0]["error"]
    assert error == "Which pool is meant? There are: receipts, tickets."


def test_what_is_current_is_what_was_used_last(workspace: Path) -> None:
    model = in_turn(calls("inspect_pool", pool="tickets", show="texts"), says("."), calls("inspect_pool", show="texts"))
    with talk(workspace, model) as one:
        fill(one.bench)
        fill(one.bench, pool="tickets")
        one.say("look at the tickets")
        assert receipts(one.say("again"))[-1]["pool"] == "tickets"


def test_of_two_changes_at_once_one_is_done(workspace: Path) -> None:
    model = in_turn(
        calls_all(
            ("inspect_pool", {"show": "texts"}),
            ("label_texts", {"labels": {"no such text": "baby"}, "extra": 1}),
            ("label_texts", {"labels": {FIRST: "baby"}}),
            ("label_texts", {"labels": {SECOND: "baby"}}),
        )
    )
    with talk(workspace, model) as one:
        set_up(one.bench)
        found = receipts(one.say("go"))
        assert list(one.bench.labels.current(TASK)) == [FIRST]
    assert found[0]["size"] == 6
    assert "extra" in found[1]["error"]
    assert found[2]["stored"] == 1
    assert found[3]["error"].startswith("Not done: one change at a time.")


def test_a_heavy_tool_becomes_a_job_that_reports_back(workspace: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def read(bench: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:
        begun.set()
        assert go_on.wait(20)
        fill(bench, pool=args["pool"])
        return {"pool": args["pool"], "rows": 6}

    model = in_turn(calls("add_texts", file="sample:receipts"), says("It is being read."), says("Six rows were read."))
    with talk(workspace, model, jobs={"add_texts": read}) as one:
        one.conversations.send(one.id, "read it")
        assert begun.wait(20)
        one.until(lambda: not one.conversations.view(one.id).busy, "the turn to end while the job runs")
        view = one.conversations.view(one.id)
        assert [job.kind for job in view.jobs] == ["add_texts"]
        assert receipts(view.messages)[0]["status"] == "queued"
        assert len(model.prompts) == 1
        one.conversations.send(one.id, "what are you doing?")
        one.until(lambda: not one.conversations.view(one.id).busy, "an answer while the job runs")
        assert facts_of(model)["jobs"][0]["kind"] == "add_texts"
        go_on.set()
        messages = one.quiet()
        assert texts_of(messages) == ["It is being read.", "Six rows were read."]
        # The result stands where the call is, and a note tells the model that it came.
        assert receipts(messages) == [{"pool": "receipts", "rows": 6}]
        assert [message.role for message in messages][-2:] == ["job", "assistant"]
        assert facts_of(model)["current"] == {"pool": "receipts"}
    assert len(model.prompts) == 3


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
def test_a_job_that_ends_badly_is_reported_too(ends: str, workspace: Path) -> None:
    begun = threading.Event()

    def read(bench: Workbench, _: Mapping[str, Any]) -> dict[str, Any]:
        begun.set()
        if ends == "failed":
            raise AskAgain("The file is empty.")
        while True:
            bench.progress("reading", 1, 2)

    model = in_turn(calls("add_texts", file="sample:receipts"), calls("stop_job"), says("Stopping."), says("It ended."))
    with talk(workspace, model, jobs={"add_texts": read}) as one:
        one.conversations.send(one.id, "read it")
        assert begun.wait(20)
        if ends == "cancelled":
            one.conversations.send(one.id, "stop")
        messages = one.quiet()
    found = receipts(messages)[0]
    assert found == ({"error": "The file is empty."} if ends == "failed" else {"cancelled": found.get("cancelled")})


def test_stop_ends_the_job_of_the_conversation_it_is_said_in(workspace: Path) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        last = messages[-1]
        said = {"read it": calls("add_texts", file="sample:receipts"), "stop": calls("stop_job")}
        return (
            said[last.text].model_copy(deep=True)
            if isinstance(last, HumanMessage) and last.text in said
            else says("ok")
        )

    def read(bench: Workbench, _: Mapping[str, Any]) -> dict[str, Any]:
        while True:
            bench.progress("reading", 1, 2)

    with talk(workspace, ScriptedModel(script=script), jobs={"add_texts": read}) as one:
        others = one.conversations.create("another", "ada").id
        for conversation in (others, one.id):
            one.conversations.send(conversation, "read it")
            one.until(lambda: one.conversations.view(conversation).jobs, "the job to be queued")  # noqa: B023 - looked at here
        one.say("stop")
        (left,) = one.bench.jobs.list("running", "queued")
        assert left.conversation == others
        one.say("stop")  # with none of its own, the one that runs is meant
        assert not one.bench.jobs.list("running", "queued")


def test_a_conversation_waits_for_labels_and_goes_on_by_itself(workspace: Path) -> None:
    runs: list[Mapping[str, Any]] = []

    def run(bench: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:
        runs.append(args)
        waits = len(runs) == 1
        held = len(bench.labels.current(TASK))
        return {"task": TASK, "stop": {"rule": "waiting" if waits else "labels=3", "reason": "."}, "answers_held": held}

    model = in_turn(calls("run_rounds", oracle="human", batch=5), says("Three texts wait for you."), says("All done."))
    with talk(workspace, model, jobs={"run_rounds": run}) as one:
        set_up(one.bench)
        ids = wait_for_labels(one.bench)
        one.say("label with me")
        assert one.pending == {"kind": "labels", "task": TASK, "texts": 3}
        assert [event.data for event in one.events("labels.wanted")] == [{"task": TASK, "texts": 3}]
        with pytest.raises(AskAgain, match="3 texts of task 'babies' wait"):
            one.conversations.resume(one.id, {})
        label_texts(one.bench, one.bench.tasks.get(TASK), dict.fromkeys(ids, "other"))
        one.conversations.labeled(TASK)
        messages = one.quiet()
        assert one.conversations.view(one.id).pending is None
    assert texts_of(messages) == ["Three texts wait for you.", "All done."]
    assert runs[0] == runs[1] == {"task": TASK, "oracle": "human", "batch": 5}
    assert len(model.prompts) == 3  # one to begin, one to report each part


def test_one_may_talk_while_texts_wait_and_label_in_the_conversation(workspace: Path) -> None:
    def run(bench: Workbench, _: Mapping[str, Any]) -> dict[str, Any]:
        held = len(bench.labels.current(TASK))
        rule = "labels=3" if held else "waiting"
        return {"task": TASK, "stop": {"rule": rule, "reason": "."}, "answers_held": held}

    ids = [str(text_id(text)) for text in TEXTS[:3]]

    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        match messages[-1].text:
            case "label with me":
                return calls("run_rounds")
            case "all are other":
                return calls("label_texts", labels=dict.fromkeys(ids, "other"))
            case asked:
                return says(f"about: {asked[:20]}")

    with talk(workspace, ScriptedModel(script=script), jobs={"run_rounds": run}) as one:
        set_up(one.bench)
        assert wait_for_labels(one.bench) == ids
        one.say("label with me")
        one.say("how is the weather?")
        assert one.pending["texts"] == 3
        messages = one.say("all are other")
        assert one.conversations.view(one.id).pending is None
    assert [found["stop"]["rule"] for found in receipts(messages) if "stop" in found] == ["waiting", "labels=3"]


@pytest.mark.parametrize(("owner", "source"), [("ada", "human:ada"), ("local", "human")])
def test_labels_are_signed_by_whose_conversation_it_is(owner: str, source: str, workspace: Path) -> None:
    with talk(workspace, in_turn(calls("label_texts", labels={FIRST: "baby"}))) as one:
        set_up(one.bench)
        mine = one.conversations.create("mine", owner).id
        one.say("the first is for babies", to=mine)
        (label,) = one.bench.labels.current(TASK).values()
    assert label.answer.source == source


def test_labels_given_in_one_conversation_let_another_go_on(workspace: Path) -> None:
    def run(bench: Workbench, _: Mapping[str, Any]) -> dict[str, Any]:
        held = len(bench.labels.current(TASK))
        return {"task": TASK, "stop": {"rule": "done" if held else "waiting", "reason": "."}, "answers_held": held}

    ids = [str(text_id(text)) for text in TEXTS[:3]]
    model = in_turn(
        calls("run_rounds"),
        says("Three wait."),
        calls("label_texts", labels=dict.fromkeys(ids, "other")),
        says("Stored."),
    )
    with talk(workspace, model, jobs={"run_rounds": run}) as one:
        set_up(one.bench)
        wait_for_labels(one.bench)
        one.say("go")
        assert one.pending["texts"] == 3
        other = one.conversations.create("second", "ada").id
        one.say("all three are other", to=other)
        one.until(lambda: one.conversations.view(one.id).pending is None, "the first to go on")
        assert texts_of(one.quiet())[-1] == "done"


def test_a_run_that_waits_without_reason_is_not_begun_again_and_again(workspace: Path) -> None:
    runs: list[int] = []

    def run(_: Workbench, __: Mapping[str, Any]) -> dict[str, Any]:
        runs.append(1)
        return {"task": TASK, "stop": {"rule": "waiting", "reason": "."}, "answers_held": 0}

    with talk(workspace, in_turn(calls("run_rounds")), jobs={"run_rounds": run}) as one:
        set_up(one.bench)
        one.say("go")
        assert one.conversations.view(one.id).pending is None
    assert runs == [1]


def test_old_messages_are_left_out_and_the_facts_are_not(workspace: Path) -> None:
    long = "x" * 3_000
    model = in_turn()
    with talk(workspace, model) as one:
        set_up(one.bench, description="Find what is for babies.")
        for number in range(25):
            one.say(f"{number} {long}")
    sent = model.prompts[-1]
    assert sum(len(message.text) for message in sent[1:]) < 50_000
    assert isinstance(sent[1], HumanMessage)
    assert sent[-1].text.startswith("24 ")
    assert facts_of(model)["tasks"][0]["description"] == "Find what is for babies."


def test_the_state_forgets_what_is_long_ago_and_still_hears_of_jobs(workspace: Path) -> None:
    go_on = threading.Event()

    def read(_: Workbench, __: Mapping[str, Any]) -> dict[str, Any]:
        assert go_on.wait(60)
        return {"pool": POOL, "rows": 6}

    model = in_turn(calls("add_texts", file="sample:receipts"))
    with talk(workspace, model, jobs={"add_texts": read}) as one:
        one.conversations.send(one.id, "read it")
        for number in range(65):
            one.conversations.send(one.id, f"message {number}")
        one.until(lambda: not one.conversations.view(one.id).busy, "the messages to be answered")
        held = one.conversations.view(one.id).messages
        assert len(held) <= 122
        assert not receipts(held)
        go_on.set()
        messages = one.quiet()
    assert receipts(messages) == [{"pool": POOL, "rows": 6}]
    sent = model.prompts[-1]
    result = next(message for message in sent if isinstance(message, ToolMessage))
    assert read_block(result.text) == {"pool": POOL, "rows": 6}
    assert result.tool_call_id == sent[sent.index(result) - 1].tool_calls[0]["id"]  # type: ignore[attr-defined]


def test_a_message_too_many_and_a_conversation_that_is_not_there(workspace: Path) -> None:
    with talk(workspace, in_turn()) as one:
        with pytest.raises(AskAgain, match="empty"):
            one.conversations.send(one.id, "  ")
        with pytest.raises(UnknownName, match="no conversation"):
            one.conversations.send("nobody", "hello")
        with pytest.raises(UnknownName, match="no conversation"):
            one.conversations.view("nobody")
        with pytest.raises(AskAgain, match="Nothing waits"):
            one.conversations.resume(one.id, {"decision": "approve"})
