"""What went wrong at an OpenAI-compatible endpoint, sorted by what to do about it.

Nothing that an endpoint says in its errors is passed on: it may repeat the key or the text.
"""

import re
import socket
from datetime import UTC, datetime

import openai

from tools.engine.errors import OracleUnavailable
from tools.engine.retrying import asked_wait, causes

_REFUSABLE = {
    "response_format": ("response_format", "json_schema", "structured output", "guided"),
    "logprobs": ("logprob",),
    "temperature": ("temperature",),
    "max_completion_tokens": ("max_completion_tokens",),
    "max_tokens": ("max_tokens",),
}
"""Optional parameters, with the words by which endpoints name them when they refuse them."""


class PassingFault(Exception):
    """May go away: try again, after `wait` seconds where the endpoint said so."""

    def __init__(self, note: str, *, wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(note)
        self.note = note
        self.wait = wait
        self.unreachable = unreachable


class ItemFault(Exception):
    """Lies with this one text: it stays unanswered, the others go on."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


def refused_options(error: Exception, sent: set[str]) -> set[str]:
    """The optional parameters among `sent` that the endpoint says it does not take."""
    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        return set()
    complaint = f"{error.param} {error.message} {error.body}".casefold()
    return {
        option for option, words in _REFUSABLE.items() if option in sent and any(word in complaint for word in words)
    }


def sort_fault(error: Exception, *, endpoint: str, model: str) -> PassingFault | ItemFault | OracleUnavailable:
    """The fault as what to do about it. `endpoint` is its address as it may be shown."""
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return PassingFault("The endpoint did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        unreachable = any(isinstance(cause, ConnectionRefusedError | socket.gaierror) for cause in causes(error))
        return PassingFault("The connection to the endpoint failed.", unreachable=unreachable)
    if isinstance(error, openai.APIStatusError):
        return _sort_status(error, endpoint=endpoint, model=model)
    return PassingFault("The endpoint's answer was no chat completion.")


def unreachable(endpoint: str) -> OracleUnavailable:
    """The error for an address that takes no connections."""
    return OracleUnavailable(
        f"Nothing answers at {endpoint}. Start the endpoint, or set LAUD_LLM_BASE_URL to one that runs; "
        "the same command then goes on where this one stopped."
    )


def keeps_failing(endpoint: str, *, times: int, last: str) -> OracleUnavailable:
    """The error for an endpoint that failed for several texts in a row, each tried several times."""
    return OracleUnavailable(
        f"The endpoint {endpoint} failed for {times} texts in a row, each tried several times. Last: {last} "
        "Try later with the same command, which goes on where this one stopped, or set another endpoint."
    )


def _sort_status(
    error: openai.APIStatusError, *, endpoint: str, model: str
) -> PassingFault | ItemFault | OracleUnavailable:
    status = error.status_code
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
        header = error.response.headers.get("retry-after", "")
        return PassingFault(
            f"The endpoint answered {status}.",
            wait=asked_wait(header, now=datetime.now(UTC)),
        )
    code = error.code if error.code and re.fullmatch(r"\w{1,40}", error.code) else ""
    return ItemFault(f"The endpoint does not take this text ({status}{' ' if code else ''}{code}).")
