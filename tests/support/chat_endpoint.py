"""The loopback endpoint as a chat model: answers in words or with tool calls, streamed piece by piece.

The faults are those of the endpoint for labels, and a few that only streams and tool calls have.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.openai_endpoint import KEY, MODEL, Fault, OpenAIEndpoint, Request
from tools.settings import Settings

NO_TOOLS = Fault(status=400, code="invalid_request_error", message="registry/tiny does not support tools")
TOO_LONG = Fault(status=400, code="context_length_exceeded", message="context_length_exceeded: 9000 of 8192 tokens")
UNFINISHED = Fault(finish_reason="")
"""The stream ends as if all were said, but nothing says so."""
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: words, and calls as name → arguments in JSON, right or wrong."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    ids: tuple[str, ...] = field(default=())


def words(text: str) -> Reply:
    """An answer in words."""
    return Reply(text=text)


def call(name: str, /, **args: Any) -> Reply:
    """An answer that calls a tool."""
    return Reply(calls=((name, json.dumps(args)),))


class ChatEndpoint(OpenAIEndpoint):
    """A chat model over HTTP. `reply` is the model: it takes the request's body and gives the answer."""

    def __init__(
        self, reply: Callable[[Body], Reply], *, faults: Iterable[Fault | None] = (), pace: float = 0.0
    ) -> None:
        super().__init__(lambda _: "", faults=faults)
        self.reply = reply
        self.content_type = "text/event-stream"
        self.pace = pace

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The settings under which LAUD talks to it."""
        return {"llm_base_url": self.url, "llm_api_key": KEY, "llm_model": MODEL, **changes}

    def open_settings(self, **changes: Any) -> Settings:
        """The same as an object."""
        return Settings(**self.settings(**changes))

    def bodies(self) -> list[Body]:
        """What was asked, one a request."""
        return [request.body for request in self.requests]

    def completion(self, request: Request, fault: Fault | None) -> bytes:
        """The answer as server-sent events."""
        made = self.reply(request.body)
        if fault is not None and fault.content is not None:
            made = words(fault.content)
        finish = "tool_calls" if made.calls else "stop"
        if fault is not None and fault.finish_reason != "stop":
            finish = fault.finish_reason
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in _pieces(made.text, 6)]
        for index, (name, raw) in enumerate(made.calls):
            call_id = made.ids[index] if index < len(made.ids) else f"call_{index}"
            begin = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
            deltas.append({"tool_calls": [begin]})
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in _pieces(raw, 12)
            ]
        events = [_chunk(delta) for delta in deltas]
        if finish:
            events.append(_chunk({}, finish))
        lines = [f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events]
        return "".join([*lines, "data: [DONE]\n\n"] if finish else lines).encode()


def in_order(*replies: Reply) -> Callable[[Body], Reply]:
    """A model that gives these answers one after the other, then "done"."""
    left = iter(replies)
    return lambda _: next(left, words("done"))


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}


def _pieces(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]
