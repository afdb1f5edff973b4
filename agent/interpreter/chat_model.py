"""The built-in interpreter as a chat model: what is said and called next, from the messages alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from agent.interpreter.acts import Act
from agent.interpreter.history import read_talk
from agent.interpreter.planning import next_act
from agent.interpreter.wording import INTRODUCTION

PIECE = 40
"""Characters of a piece of a streamed answer, about."""


class Interpreter(BaseChatModel):
    """Understands a documented set of requests in English (`docs/chat.md`); no language model, and says so once.

    Keeps no state: the same messages give the same answer. Only messages of the person are read as requests; texts that
    tools bring are only quoted.
    """

    @property
    def _llm_type(self) -> str:
        return "laud-interpreter"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],  # noqa: ARG002 - it knows its tools
        *,
        tool_choice: str | None = None,  # noqa: ARG002 - as above
        **kwargs: Any,  # noqa: ARG002 - as above
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The interpreter itself: the tools it calls are fixed."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - answers are short
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - nothing to report
        **kwargs: Any,  # noqa: ARG002 - no options
    ) -> ChatResult:
        act = answer(messages)
        calls = [] if act.tool is None else [{"name": act.tool, "args": dict(act.args), "id": uuid4().hex}]
        return ChatResult(generations=[ChatGeneration(message=AIMessage(act.text, tool_calls=calls))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        made = self._generate(messages, stop, run_manager, **kwargs).generations[0].message
        pieces = list(_pieces(str(made.text)))
        for piece in pieces:
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        calls = made.tool_calls if isinstance(made, AIMessage) else []
        if calls or not pieces:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_calls=calls))


def answer(messages: Sequence[BaseMessage]) -> Act:
    """What comes next; the first text of a conversation says what answers here."""
    talk = read_talk(messages)
    act = next_act(talk)
    if act.text and talk.is_new:
        return Act(text=f"{INTRODUCTION}\n\n{act.text}", tool=act.tool, args=act.args)
    return act


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end between two words."""
    while len(text) > PIECE:
        cut = text.find(" ", PIECE) + 1
        if cut == 0:
            break
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text
