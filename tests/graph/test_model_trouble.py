"""What goes wrong with a chat model, over a real connection: each time clear words, and the conversation goes on."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.conversation import Said
from agent.model import Patience, open_chat_model
from agent.model_faults import ChatUnavailable
from tests.support.chat_endpoint import (
    NO_TOOLS,
    TOO_LONG,
    UNFINISHED,
    Body,
    ChatEndpoint,
    Reply,
    call,
    in_order,
    words,
)
from tests.support.openai_endpoint import KEY, MODEL, Fault
from tests.support.talk import HASTE, TASK, TEXTS, receipts, set_up, talk, texts_of
from tools.engine.records import Event
from tools.pool import text_id
from tools.settings import Settings

FIRST = str(text_id(TEXTS[0]))
BUSY = Fault(status=429, message="slow down")
LABEL = call("label_texts", labels={FIRST: "baby"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a conversation left behind."""

    messages: Sequence[Said]
    events: Sequence[Event]

    @property
    def failures(self) -> list[str]:
        """What the person was told of turns that failed."""
        return [str(event.data["error"]) for event in self.events if event.kind == "turn.failed"]

    @property
    def receipts(self) -> list[Mapping[str, Any]]:
        """What the tools answered."""
        return receipts(self.messages)

    @property
    def answers(self) -> list[str]:
        """What the agent said."""
        return texts_of(self.messages)


def say(workspace: Path, endpoint: ChatEndpoint, *texts: str, patience: Patience = HASTE, **settings: Any) -> Heard:
    """A conversation of these messages with the endpoint; where the workspace holds one, it goes on."""
    model = open_chat_model(Settings(**endpoint.settings(**settings)))
    with talk(workspace, model, patience=patience) as one:
        if TASK not in one.bench.tasks.names():
            set_up(one.bench)
        for text in texts:
            one.say(text)
        return Heard(messages=one.conversations.view(one.id).messages, events=one.events())


def test_words_and_calls_come_through_a_stream(workspace: Path) -> None:
    with ChatEndpoint(in_order(LABEL, words("The first one is for babies now."))) as endpoint:
        heard = say(workspace, endpoint, "the first is for babies")
    assert heard.answers == ["The first one is for babies now."]
    assert heard.receipts[0]["stored"] == 1
    assert not heard.failures
    first, second = endpoint.bodies()
    assert first["stream"] is True
    assert first["model"] == MODEL
    assert len(first["tools"]) == 14
    roles = [message["role"] for message in second["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]


def test_tokens_come_as_they_are_said_put_together(workspace: Path) -> None:
    said = "one two three " * 60
    with ChatEndpoint(in_order(words(said)), pace=0.002) as endpoint:
        heard = say(workspace, endpoint, "count")
    tokens = [event for event in heard.events if event.kind == "token"]
    (message,) = [event for event in heard.events if event.kind == "message" and event.data["role"] == "assistant"]
    assert 1 < len(tokens) < 60  # 140 pieces were sent
    assert message.data["text"] == said
    assert said.startswith("".join(event.data["text"] for event in tokens))
    assert {event.data["message"] for event in tokens} == {message.data["id"]}
    assert all(event.offset < message.offset for event in tokens)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"llm_api_key": "sk-wrong"}, r"refuses the key \(401\). Set LAUD_LLM_API_KEY"),
        ({"llm_model": "no-such-model"}, r"does not know the model 'no-such-model' \(404\). Set LAUD_LLM_MODEL"),
    ],
)
def test_a_wrong_key_or_model_is_said_once_and_clearly(settings: dict[str, Any], said: str, workspace: Path) -> None:
    with ChatEndpoint(in_order()) as endpoint:
        heard = say(workspace, endpoint, "hello", **settings)
        assert len(endpoint.requests) == 1
        assert len(heard.failures) == 1
        assert KEY not in str(heard.events)
        assert "sk-wrong" not in str(heard.events)
        assert re.search(said, heard.failures[0])
        # With the setting mended the same conversation goes on.
        heard = say(workspace, endpoint, "hello again")
    assert heard.answers == ["done"]
    assert texts_of(heard.messages, "user") == ["hello", "hello again"]
    # Two messages without an answer between them are sent as one: some endpoints take no two in a row.
    assert [message["role"] for message in endpoint.bodies()[-1]["messages"]] == ["system", "user"]


def test_an_endpoint_that_is_not_there(workspace: Path) -> None:
    endpoint = ChatEndpoint(in_order())
    with endpoint:
        pass
    heard = say(workspace, endpoint, "hello")
    (told,) = heard.failures
    assert told.startswith(f"Nothing answers at {endpoint.url}. Start the chat model's endpoint, or set")


