"""A chat model that says what a test tells it to, and keeps what it was asked."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

Script = Callable[[Sequence[BaseMessage]], AIMessage]


class ScriptedModel(BaseChatModel):
    """Answers with what `script` makes of the messages; a script may raise what an endpoint's client would."""

    script: Script
    _prompts: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _tools: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def prompts(self) -> list[list[BaseMessage]]:
        """The messages of each question, in order."""
        return self._prompts

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools that were bound."""
        return self._tools

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "ScriptedModel":
        """Keep the tools; the script knows them anyway."""
        self._tools = list(tools)
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self._prompts.append(list(messages))
        return ChatResult(generations=[ChatGeneration(message=self.script(messages))])


def says(text: str) -> AIMessage:
    """An answer in words."""
    return AIMessage(text)


def calls(name: str, /, **args: Any) -> AIMessage:
    """An answer that calls one tool."""
    return calls_all((name, args))


def calls_all(*wanted: tuple[str, dict[str, Any]]) -> AIMessage:
    """An answer that calls several tools at once."""
    made = [ToolCall(name=name, args=args, id=uuid4().hex, type="tool_call") for name, args in wanted]
    return AIMessage("", tool_calls=made)


def in_turn(*answers: AIMessage | Exception) -> ScriptedModel:
    """A model that gives these answers one after the other, then "done"; an exception is raised instead."""
    left = iter(answers)
    lock = threading.Lock()

    def script(_: Sequence[BaseMessage]) -> AIMessage:
        with lock:
            answer = next(left, None)
        if isinstance(answer, Exception):
            raise answer
        # A copy: the same answer may stand twice in a script.
        return says("done") if answer is None else answer.model_copy(deep=True)

    return ScriptedModel(script=script)


def repeats(answers: Iterable[AIMessage]) -> ScriptedModel:
    """A model that gives these answers again and again."""
    kept = list(answers)
    count = iter(range(10**9))
    return ScriptedModel(script=lambda _: kept[next(count) % len(kept)].model_copy(deep=True))
