"""What went wrong at an OpenAI-compatible endpoint, sorted by what to do about it.

Nothing that an endpoint says in its errors is passed on: it may repeat the key or the text.
"""

import json
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import aiohttp

from tools.engine.errors import OracleUnavailable
from tools.engine.retrying import asked_wait, causes

_REFUSABLE = {
    "response_format": ("response_format", "json_schema", "structured output", "guided"),
    "tools": ("tool", "function call"),
    "logprobs": ("logprob",),
    "temperature": ("temperature",),
    "max_completion_tokens": ("max_completion_tokens",),
    "max_tokens": ("max_tokens",),
}
"""Optional parameters, with the words by which endpoints name them when they refuse them."""


LONGEST_COMPLAINT = 4_000
"""Bytes of an error's body that are looked at."""
BUSY = frozenset({429, 503, 529})
"""What endpoints answer that have too much to do."""


class Refusal(Exception):
    """An answer of another status than 200, as it came."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers
        self.complaint = body[:LONGEST_COMPLAINT].decode(errors="replace").casefold()
        self.code = _code(body)


class PassingFault(Exception):
    """May go away: try again, after `wait` seconds where the endpoint said so.

    `refused` says that the endpoint has too much to do; `headers` are those of its reply.
    """

    def __init__(
        self,
        note: str,
        *,
        wait: float | None = None,
        unreachable: bool = False,
        refused: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(note)
        self.note = note
        self.wait = wait
        self.unreachable = unreachable
        self.refused = refused
        self.headers = headers or {}


class ItemFault(Exception):
    """Lies with the texts of this one request: they stay unanswered, the others go on."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


def refused_options(error: Exception, sent: set[str]) -> set[str]:
    """The optional parameters among `sent` that the endpoint says it does not take."""
    if not isinstance(error, Refusal) or error.status not in {400, 422}:
        return set()
    return {
        option
        for option, words in _REFUSABLE.items()
        if option in sent and any(word in error.complaint for word in words)
    }


def sort_fault(error: Exception, *, endpoint: str, model: str) -> PassingFault | ItemFault | OracleUnavailable:
    """The fault as what to do about it. `endpoint` is its address as it may be shown."""
    if isinstance(error, Refusal):
        return _sort_status(error, endpoint=endpoint, model=model)
    if isinstance(error, TimeoutError):
        return PassingFault("The endpoint did not answer in time.")
    if isinstance(error, aiohttp.ClientError | OSError):
        unreachable = any(isinstance(cause, ConnectionRefusedError | socket.gaierror) for cause in causes(error))
        return PassingFault("The connection to the endpoint failed.", unreachable=unreachable)
    return PassingFault("The endpoint's answer was no chat completion.")


def unreachable(endpoint: str) -> OracleUnavailable:
    """The error for an address that takes no connections."""
    return OracleUnavailable(
        f"Nothing answers at {endpoint}. Start the endpoint, or set LAUD_LLM_BASE_URL to one that runs; "
        "the same command then goes on where this one stopped."
    )


def keeps_failing(endpoint: str, *, tries: int, last: str) -> OracleUnavailable:
    """The error for an endpoint that failed again and again, whatever it was asked."""
    return OracleUnavailable(
        f"The endpoint {endpoint} failed at least {tries} times in a row, for several texts and with growing pauses. "
        f"Last: {last} Try later with the same command, which goes on where this one stopped, or set another endpoint."
    )


def asks_too_long(endpoint: str, wait: float) -> OracleUnavailable:
    """The error for an endpoint that wants to be left alone for longer than anyone waits."""
    return OracleUnavailable(
        f"The endpoint {endpoint} asks to wait {wait:,.0f} seconds. Give the same command again then: it goes on where "
        "this one stopped."
    )


def _sort_status(error: Refusal, *, endpoint: str, model: str) -> PassingFault | ItemFault | OracleUnavailable:
    status = error.status
    if status in {401, 403}:
        return OracleUnavailable(
            f"The endpoint {endpoint} refuses the key ({status}). Set LAUD_LLM_API_KEY to a key that may use {model!r}."
        )
    if status == 404:
        return OracleUnavailable(
            f"The endpoint {endpoint} does not know the model {model!r} (404). Set LAUD_LLM_MODEL to one it serves, "
            "or mend LAUD_LLM_BASE_URL (it usually ends in /v1)."
        )
    if status == 402 or error.code == "insufficient_quota":
        return OracleUnavailable(
            f"The account at {endpoint} has no credit left ({status}). Top it up, then give the same command again."
        )
    if status in {408, 409, 429} or status >= 500:
        return PassingFault(
            f"The endpoint answered {status}.",
            wait=_wait(error.headers),
            refused=status in BUSY,
            headers=error.headers,
        )
    return ItemFault(f"The endpoint does not take this text ({status}{' ' if error.code else ''}{error.code}).")


def _code(body: bytes) -> str:
    """The code of an error; empty where it has none that is a plain word."""
    with suppress(ValueError, TypeError, LookupError, AttributeError):
        code = json.loads(body)["error"]["code"]
        return code if re.fullmatch(r"\w{1,40}", code) else ""
    return ""


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by Retry-After, or by the finer header that OpenAI sends beside it."""
    with suppress(KeyError, ValueError):
        return max(float(headers["retry-after-ms"]) / 1_000, 0.0)
    return asked_wait(headers.get("retry-after", ""), now=datetime.now(UTC))