@pytest.mark.parametrize(
    "reply",
    [
        NO_TOOLS,
        Fault(status=404, message="No endpoints found that support tool use"),
        Fault(status=400, message='"auto" tool choice requires --enable-auto-tool-choice'),
        Fault(content='{"name": "delete_task", "arguments": {"task": "babies"}}'),
        Fault(content='```json\n{"name": "delete_task", "parameters": {"task": "babies"}}\n```'),
        Fault(content='<tool_call>\n{"name": "delete_task", "arguments": {"task": "babies"}}\n</tool_call>'),
    ],
    ids=["ollama", "openrouter", "vllm", "as text", "as code", "as tags"],
)
def test_a_model_without_tool_calling(reply: Fault, workspace: Path) -> None:
    with ChatEndpoint(in_order(), faults=[reply]) as endpoint:
        heard = say(workspace, endpoint, "delete it", "hello")
    assert heard.failures[0].startswith(f"The model {MODEL!r} cannot call tools, so it cannot work here.")
    assert heard.answers == ["done"]
    assert not heard.receipts


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        (BUSY, "it answered 429"),
        (Fault(status=500), "it answered 500"),
        (Fault(status=503), "it answered 503"),
        (Fault(cut=True), "the connection broke off"),
        (UNFINISHED, "it stopped in the middle of its answer"),
        (Fault(hold=True), "it did not answer in time"),
        (Fault(body=b"data: {broken\n\n", content_type="text/event-stream"), "what it sent was no chat completion"),
        (Fault(body=b"<html>hello</html>", content_type="text/html"), "it stopped in the middle of its answer"),
        (Fault(content=" "), "it answered nothing"),
    ],
    ids=["429", "500", "503", "cut", "unfinished", "timeout", "broken", "html", "empty"],
)
@pytest.mark.parametrize("times", [1, 3], ids=["passing", "lasting"])
def test_trouble_that_may_pass_is_tried_again_and_then_said(
    fault: Fault, note: str, times: int, workspace: Path
) -> None:
    # The first request calls a tool; the fault strikes when the model is to report, so a second call would be seen.
    with ChatEndpoint(in_order(LABEL), faults=[None, *[fault] * times]) as endpoint:
        patience = 0.3 if fault.hold else 30.0
        heard = say(workspace, endpoint, "the first is for babies", "and?", llm_timeout=patience)
    assert len(heard.receipts) == 1
    if times == 1:
        assert not heard.failures
        assert heard.answers == ["done", "done"]
    else:
        (told,) = heard.failures
        assert told.startswith(f"The chat model {MODEL!r} was asked 3 times; the last time {note}")
        assert heard.answers == ["done"]


def test_what_was_half_said_is_not_kept(workspace: Path) -> None:
    said = in_order(words("I was about to say something long"), words("Short."))
    with ChatEndpoint(said, faults=[Fault(cut=True)], pace=0.0) as endpoint:
        heard = say(workspace, endpoint, "talk")
    assert heard.answers == ["Short."]
    assert [event.data["text"] for event in heard.events if event.kind == "message"] == ["talk", "Short."]


def test_a_call_that_breaks_off_is_not_done_with_half_its_arguments(workspace: Path) -> None:
    cut = Reply(calls=(("undo", '{"task": "babies", "count": 1'),))
    with ChatEndpoint(in_order(LABEL, cut, words("done"))) as endpoint:
        heard = say(workspace, endpoint, "label and undo")
    assert "no JSON object" in heard.receipts[1]["error"]
    # What goes back to the endpoint is JSON all the same.
    for message in endpoint.bodies()[-1]["messages"]:
        for made in message.get("tool_calls", []):
            json.loads(made["function"]["arguments"])


