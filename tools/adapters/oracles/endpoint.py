"""An OpenAI-compatible endpoint: its address and key, what it takes, how fast it may be asked, and single requests."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from anyio.from_thread import BlockingPortalProvider
from pydantic import SecretStr

from tools.adapters.oracles.endpoint_faults import PassingFault, Refusal, refused_options, sort_fault
from tools.adapters.oracles.limiter import Limiter, Patience
from tools.engine.errors import OracleUnavailable

FALLBACKS = {"max_completion_tokens": "max_tokens", "response_format": "tools"}
"""Parameters that are sent only where the endpoint has refused another one: JSON schema first, then a tool."""

NO_COMPLETION = (ValueError, TypeError, LookupError, AttributeError)
"""What a body raises that is no chat completion, whatever else it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of a request as the endpoint counted them."""

    input: int
    output: int
    cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A chat completion: the text of the reply, why it ended, and its tokens with their log-probabilities."""

    text: str
    finish: str
    refused: bool
    tokens: Sequence[Mapping[str, Any]]
    usage: Usage | None


class LlmEndpoint:
    """One endpoint, shared by all who ask it, from any thread; it is busy in one event loop of its own.

    `most` is the number of requests that may be under way at once, at most; the limiter of a model finds out how many
    serve. Parameters that the endpoint refuses are left out from then on.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: SecretStr | None = None,
        most: int = 64,
        timeout: float = 60.0,
        patience: Patience | None = None,
    ) -> None:
        """An endpoint at `base_url`; raises OracleUnavailable when that is no plain http address."""
        self.address = _checked_address(base_url)
        self.patience = patience or Patience()
        self.portal = BlockingPortalProvider()
        self.reached = False
        self._key = api_key or SecretStr("none")
        self._most = most
        self._timeout = timeout
        self._refused: dict[str, set[str]] = {}
        self._limiters: dict[str, Limiter] = {}

    def limiter(self, model: str) -> Limiter:
        """The limiter that everybody shares who asks `model`."""
        return self._limiters.setdefault(model, Limiter(self._most, self.patience))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A client for as long as questions are asked: connections do not outlive the event loop that made them."""
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._key.get_secret_value()}"},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            proxy=_proxy(self.address),
        ) as client:
            yield client

    def options(self, model: str, *, schema: Mapping[str, Any], max_output_tokens: int) -> dict[str, Any]:
        """The parameters beside the messages, without those that the endpoint has refused for this model."""
        options = {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "label", "strict": True, "schema": schema},
            },
            "tools": [{"type": "function", "function": {"name": "label", "strict": True, "parameters": schema}}],
            "logprobs": True,
            "temperature": 0,
            "max_completion_tokens": max_output_tokens,
            "max_tokens": max_output_tokens,
        }
        refused = self._refused.setdefault(model, set())
        waiting = {second for first, second in FALLBACKS.items() if first not in refused}
        sent = {name: value for name, value in options.items() if name not in refused | waiting}
        if "tools" in sent:
            sent["tool_choice"] = {"type": "function", "function": {"name": "label"}}
        return sent

    async def request(
        self, client: aiohttp.ClientSession, method: str, path: str, **what: Any
    ) -> tuple[bytes, Mapping[str, str]]:
        """The body and the headers of the endpoint's answer; raises Refusal for any status but 200."""
        async with client.request(method, self.address.rstrip("/") + path, **what) as response:
            body = await response.read()
            if response.status != 200:
                raise Refusal(response.status, response.headers, body)
            return body, response.headers

    async def complete(
        self, client: aiohttp.ClientSession, model: str, messages: Sequence[tuple[str, str]], options: Mapping[str, Any]
    ) -> tuple[Completion | None, Mapping[str, str]]:
        """One request: the reply and its headers; None when a parameter was refused, so that it is to be sent again.

        Raises the sorted fault: PassingFault, ItemFault or OracleUnavailable.
        """
        body = {"model": model, "messages": [{"role": role, "content": text} for role, text in messages], **options}
        try:
            content, headers = await self.request(client, "POST", "/chat/completions", json=body)
            completion = read_completion(content)
        except (Refusal, aiohttp.ClientError, OSError, *NO_COMPLETION) as error:
            refused = refused_options(error, set(options))
            if not refused:
                fault = sort_fault(error, endpoint=self.address, model=model)
                self.reached |= not (isinstance(fault, PassingFault) and fault.unreachable)
                raise fault from None
            self._refused[model] |= refused
            return None, {}
        self.reached = True
        return completion, headers


def read_completion(content: bytes) -> Completion:
    """The body of a chat completion; raises one of NO_COMPLETION when it is none."""
    body = json.loads(content)
    choice = body["choices"][0]
    message = choice["message"]
    calls = message.get("tool_calls") or ()
    text = calls[0]["function"]["arguments"] if calls else message.get("content") or ""
    usage = body.get("usage")
    return Completion(
        text=str(text),
        finish=str(choice.get("finish_reason") or ""),
        refused=bool(message.get("refusal")),
        # Probabilities are those of the message, which a call of a tool is not.
        tokens=() if calls else (choice.get("logprobs") or {}).get("content") or (),
        usage=None if not usage else _usage(usage),
    )


def _proxy(address: str) -> str | None:
    """The proxy that the environment names for this address."""
    parts = urlsplit(address)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _usage(usage: Mapping[str, Any]) -> Usage:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(input=int(usage["prompt_tokens"]), output=int(usage["completion_tokens"]), cached=int(cached))


def _checked_address(base_url: str) -> str:
    """The address itself. One with a password or query is refused: the HTTP client would log them."""
    try:
        address = urlsplit(base_url)
        plain = address.hostname and address.port != 0 and "@" not in address.netloc and not address.query
    except ValueError:
        plain = False
    if not plain or not base_url.startswith(("http://", "https://")):
        raise OracleUnavailable(
            "LAUD_LLM_BASE_URL must be an address such as https://host/v1, without password or query; the key goes "
            "into LAUD_LLM_API_KEY."
        ) from None
    return base_url
