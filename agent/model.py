"""The chat model: any OpenAI-compatible endpoint, or the built-in interpreter; its answers read strictly."""

import json
import re
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from agent.model_faults import ChatUnavailable, PassingFault, cannot_call_tools
from tools.settings import Settings

UNREADABLE = "unreadable_json"
"""The one argument of a call whose arguments could not be read; no tool has one of that name."""
SECONDS_BETWEEN_LOOKS = 0.2
"""How soon closing is noticed while an endpoint says nothing."""
_CALL_ID_LETTERS = string.ascii_letters + string.digits
_CALL_ID_LENGTH = 9
"""Some endpoints take ids of exactly nine letters and digits; there are 10^16 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an endpoint is given: tries an answer, seconds between them, and seconds that one answer may take.

    Waits double from `first_wait` on; an endpoint's Retry-After is kept to, up to `longest_wait`.
    """

    tries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 30.0
    longest_answer: float = 600.0


class Stopped(Exception):
    """The program is closing; the answer is given up and asked for again at the next start."""


def open_chat_model(settings: Settings) -> BaseChatModel:
    """The model of the settings; the built-in interpreter when no endpoint is set. Raises ChatUnavailable."""
    if settings.llm_base_url is None:
        from agent.interpreter import Interpreter  # noqa: PLC0415 - not needed where an endpoint is set

        return Interpreter()
    if settings.llm_model is None:
        raise ChatUnavailable(
            "LAUD_LLM_BASE_URL is set, LAUD_LLM_MODEL is not. Set it to a model of that endpoint that can call tools, "
            "or unset both to use the built-in interpreter."
        )
    from agent.endpoint import EndpointChat  # noqa: PLC0415 - as above

    return EndpointChat(
        model=settings.llm_model,
        base_url=settings.llm_base_url,
        api_key=settings.llm_api_key or SecretStr("none"),
        timeout=settings.llm_timeout,
        max_retries=0,
        use_responses_api=False,
    )


class Chat:
    """A chat model with the tools bound to it, asked with patience. Threads may share it."""

    def __init__(
        self, model: BaseChatModel, tools: Sequence[dict[str, Any]], *, patience: Patience | None = None
    ) -> None:
        self._model = model.bind_tools(list(tools))
        self._names = [str(tool["function"]["name"]) for tool in tools]
        self._patience = patience or Patience()
        self.name = str(getattr(model, "model_name", type(model).__name__))
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Give up answers under way at their next piece."""
        self._stopping.set()

    def answer(self, messages: Sequence[BaseMessage], say: Callable[[str, str], None]) -> AIMessage:
        """The model's answer; `say` gets the id of the message and each piece of its text as it comes.

        A try that broke off leaves pieces under an id that no message has in the end. Calls have ids of their own.
        Raises ChatUnavailable, TooLong, Stopped.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(PassingFault),
            stop=stop_after_attempt(self._patience.tries),
            wait=self._wait,
            reraise=True,
            sleep=self._sleep,
        )
        try:
            answer: AIMessage = retrying(self._try, messages, say)
        except PassingFault as fault:
            raise ChatUnavailable(
                f"The chat model {self.name!r} was asked {self._patience.tries} times; the last time {fault.note}. "
                "Nothing is lost: send the message again in a while."
            ) from None
        return answer

    def _try(self, messages: Sequence[BaseMessage], say: Callable[[str, str], None]) -> AIMessage:
        message_id = uuid4().hex
        answer = _joined(list(self._pieces(messages, lambda text: say(message_id, text))), message_id)
        if not answer.tool_calls and self._looks_like_call(answer.text):
            raise cannot_call_tools(self.name)
        if not answer.tool_calls and not answer.text.strip():
            raise PassingFault("it answered nothing")
        return answer

    def _pieces(self, messages: Sequence[BaseMessage], say: Callable[[str], None]) -> Iterator[AIMessage]:
        deadline = time.monotonic() + self._patience.longest_answer
        for piece in self._arriving(messages, deadline):
            if piece.text:
                say(piece.text)
            yield piece

    def _arriving(self, messages: Sequence[BaseMessage], deadline: float) -> Iterator[AIMessage]:
        """The pieces as they come, from a thread that is left alone when it waits for an endpoint at closing time."""
        pieces: SimpleQueue[AIMessage | BaseException | None] = SimpleQueue()

        def fetch() -> None:
            try:
                for piece in self._model.stream(list(messages)):
                    pieces.put(piece)
                pieces.put(None)
            except BaseException as error:  # noqa: BLE001 - raised again where the pieces are waited for
                pieces.put(error)

        # What LangGraph keeps in the context goes along, so that Studio sees the tokens.
        Thread(target=copy_context().run, args=(fetch,), name="laud-answer", daemon=True).start()
        while not self._stopping.is_set():
            if time.monotonic() > deadline:
                raise PassingFault(f"its answer took longer than {self._patience.longest_answer:g} seconds")
            try:
                piece = pieces.get(timeout=SECONDS_BETWEEN_LOOKS)
            except Empty:
                continue
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            yield piece
        raise Stopped

    def _looks_like_call(self, text: str) -> bool:
        """Whether an answer in words is a call that the endpoint did not recognise as one."""
        shown = re.sub(r"^(```\w*|<\W*\w+\W*>)\s*", "", text.strip())
        named = re.match(r'\{\s*"(?:name|tool|function|type)"\s*:', shown)
        return named is not None and any(f'"{name}"' in shown for name in self._names)

    def _wait(self, state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.wait if isinstance(fault, PassingFault) else None
        patience = self._patience
        backoff = wait_exponential(multiplier=patience.first_wait, max=patience.longest_wait)(state)
        return min(max(asked or 0.0, backoff), patience.longest_wait)

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped


def new_call_id() -> str:
    """An id for a call that no other call of any conversation has."""
    return "".join(secrets.choice(_CALL_ID_LETTERS) for _ in range(_CALL_ID_LENGTH))


def _joined(pieces: Sequence[AIMessage], message_id: str) -> AIMessage:
    """The pieces as one message of plain values, its calls read again from what was really sent."""
    if not pieces:
        raise PassingFault("it answered nothing")
    whole = pieces[0]
    if isinstance(whole, AIMessageChunk):
        rest = [piece for piece in pieces[1:] if isinstance(piece, AIMessageChunk)]
        whole = whole + rest if rest else whole
        # The parsed calls of a chunk are read leniently: a call that broke off would be done with cut numbers.
        calls = [_strict(chunk["name"], chunk["args"]) for chunk in whole.tool_call_chunks]
    else:
        calls = [_call(call["name"], call["args"]) for call in whole.tool_calls]
        calls += [_strict(call["name"], call["args"]) for call in whole.invalid_tool_calls]
    return AIMessage(content=str(whole.text), id=message_id, tool_calls=calls, usage_metadata=whole.usage_metadata)


def _strict(name: str | None, raw: str | None) -> ToolCall:
    try:
        args = json.loads(raw) if raw and raw.strip() else {}
    except ValueError:
        args = None
    return _call(name, args if isinstance(args, dict) else {UNREADABLE: (raw or "")[:200]})


def _call(name: str | None, args: dict[str, Any]) -> ToolCall:
    return ToolCall(name=name or "", args=args, id=new_call_id(), type="tool_call")