WRONG: dict[str, tuple[Reply, str]] = {
    "unknown tool": (call("drop_database"), "There is no tool 'drop_database'. The tools are: add_texts, inspect_pool"),
    "no name": (Reply(calls=(("", "{}"),)), "There is no tool ''."),
    "broken JSON": (Reply(calls=(("undo", '{"count": 1,,}'),)), "no JSON object"),
    "a list": (Reply(calls=(("undo", "[1]"),)), "no JSON object"),
    "unknown argument": (call("undo", number=2), "number: Extra inputs are not permitted"),
    "wrong type": (call("undo", count="many"), "count: Input should be a valid integer"),
    "out of range": (call("undo", count=0), "count: Input should be greater than or equal to 1"),
    "missing": (call("delete_task"), "task: Field required"),
    "unknown task": (call("show_results", task="cats"), "There is no task 'cats'. There are: 'babies'."),
    "unknown pool": (call("inspect_pool", pool="cats"), "There is no pool 'cats'."),
    "unknown label": (call("label_texts", labels={FIRST: "cat"}), "cat"),
    "no such file": (call("add_texts", file="/etc/passwd"), "There is no uploaded file '/etc/passwd'."),
    "out of the exports": (call("export", out="../../x"), "give a plain name, not the path '../../x'"),
    "a file to replay": (call("run_rounds", oracle="replay:/etc/passwd:x"), "There is no uploaded file '/etc/passwd'."),
    "a file in a panel": (
        call("run_rounds", oracle="vote:human,replay:/etc/passwd:x"),
        "There is no uploaded file '/etc/passwd'.",
    ),
    "a file to check by": (call("run_rounds", gate="replay:/etc/passwd:x"), "There is no uploaded file '/etc/passwd'."),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_call_is_answered_in_words_and_the_model_mends_it(wrong: str, workspace: Path) -> None:
    reply, error = WRONG[wrong]
    with ChatEndpoint(in_order(reply, LABEL, words("mended"))) as endpoint:
        heard = say(workspace, endpoint, "go")
    assert error in heard.receipts[0]["error"]
    assert heard.receipts[1]["stored"] == 1
    assert heard.answers == ["mended"]
    assert not heard.failures


@pytest.mark.parametrize("wrong", ["unknown tool", "broken JSON", "unknown task"])
def test_the_same_failing_call_is_stopped_after_three(wrong: str, workspace: Path) -> None:
    reply, error = WRONG[wrong]
    with ChatEndpoint(lambda _: reply) as endpoint:
        heard = say(workspace, endpoint, "go")
        assert len(endpoint.requests) == 3
        assert [error in receipt["error"] for receipt in heard.receipts] == [True] * 3
        assert "3 times with the same arguments and it failed each time" in heard.answers[-1]
        assert not heard.failures
        # The person can go on, and the model may try again.
        say(workspace, endpoint, "try again")
        assert len(endpoint.requests) == 6


def test_a_model_that_never_comes_to_an_end_is_stopped(workspace: Path) -> None:
    with ChatEndpoint(lambda body: call("inspect_pool", show="texts", limit=len(body["messages"]))) as endpoint:
        heard = say(workspace, endpoint, "go")
    assert len(endpoint.requests) == 21
    assert "I have taken 20 steps" in heard.answers[-1]


def test_calls_with_the_same_id_again_and_again_are_told_apart(workspace: Path) -> None:
    # Some servers number the calls of each answer from 0, or give none.
    def reply(body: Body) -> Reply:
        done = sum(message["role"] == "tool" for message in body["messages"])
        chosen = str(text_id(TEXTS[min(done, 2)]))
        return call("label_texts", labels={chosen: "baby"}) if done < 3 else words("three are labeled")

    with ChatEndpoint(reply) as endpoint:
        heard = say(workspace, endpoint, "label three")
    assert [receipt["stored"] for receipt in heard.receipts] == [1, 1, 1]


def test_a_conversation_too_long_for_the_model_is_sent_shorter(workspace: Path) -> None:
    def reply(_: Body) -> Reply:
        return words("x" * 900)

    with ChatEndpoint(reply) as endpoint:
        say(workspace, endpoint, *[f"{n} {'y' * 3000}" for n in range(8)])
        endpoint.faults.append(TOO_LONG)
        endpoint.faults.append(TOO_LONG)
        heard = say(workspace, endpoint, "and now?")
    sizes = [len(json.dumps(body["messages"][1:])) for body in endpoint.bodies()[-3:]]
    assert sizes[0] > sizes[1] > sizes[2]
    assert endpoint.bodies()[-1]["messages"][-1]["content"] == "and now?"
    assert not heard.failures


def test_an_endpoint_that_asks_to_wait_is_waited_for_up_to_a_limit(workspace: Path) -> None:
    patience = Patience(tries=2, first_wait=0.01, longest_wait=0.2)
    fault = Fault(status=429, headers={"Retry-After": "3600"})
    with ChatEndpoint(in_order(), faults=[fault]) as endpoint:
        heard = say(workspace, endpoint, "hello", patience=patience)
    assert endpoint.requests[1].at - endpoint.requests[0].at >= 0.19
    assert heard.answers == ["done"]


def test_an_endpoint_without_a_model_is_said_before_anything_is_sent() -> None:
    with pytest.raises(ChatUnavailable, match="LAUD_LLM_BASE_URL is set, LAUD_LLM_MODEL is not"):
        open_chat_model(Settings(llm_base_url="http://127.0.0.1:9/v1"))


def test_closing_does_not_wait_for_an_endpoint_that_says_nothing(workspace: Path) -> None:
    with ChatEndpoint(in_order(words("I am back.")), faults=[Fault(hold=True)]) as endpoint:
        model = open_chat_model(Settings(**endpoint.settings(llm_timeout=60.0)))
        with talk(workspace, model) as one:
            one.conversations.send(one.id, "hello")
            one.until(lambda: endpoint.requests, "the endpoint to be asked")
            began = time.monotonic()
        assert time.monotonic() - began < 20
        with talk(workspace, model) as again:
            assert texts_of(again.quiet()) == ["I am back."]


def test_closing_gives_up_an_answer_and_the_next_start_asks_again(workspace: Path) -> None:
    asked: list[Body] = []

    def reply(body: Body) -> Reply:
        asked.append(body)
        return words("slow answer " * 200 if len(asked) == 1 else "quick")

    with ChatEndpoint(reply, pace=0.02) as endpoint:
        model = open_chat_model(Settings(**endpoint.settings()))
        with talk(workspace, model) as one:
            set_up(one.bench)
            one.conversations.send(one.id, "hello")
            one.until(lambda: one.events("token"), "the answer to begin")
        with talk(workspace, model) as again:
            assert texts_of(again.quiet()) == ["quick"]
            assert not again.failures()
            assert len(again.events("turn.finished")) == 1
