"""What is sent to the chat model: the system prompt with the facts of now, and as much of the conversation as fits."""

from collections.abc import Mapping, Sequence

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage

from agent import prompts
from agent.facts import facts_block
from agent.places import Places
from tools.workbench import Workbench

LONGEST = 48_000
"""Characters of the conversation that are sent, about 12,000 tokens; half as many where a model takes no more."""


def prompt(
    bench: Workbench, places: Places, current: Mapping[str, str], messages: Sequence[AnyMessage], *, longest: int
) -> list[BaseMessage]:
    """The messages to send. What is left out loses nothing: names and numbers stand in the facts."""
    system = f"{prompts.load('system').text}\n{facts_block(bench, places, current)}"
    return [SystemMessage(system), *recent(messages, longest)]


def recent(messages: Sequence[AnyMessage], longest: int) -> list[BaseMessage]:
    """The newest messages of at most `longest` characters, cut where a conversation may begin.

    An answer stays together with the results of its calls, the last message from outside is always there, and messages
    from outside that follow each other are joined: some endpoints take no two of them in a row.
    """
    groups = _groups(messages)
    kept: list[list[AnyMessage]] = []
    left = longest
    for group in reversed(groups):
        left -= sum(_size(message) for message in group)
        if kept and left < 0:
            break
        kept.insert(0, group)
    if kept and not isinstance(kept[0][0], HumanMessage):
        earlier = groups[: len(groups) - len(kept)]
        asked = next((group for group in reversed(earlier) if isinstance(group[0], HumanMessage)), [])
        kept.insert(0, asked)
    return _joined([message for group in kept for message in group])


def oldest(messages: Sequence[AnyMessage], *, keep: int) -> list[AnyMessage]:
    """The messages before the last `keep` or so, up to a message from outside: what a state need not hold for ever."""
    for place in range(max(len(messages) - keep, 0), 0, -1):
        if isinstance(messages[place], HumanMessage):
            return list(messages[:place])
    return []


def _groups(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    groups: list[list[AnyMessage]] = []
    for message in messages:
        if groups and not isinstance(message, HumanMessage | AIMessage):
            groups[-1].append(message)
        else:
            groups.append([message])
    return groups


def _joined(messages: Sequence[AnyMessage]) -> list[BaseMessage]:
    joined: list[BaseMessage] = []
    for message in messages:
        if joined and isinstance(message, HumanMessage) and isinstance(joined[-1], HumanMessage):
            joined[-1] = HumanMessage(f"{joined[-1].text}\n\n{message.text}", id=message.id)
        else:
            joined.append(message)
    return joined


def _size(message: AnyMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return len(message.text) + sum(len(str(call["args"])) for call in calls)
