"""What a conversation remembers between two steps: messages, names and ids; never texts of a pool by the thousand."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.graph.message import add_messages


class State(TypedDict, total=False):
    """The graph's state.

    `facts` are the names the conversation is about: pool, task, file. `waiting` names the task whose texts wait for a
    person and the call that goes on when they are labeled. `approved` are ids of calls that the person allowed. `notes`
    are messages that came while a call was open; they go in before the model's next answer.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    facts: dict[str, str]
    waiting: dict[str, str]
    approved: list[str]
    notes: list[AnyMessage]


def open_calls(state: State) -> list[ToolCall]:
    """The calls of the model's latest answer that have no result yet, in order."""
    answered: set[str] = set()
    for message in reversed(state.get("messages", [])):
        if isinstance(message, ToolMessage):
            answered.add(message.tool_call_id)
        elif isinstance(message, AIMessage):
            return [call for call in message.tool_calls if call["id"] not in answered]
    return []


def call_of(state: State, call_id: str) -> tuple[AIMessage, ToolCall] | None:
    """The call of that id and the answer it stands in; None when the state holds it no longer."""
    for message in reversed(state.get("messages", [])):
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                if call["id"] == call_id:
                    return message, call
    return None


def stretch(state: State) -> Sequence[AnyMessage]:
    """The messages since the last one that came from outside: what the model did with it so far."""
    messages = state.get("messages", [])
    for place in range(len(messages) - 1, -1, -1):
        if isinstance(messages[place], HumanMessage):
            return messages[place + 1 :]
    return messages


def is_known(state: State, message_id: str) -> bool:
    """Whether a message of that id went in already."""
    held = (*state.get("messages", []), *state.get("notes", []))
    return any(message.id == message_id for message in held)
