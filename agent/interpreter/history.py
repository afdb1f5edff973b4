"""The messages as what a person said, what LAUD said and did, and what came of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent import prompts
from agent.data_blocks import read_block
from agent.interpreter.facts import Facts, read_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of the person."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The news that the job of a call has ended."""

    call: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """An answer of this model: its text and the calls in it, by id, with their tool and arguments."""

    text: str
    calls: Mapping[str, tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a call: a receipt, or words where there is none (an error, a refusal, a job that runs)."""

    call: str
    tool: str
    args: Mapping[str, Any]
    receipt: Mapping[str, Any]
    words: str


Entry = Said | Ended | Mine | Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation as far as it is known, with the facts of now."""

    facts: Facts
    entries: Sequence[Entry]

    @property
    def is_new(self) -> bool:
        """Whether nothing was said yet on this side."""
        return not any(isinstance(entry, Mine) and entry.text.strip() for entry in self.entries)

    def before(self, place: int) -> "Talk":
        """What came before an entry."""
        return Talk(facts=self.facts, entries=self.entries[:place])

    def last(self, kind: type[Entry]) -> int | None:
        """The place of the last entry of a kind."""
        return next((at for at in range(len(self.entries) - 1, -1, -1) if isinstance(self.entries[at], kind)), None)

    def of_call(self, call: str) -> tuple[int, Result | None]:
        """Where a call was made (-1 when that is forgotten), and what came of it."""
        made = [at for at, entry in enumerate(self.entries) if isinstance(entry, Mine) and call in entry.calls]
        results = [entry for entry in self.entries if isinstance(entry, Result) and entry.call == call]
        return (made[-1] if made else -1), (results[-1] if results else None)


def read_talk(messages: Sequence[BaseMessage]) -> Talk:
    """The conversation in these messages."""
    system = "\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {}
    entries: list[Entry] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            entries += _heard(message.text)
        elif isinstance(message, AIMessage):
            made = {call["id"] or "": (call["name"], call["args"]) for call in message.tool_calls}
            calls |= made
            entries.append(Mine(text=message.text, calls=made))
        elif isinstance(message, ToolMessage):
            tool, args = calls.get(message.tool_call_id, (message.name or "", {}))
            receipt = read_block(message.text)
            words = "" if receipt else message.text
            entries.append(Result(call=message.tool_call_id, tool=tool, args=args, receipt=receipt, words=words))
    return Talk(facts=read_facts(system), entries=entries)


def _heard(text: str) -> Iterator[Said | Ended]:
    """A message from outside: what the person said, and news of jobs; messages that follow each other come as one."""
    at = 0
    for found in _news().finditer(text):
        if said := text[at : found.start()].strip():
            yield Said(text=said)
        yield Ended(call=found["job"], status=found["status"])
        at = found.end()
    said = text[at:].strip()
    if said or at == 0:
        yield Said(text=said)


@cache
def _news() -> re.Pattern[str]:
    """What the program says when a job has ended."""
    marks = {"job": "\0job\0", "tool": "\0tool\0", "status": "\0status\0"}
    written = re.escape(Template(prompts.load("job_ended").text.strip()).safe_substitute(marks))
    for mark in marks:
        written = written.replace(re.escape(f"\0{mark}\0"), rf"(?P<{mark}>[^\n]{{1,200}}?)")
    return re.compile(written)
