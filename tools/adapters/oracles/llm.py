"""A language model as oracle, over any OpenAI-compatible endpoint; one text a request."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from anyio import CapacityLimiter, create_task_group, fail_after
from anyio.from_thread import start_blocking_portal
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient, OpenAIError
from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential, wait_random

from tools.adapters.oracles.endpoint_faults import (
    ItemFault,
    PassingFault,
    keeps_failing,
    refused_options,
    sort_fault,
    unreachable,
)
from tools.adapters.oracles.prices import Price, load_prices, price_of
from tools.adapters.oracles.prompt import LabelPrompt
from tools.adapters.oracles.reply import read_reply, token_probability
from tools.engine.errors import OracleUnavailable
from tools.engine.records import Answer, Task, Text

BYTES_PER_TOKEN = 3
"""Estimates err on the dear side: English has over four, and a character outside Latin script is about a token."""
MOST_BYTES_PER_TOKEN = 5
"""English prose has between four and five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an endpoint is given: tries a text, seconds between them, and failed texts in a row before the end.

    Waits double from `first_wait` on, with jitter; an endpoint's Retry-After is kept to, up to `longest_wait`.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    failures: int = 3


class LlmOracle:
    """Asks a language model for the class of each text, several requests at a time.

    Confidence is the probability of the label's tokens where the endpoint gives log-probabilities, else what the model
    states. Parameters that an endpoint refuses (structured output, log-probabilities, temperature) are left out from
    then on, and the reply is read strictly.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all are named by the caller
        self,
        *,
        base_url: str,
        model: str,
        task: Task,
        api_key: SecretStr | None = None,
        concurrency: int = 8,
        timeout: float = 60.0,
        max_output_tokens: int = 512,
        patience: Patience | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        """An oracle for `task`; raises OracleUnavailable when `base_url` is no plain http address."""
        self._endpoint = _checked_address(base_url)
        self._model = model
        self._key = api_key or SecretStr("none")
        self._concurrency = concurrency
        self._timeout = timeout
        self._max_output_tokens = max_output_tokens
        self._patience = patience or Patience()
        self._price = price_of(model, load_prices() if prices is None else prices)
        self._prompt = LabelPrompt.of(task)
        self._refused: set[str] = set()
        self._failures = 0
        self._reached = False

    @property
    def source(self) -> str:
        """`llm:` and the model's name."""
        return f"llm:{self._model}"

    @property
    def price_known(self) -> bool:
        """Whether the price table has this model; where not, every cost is 0."""
        return self._price is not None

    def price(self, texts: Sequence[Text]) -> float:
        """The most that one answer for each of `texts` can cost, in dollars; 0 where the price is not known."""
        if self._price is None:
            return 0.0
        return sum(
            self._price.cost(input_tokens=self._input_tokens(self._prompt, text), output_tokens=self._max_output_tokens)
            for text in texts
        )

    def least_price(self, texts: Sequence[Text]) -> float:
        """What a shortest answer for each of `texts` costs, in dollars, where many bytes go into a token."""
        if self._price is None:
            return 0.0
        shortest = min(len(json.dumps({"label": name, "confidence": 1.0}).encode()) for name in self._prompt.choices)
        scale = BYTES_PER_TOKEN / MOST_BYTES_PER_TOKEN
        return sum(
            self._price.cost(
                input_tokens=self._input_tokens(self._prompt, text) * scale,
                output_tokens=shortest / MOST_BYTES_PER_TOKEN,
            )
            for text in texts
        )

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield one answer a text, each as it arrives; closing the iterator cancels all open requests at once.

        Raises OracleUnavailable, after the answers that had arrived, when the endpoint is not there, refuses the key
        or the model, or fails for several texts in a row.
        """
        if not texts:
            return
        arrived: SimpleQueue[Answer | None] = SimpleQueue()
        with start_blocking_portal() as portal:
            work = portal.start_task_soon(self._ask_all, texts, LabelPrompt.of(task), arrived)
            work.add_done_callback(lambda _: arrived.put(None))
            yield from iter(arrived.get, None)
            outage = work.result()
        if outage is not None:
            raise outage

    async def _ask_all(
        self, texts: Sequence[Text], prompt: LabelPrompt, arrived: "SimpleQueue[Answer | None]"
    ) -> OracleUnavailable | None:
        outage: OracleUnavailable | None = None
        lanes = CapacityLimiter(self._concurrency)

        async def ask(text: Text) -> None:
            nonlocal outage
            async with lanes:
                try:
                    arrived.put(await self._answer(model, prompt, text))
                except OracleUnavailable as error:
                    outage = outage or error
                    group.cancel_scope.cancel()

        # The client lives as long as this event loop: a shared one would keep connections of loops that are gone.
        async with DefaultAsyncHttpxClient(timeout=self._timeout) as http:
            model = ChatOpenAI(
                model=self._model,
                base_url=self._endpoint,
                api_key=self._key,
                max_retries=0,
                timeout=self._timeout,
                http_async_client=http,
                use_responses_api=False,
            )
            async with create_task_group() as group:
                for text in texts:
                    group.start_soon(ask, text)
        return outage

    async def _answer(self, model: ChatOpenAI, prompt: LabelPrompt, text: Text) -> Answer:
        started = time.perf_counter()
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PassingFault), stop=self._give_up, wait=self._wait, reraise=True
        )
        message: AIMessage | None = None
        try:
            message = await retrying(self._request, model, prompt, text)
        except ItemFault as fault:
            note = fault.note
        except PassingFault as fault:
            note = fault.note
            self._failures += 1
            if fault.unreachable:
                raise unreachable(self._endpoint) from None
            if self._failures >= self._patience.failures:
                raise keeps_failing(self._endpoint, times=self._failures, last=fault.note) from None
        seconds = time.perf_counter() - started
        if message is None:
            return self._failed(prompt, text, note=note, seconds=seconds)
        return self._read(message, prompt, text, seconds=seconds)

    async def _request(self, model: ChatOpenAI, prompt: LabelPrompt, text: Text) -> AIMessage:
        """One reply; raises the sorted fault. A refused option is left out and the request sent again at once."""
        messages = [("system", prompt.system), ("user", prompt.user(text.text))]
        while True:
            options = self._options(prompt)
            try:
                with fail_after(self._timeout):
                    # As extra body, since langchain sends a response_format of its own through a client call that
                    # raises, and so loses the cost, when a reply is cut.
                    message = await model.ainvoke(messages, extra_body=options)
            # langchain raises the built-in errors for a reply that is no chat completion.
            except (OpenAIError, TimeoutError, ValueError, TypeError, LookupError) as error:
                refused = refused_options(error, set(options))
                if not refused:
                    fault = sort_fault(error, endpoint=self._endpoint, model=self._model)
                    self._reached |= not (isinstance(fault, PassingFault) and fault.unreachable)
                    raise self._checked(fault) from None
                self._refused |= refused
                continue
            self._failures, self._reached = 0, True
            return message

    def _options(self, prompt: LabelPrompt) -> dict[str, Any]:
        options: dict[str, Any] = {
            "response_format": prompt.response_format(),
            "logprobs": True,
            "temperature": 0,
            "max_completion_tokens": self._max_output_tokens,
        }
        if "max_completion_tokens" in self._refused:
            options["max_tokens"] = self._max_output_tokens
        return {name: value for name, value in options.items() if name not in self._refused}

    def _checked(
        self, fault: PassingFault | ItemFault | OracleUnavailable
    ) -> PassingFault | ItemFault | OracleUnavailable:
        if isinstance(fault, PassingFault) and (fault.wait or 0) > self._patience.longest_wait:
            return OracleUnavailable(
                f"The endpoint {self._endpoint} asks to wait {fault.wait:,.0f} seconds. Give the same command again "
                "then: it goes on where this one stopped."
            )
        return fault

    def _give_up(self, state: RetryCallState) -> bool:
        # An address that never answered is more likely wrong than down: one more try, then say so.
        wrong = not self._reached and _fault(state).unreachable
        return state.attempt_number >= min(self._patience.tries, 2 if wrong else self._patience.tries)

    def _wait(self, state: RetryCallState) -> float:
        first, longest = self._patience.first_wait, self._patience.longest_wait
        backoff = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)
        return max(_fault(state).wait or 0.0, backoff(state))

    def _read(self, message: AIMessage, prompt: LabelPrompt, text: Text, *, seconds: float) -> Answer:
        raw = message.text
        cost = self._cost(message, prompt, text)
        reply = read_reply(raw, prompt.choices)
        if reply is None:
            note = self._why_unusable(message)
            return self._failed(prompt, text, note=note, seconds=seconds, cost=cost)
        decided = reply.choice != prompt.unsure
        tokens = (message.response_metadata.get("logprobs") or {}).get("content") or ()
        probability = token_probability(raw, tokens, reply)
        return Answer(
            text_id=text.id,
            outcome="label" if decided else "unsure",
            label=reply.choice if decided else None,
            confidence=(reply.stated if probability is None else probability) if decided else None,
            cost=cost,
            seconds=seconds,
            source=self.source,
            model=self._model,
            prompt_hash=prompt.hash,
        )

    def _why_unusable(self, message: AIMessage) -> str:
        if message.additional_kwargs.get("refusal"):
            return "The model refused to answer."
        if message.response_metadata.get("finish_reason") == "length":
            return f"The reply was cut at {self._max_output_tokens} tokens."
        if message.response_metadata.get("finish_reason") == "content_filter":
            return "The endpoint's content filter withheld the reply."
        return f"The reply is none of the choices: {message.text[:40]!r}"

    def _failed(self, prompt: LabelPrompt, text: Text, *, note: str, seconds: float, cost: float = 0.0) -> Answer:
        return Answer(
            text_id=text.id,
            outcome="failed",
            cost=cost,
            seconds=seconds,
            source=self.source,
            model=self._model,
            prompt_hash=prompt.hash,
            note=note,
        )

    def _cost(self, message: AIMessage, prompt: LabelPrompt, text: Text) -> float:
        if self._price is None:
            return 0.0
        usage = message.usage_metadata
        if usage is None:
            return self._price.cost(
                input_tokens=self._input_tokens(prompt, text),
                output_tokens=len(message.text.encode()) / BYTES_PER_TOKEN,
            )
        return self._price.cost(
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cached_tokens=usage.get("input_token_details", {}).get("cache_read", 0),
        )

    def _input_tokens(self, prompt: LabelPrompt, text: Text) -> float:
        sent = prompt.system, prompt.user(text.text), json.dumps(prompt.response_format())
        return sum(len(part.encode()) for part in sent) / BYTES_PER_TOKEN


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


def _fault(state: RetryCallState) -> PassingFault:
    fault = state.outcome.exception() if state.outcome else None
    return fault if isinstance(fault, PassingFault) else PassingFault("")
