"""The chat model at an OpenAI-compatible endpoint, and what went wrong there, sorted by what to do about it.

Nothing that an endpoint says in its errors is passed on: it may repeat the key or the conversation. Loaded only where
an endpoint is set: the client's library takes longer than all the rest of the agent.
"""

import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from openai import OpenAIError

from agent.model_faults import ChatUnavailable, PassingFault, TooLong, cannot_call_tools
from tools.engine.retrying import asked_wait, causes

_NO_TOOLS = re.compile(
    r"support (tool|function)|(tool|function)s? (is|are) not support|tool use|(tool|function)[ -]calling|"
    r"tool choice requires"
)
"""How endpoints say that a model takes no tools."""


class EndpointChat(ChatOpenAI):
    """ChatOpenAI whose errors are sorted, and which does not take a stream that just ends for a whole answer."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        finished = False
        try:
            for chunk in super()._stream(messages, stop=stop, run_manager=run_manager, **kwargs):
                finished = finished or bool((chunk.generation_info or {}).get("finish_reason"))
                yield chunk
        # langchain raises the built-in errors for a reply that is no chat completion.
        except (OpenAIError, ValueError, TypeError, LookupError) as error:
            raise sort_fault(error, endpoint=str(self.openai_api_base), model=self.model_name) from None
        if not finished:
            raise PassingFault("it stopped in the middle of its answer")


def sort_fault(
    error: openai.OpenAIError | ValueError | TypeError | LookupError, *, endpoint: str, model: str
) -> PassingFault | TooLong | ChatUnavailable:
    """The fault as what to do about it. `endpoint` is its address as it may be shown."""
    if isinstance(error, ContextOverflowError):
        return TooLong()
    if isinstance(error, openai.APITimeoutError):
        return PassingFault("it did not answer in time (LAUD_LLM_TIMEOUT)")
    if isinstance(error, openai.APIConnectionError):
        if any(isinstance(cause, ConnectionRefusedError | socket.gaierror) for cause in causes(error)):
            return ChatUnavailable(
                f"Nothing answers at {endpoint}. Start the chat model's endpoint, or set LAUD_LLM_BASE_URL to one that "
                "runs, and send the message again."
            )
        return PassingFault("the connection broke off")
    if isinstance(error, openai.APIStatusError):
        return _sort_status(error, endpoint=endpoint, model=model)
    return PassingFault("what it sent was no chat completion")


def _sort_status(error: openai.APIStatusError, *, endpoint: str, model: str) -> PassingFault | ChatUnavailable:
    status = error.status_code
    complaint = f"{error.message} {error.body}".casefold()
    if status in {400, 404, 422, 501} and (error.param in {"tools", "tool_choice"} or _NO_TOOLS.search(complaint)):
        return cannot_call_tools(model)
    if status in {401, 403}:
        return ChatUnavailable(
            f"The endpoint {endpoint} refuses the key ({status}). Set LAUD_LLM_API_KEY to a key that may use "
            f"{model!r}, start again, and send the message again."
        )
    if status == 404:
        return ChatUnavailable(
            f"The endpoint {endpoint} does not know the model {model!r} (404). Set LAUD_LLM_MODEL to one it serves, or "
            "mend LAUD_LLM_BASE_URL (it usually ends in /v1), and start again."
        )
    if status == 402 or error.code == "insufficient_quota":
        return ChatUnavailable(
            f"The account at {endpoint} has no credit left ({status}). Top it up and send the message again."
        )
    if status in {408, 409, 429} or status >= 500:
        header = error.response.headers.get("retry-after", "")
        return PassingFault(f"it answered {status}", wait=asked_wait(header, now=datetime.now(UTC)))
    return ChatUnavailable(
        f"The endpoint {endpoint} does not take the conversation ({status}). Begin a new one, or set another model in "
        "LAUD_LLM_MODEL."
    )
