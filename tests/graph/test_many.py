"""Many conversations at once: no event is lost, none is mixed up, and each keeps its own order."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from tests.support.scripted_model import ScriptedModel, calls, says
from tests.support.talk import POOL, TASK, TEXTS, Talk, receipts, set_up, talk, texts_of
from tools.pool import text_id

CONVERSATIONS = 50
MESSAGES = 2


def script(messages: Sequence[BaseMessage]) -> AIMessage:
    """Looks at the pool, then says the message back with how many it has heard."""
    heard = [message.text for message in messages if isinstance(message, HumanMessage)]
    if isinstance(messages[-1], HumanMessage):
        return calls("inspect_pool", pool=POOL, show="texts", limit=1 + len(heard))
    return says(f"{heard[-1]}, message {len(heard)}")


def test_fifty_conversations_at_once_lose_no_event_and_mix_no_state(workspace: Path) -> None:
    with talk(workspace, ScriptedModel(script=script)) as one:
        set_up(one.bench)
        ids = [one.conversations.create(f"number {n}", "ada").id for n in range(CONVERSATIONS)]

        def send(conversation: str) -> None:
            for number in range(MESSAGES):
                one.conversations.send(conversation, f"{conversation} says {number}")

        with ThreadPoolExecutor(CONVERSATIONS) as senders:
            list(senders.map(send, ids))
        one.until(lambda: not one.bench.conversations.open_turns(), "all turns to end")
        for conversation in ids:
            check(one, conversation)
        everything = one.bench.events.read(limit=100_000)
    offsets = [event.offset for event in everything]
    assert offsets == sorted(set(offsets))
    assert {event.conversation for event in everything} == set(ids)


def check(one: Talk, conversation: str) -> None:
    """A conversation holds what was said in it, in order, and nothing else; so do its events."""
    messages = one.quiet(conversation)
    asked = [f"{conversation} says {number}" for number in range(MESSAGES)]
    answered = [f"{text}, message {number}" for number, text in enumerate(asked, start=1)]
    assert texts_of(messages, "user") == asked
    assert texts_of(messages) == answered
    assert [len(receipt["texts"]) for receipt in receipts(messages)] == [2, 3]
    kinds = ["turn.started", "message", "tool.started", "tool.finished", "message", "turn.finished"]
    # Whether an answer is slow enough for tokens is the machine's affair.
    events = [event for event in one.events(of=conversation) if event.kind != "token"]
    assert [event.kind for event in events] == kinds * MESSAGES
    said = [str(event.data["text"]) for event in events if event.kind == "message"]
    assert said == [text for pair in zip(asked, answered, strict=True) for text in pair]


def test_two_conversations_that_change_the_same_task_both_come_through(workspace: Path) -> None:
    def label(messages: Sequence[BaseMessage]) -> AIMessage:
        last = messages[-1]
        if isinstance(last, HumanMessage):
            return calls("label_texts", labels={last.text: "baby"})
        return says("stored")

    with talk(workspace, ScriptedModel(script=label)) as one:
        set_up(one.bench)
        ids = [one.conversations.create(f"number {n}", "ada").id for n in range(len(TEXTS))]
        for conversation, text in zip(ids, TEXTS, strict=True):
            one.conversations.send(conversation, str(text_id(text)))
        one.until(lambda: not one.bench.conversations.open_turns(), "all turns to end")
        assert len(one.bench.labels.current(TASK)) == len(TEXTS)
        assert not [event for event in one.bench.events.read(limit=10_000) if event.kind == "turn.failed"]
