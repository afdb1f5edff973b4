"""Reading a language model's reply: the choice it made, and how probable its tokens were."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_THOUGHTS = re.compile(r"^.*</think>", re.DOTALL)
_FENCE = re.compile(r"^```\w*\s*(.*?)\s*```$", re.DOTALL)
_LABEL = re.compile(r'"label"\s*:\s*"((?:[^"\\]|\\.)*)"')
_AROUND = " \t\r\n\"'`*."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A valid reply: the choice, the confidence it states, and the place of the choice in the raw reply."""

    choice: str
    stated: float | None
    start: int
    end: int


def read_reply(raw: str, choices: Sequence[str]) -> Reply | None:
    """The reply, or None when it is anything but one of `choices`, as JSON or as a bare name.

    Thoughts that some models put before the reply, and a code fence around it, are passed over.
    """
    body = _THOUGHTS.sub("", raw).strip()
    fenced = _FENCE.match(body)
    body = fenced.group(1) if fenced else body
    stated: float | None = None
    content = body.strip(_AROUND)
    if body.startswith("{"):
        try:
            fields = json.loads(body)
        except ValueError:
            return None
        stated = _probability(fields.get("confidence"))
        content = str(fields.get("label", ""))
    by_name = {choice.strip().casefold(): choice for choice in choices}
    choice = by_name.get(content.strip().casefold())
    if choice is None:
        return None
    start, end = _place(raw, body, content)
    return Reply(choice=choice, stated=stated, start=start, end=end)


def _place(raw: str, body: str, content: str) -> tuple[int, int]:
    offset = raw.rindex(body)
    found = _LABEL.search(raw, offset)
    if found:
        return found.span(1)
    start = raw.find(content, offset)
    return (start, start + len(content)) if start >= 0 else (offset, offset)


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def token_probability(raw: str, tokens: Sequence[Mapping[str, Any]], reply: Reply) -> float | None:
    """The probability that the model gave to the tokens of the choice; None where the tokens do not spell the reply.

    `tokens` are the entries of a chat completion's `logprobs.content`. They are compared as bytes, because one
    character may be spread over several tokens.
    """
    start, end = len(raw[: reply.start].encode()), len(raw[: reply.end].encode())
    spelled, total, met = b"", 0.0, 0
    for token in tokens:
        piece, logprob = token.get("bytes"), token.get("logprob")
        if not isinstance(logprob, int | float):
            return None
        place = len(spelled)
        spelled += bytes(piece) if isinstance(piece, list) else str(token.get("token", "")).encode()
        if place < end and len(spelled) > start:
            total += logprob
            met += 1
    if not met or spelled != raw.encode():
        return None
    return min(math.exp(total), 1.0)
