"""Conversations with the interpreter as messages, in the forms in which the graph sends them."""

import json
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent import prompts
from agent.data_blocks import write_block
from agent.interpreter import Interpreter

NOTHING: dict[str, Any] = {"pools": [], "tasks": [], "current": {}, "llm": False, "jobs": [], "uploads": []}
POOL = {
    **NOTHING,
    "pools": [{"name": "receipts", "texts": 1600, "columns": ["id", "category"]}],
    "current": {"pool": "receipts"},
}
TASK = {
    "name": "baby-care",
    "pool": "receipts",
    "positive": "baby care",
    "oracle": None,
    "classes": [
        {"name": "baby care", "definition": "things for babies", "examples": ["nappies size 3"]},
        {"name": "other", "definition": "", "examples": []},
    ],
    "labels": 0,
    "waiting": 0,
    "rounds": 0,
}
SET = {**POOL, "tasks": [TASK], "current": {"pool": "receipts", "task": "baby-care"}}
RAN = {
    **SET,
    "tasks": [{**TASK, "oracle": "human", "rounds": 4, "last_round": {"round": 3, "status": "closed", "labels": 76}}],
    "llm": True,
}
SEVERAL = {
    **RAN,
    "tasks": [*RAN["tasks"], {**TASK, "name": "pets", "classes": ["pet care", "other"], "positive": "pet care"}],
    "current": {},
}
SCENES: Mapping[str, Mapping[str, Any]] = {
    "nothing": NOTHING,
    "pool": POOL,
    "set": SET,
    "ran": RAN,
    "several": SEVERAL,
    "waiting": {**SET, "tasks": [{**TASK, "oracle": "human", "waiting": 12}]},
    "running": {**RAN, "jobs": [{"id": "j1", "kind": "run_rounds", "status": "running"}]},
    "upload": {**NOTHING, "uploads": ["tickets.csv", "older.csv"]},
}
"""Workspaces as the facts of the system message show them."""


class Conversation:
    """A conversation in which the interpreter answers and the test plays the person and the tools."""

    def __init__(self, scene: str = "nothing") -> None:
        self.facts: Mapping[str, Any] = SCENES[scene]
        self.messages: list[BaseMessage] = []

    def say(self, text: str) -> AIMessage:
        """The answer to what the person says."""
        self.messages.append(HumanMessage(text))
        return self.answer()

    def result(self, receipt: Mapping[str, Any]) -> AIMessage:
        """The answer to the result of the latest call."""
        call = self.last.tool_calls[0]
        self.messages.append(_result(str(call["id"]), call["name"], receipt))
        return self.answer()

    def decided(self, receipt: Mapping[str, Any], typed: str) -> AIMessage:
        """The answer to a card that the person decided about in words, which come behind the call's result."""
        call = self.last.tool_calls[0]
        self.messages += [_result(str(call["id"]), call["name"], receipt), HumanMessage(typed)]
        return self.answer()

    def hears(self, text: str) -> None:
        """Something that the person said and that was not answered yet."""
        self.messages.append(HumanMessage(text))

    def job_starts(self) -> None:
        """The latest call runs as a job; the turn ends."""
        call = self.last.tool_calls[0]
        receipt = {"job": call["id"], "status": "queued", "note": "Runs as a job; you are told when it has ended."}
        self.messages.append(_result(str(call["id"]), call["name"], receipt))

    def job_ends(self, receipt: Mapping[str, Any], *, call: Mapping[str, Any], status: str = "done") -> AIMessage:
        """The answer to the news that a job has ended; its result takes the place of "runs as a job"."""
        done = _result(str(call["id"]), str(call["name"]), receipt)
        self.messages = [done if message.id == done.id else message for message in self.messages]
        template = Template(prompts.load("job_ended").text)
        news = template.substitute(job=call["id"], tool=call["name"], status=status)
        if self.messages and isinstance(self.messages[-1], HumanMessage):
            news = f"{self.messages.pop().text}\n\n{news}"
        self.messages.append(HumanMessage(news))
        return self.answer()

    def answer(self) -> AIMessage:
        """What the interpreter makes of the messages so far."""
        made = Interpreter().invoke([SystemMessage(system(self.facts)), *self.messages])
        assert isinstance(made, AIMessage)
        self.messages.append(AIMessage(made.content, tool_calls=made.tool_calls))
        return made

    @property
    def last(self) -> AIMessage:
        """The interpreter's latest answer."""
        return next(message for message in reversed(self.messages) if isinstance(message, AIMessage))


def system(facts: Mapping[str, Any]) -> str:
    """A system message that ends with these facts."""
    return f"You are LAUD.\n```json\n{json.dumps(facts)}\n```"


def called(answer: AIMessage) -> tuple[str, dict[str, Any]]:
    """The one call of an answer."""
    calls: Sequence[Any] = answer.tool_calls
    assert len(calls) == 1, answer.text
    return calls[0]["name"], calls[0]["args"]


def _result(call: str, tool: str, receipt: Mapping[str, Any]) -> ToolMessage:
    status = "error" if "error" in receipt else "success"
    return ToolMessage(write_block(tool, receipt), id=f"result-{call}", tool_call_id=call, name=tool, status=status)
