"""One question about many texts to an endpoint: requests, retries, and replies divided among their texts."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from aiohttp import ClientSession
from anyio import TASK_STATUS_IGNORED, CancelScope, create_task_group, get_cancelled_exc_class
from anyio.abc import TaskGroup, TaskStatus
from anyio.lowlevel import checkpoint_if_cancelled
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential, wait_random

from tools.adapters.oracles.cost import BYTES_PER_TOKEN, Costing
from tools.adapters.oracles.endpoint import Completion, LlmEndpoint
from tools.adapters.oracles.endpoint_faults import ItemFault, PassingFault, asks_too_long, keeps_failing, unreachable
from tools.adapters.oracles.limiter import Pass
from tools.adapters.oracles.prompt import ids_of
from tools.adapters.oracles.reading import CUT, WITHHELD, Arrived, Reader
from tools.adapters.oracles.reply import Tokens
from tools.adapters.oracles.under_way import UnderWay
from tools.engine.errors import OracleUnavailable
from tools.engine.records import Text, TextId


class Asking:
    """Asks about texts once; what arrives is put into `arrived`, and None when nothing more comes."""

    def __init__(
        self,
        *,
        endpoint: LlmEndpoint,
        model: str,
        costing_of: Callable[[Sequence[Text]], Costing],
        reader: Reader,
        under_way: UnderWay,
    ) -> None:
        """Asks `model` as `costing_of` says for the texts of a request; what comes back `reader` makes answers of.

        What is sent is counted in `under_way`, and off it what comes to nothing.
        """
        self.arrived: SimpleQueue[Arrived | None] = SimpleQueue()
        self.outage: OracleUnavailable | None = None
        self._endpoint = endpoint
        self._limiter = endpoint.limiter(model)
        self._model = model
        self._costing_of = costing_of
        self._reader = reader
        self._under_way = under_way
        self._together = reader.costing.items
        self._spent: dict[TextId, float] = defaultdict(float)
        self._unreadable: Counter[TextId] = Counter()
        self._client: ClientSession
        self._group: TaskGroup

    @property
    def key(self) -> str:
        """What the answers are known by beside model and text."""
        return self._reader.costing.prompt.key

    async def run(self, texts: Sequence[Text], *, task_status: TaskStatus[CancelScope] = TASK_STATUS_IGNORED) -> None:
        """Ask about all of `texts`; `outage` says why not all were. Cancelling the scope drops open requests."""
        async with self._endpoint.client() as self._client, create_task_group() as self._group:
            task_status.started(self._group.cancel_scope)
            for together in self._requests(texts):
                passed = await self._enter(together)
                self._group.start_soon(self._ask, together, passed)

    def _requests(self, texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
        """Texts that go into one request; fewer, once a reply was cut."""
        start = 0
        while start < len(texts):
            yield texts[start : start + self._together]
            start += self._together

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _enter(self, texts: Sequence[Text]) -> Pass:
        costing = self._costing_of(texts)
        sent = sum(costing.bytes_of([text.text for text in texts])) / BYTES_PER_TOKEN
        tokens = sent + costing.output_limit(len(texts))
        passed = await self._limiter.enter(tokens=tokens, size=len(texts))
        try:
            # The request before may have ended everything, and would let one more pass.
            await checkpoint_if_cancelled()
        except get_cancelled_exc_class():
            self._limiter.leave(passed)
            raise
        return passed

    async def _ask(self, texts: Sequence[Text], passed: Pass | None = None) -> None:
        """Get a reply about `texts` and read it."""
        started = time.perf_counter()
        passes = [passed] if passed is not None else []
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PassingFault), stop=self._give_up, wait=self._wait, reraise=True
        )
        keyed = ids_of(texts)
        try:
            completion: Completion = await retrying(self._request, keyed, passes)
        except ItemFault as fault:
            self._without_reply(texts, fault.note, seconds=time.perf_counter() - started)
        except PassingFault as fault:
            if fault.unreachable:
                self._stop(unreachable(self._endpoint.address))
            self._without_reply(texts, fault.note, seconds=time.perf_counter() - started)
        except OracleUnavailable as error:
            self._stop(error)
        else:
            self._read(keyed, completion, seconds=time.perf_counter() - started)

    async def _request(self, keyed: dict[str, Text], passes: list[Pass]) -> Completion:
        """One reply; raises the sorted fault. A refused option is left out and the request sent again at once."""
        texts = list(keyed.values())
        costing = self._costing_of(texts)
        messages = [
            ("system", costing.prompt.system),
            ("user", costing.prompt.user({key: text.text for key, text in keyed.items()})),
        ]
        passed = passes.pop() if passes else await self._enter(texts)
        said = answered = False
        self._under_way.add(len(texts))
        try:
            while True:
                options = self._endpoint.options(
                    self._model,
                    schema=costing.prompt.schema,
                    max_output_tokens=costing.output_limit(len(texts)),
                )
                completion, headers = await self._endpoint.complete(self._client, self._model, messages, options)
                if completion is not None:
                    said = answered = True
                    self._limiter.answered(passed, headers)
                    return completion
        except PassingFault as fault:
            said = True
            broken = self._limiter.failed(passed, fault, str(texts[0].id))
            raise self._checked(fault, broken=broken) from None
        finally:
            if not said:
                self._limiter.leave(passed)
            if not answered:
                self._under_way.add(-len(texts))

    def _checked(self, fault: PassingFault, *, broken: bool) -> PassingFault | OracleUnavailable:
        patience = self._endpoint.patience
        if (fault.wait or 0) > patience.longest_wait:
            return asks_too_long(self._endpoint.address, fault.wait or 0)
        if broken and fault.unreachable:
            return unreachable(self._endpoint.address)
        return keeps_failing(self._endpoint.address, tries=patience.tries, last=fault.note) if broken else fault

    def _stop(self, outage: OracleUnavailable) -> None:
        self.outage = self.outage or outage
        self._group.cancel_scope.cancel()

    def _give_up(self, state: RetryCallState) -> bool:
        # An address that never answered is more likely wrong than down: one more try, then say so.
        wrong = not self._endpoint.reached and _fault(state).unreachable
        tries = self._endpoint.patience.tries
        return state.attempt_number >= min(tries, 2 if wrong else tries)

    def _wait(self, state: RetryCallState) -> float:
        first, longest = self._endpoint.patience.first_wait, self._endpoint.patience.longest_wait
        asked = _fault(state).wait
        if asked is not None:
            return asked + wait_random(0, first / 10)(state)
        return (wait_exponential(multiplier=first, max=longest) + wait_random(0, first))(state)

    # --- replies ------------------------------------------------------------------------------------------------------

    def _read(self, keyed: dict[str, Text], completion: Completion, *, seconds: float) -> None:
        """Hand on the valid answers of a reply, and see to the texts that have none."""
        texts = list(keyed.values())
        costing = self._costing_of(texts)
        shares = dict(zip(keyed, costing.shares([text.text for text in texts], completion), strict=True))
        replies = self._reader.replies(keyed, completion)
        tokens = Tokens(completion.text, completion.tokens)
        if completion.finish == CUT and len(keyed) > 1:
            self._together = max(1, len(keyed) // 2)
        each = seconds / len(keyed)
        for key, text in keyed.items():
            reply = replies.get(key)
            if reply is not None:
                spent = self._spent.pop(text.id, 0.0)
                self.arrived.put(self._reader.answered(text, reply, tokens, shares[key], seconds=each, spent=spent))
                continue
            self._under_way.add(-1)
            self._spent[text.id] += shares[key].cost
            self._unanswered(text, completion, alone=len(keyed) == 1, seconds=each)

    def _unanswered(self, text: Text, completion: Completion, *, alone: bool, seconds: float) -> None:
        """Ask again about a text that a reply has no valid answer for, or give it up with the cause."""
        self._unreadable[text.id] += alone
        final = {CUT, WITHHELD}
        again = self._unreadable[text.id] < 2 and not completion.refused and completion.finish not in final
        if not alone or again:
            self._group.start_soon(self._ask, [text])
        else:
            self._fail(text, self._reader.why_unusable(completion), seconds=seconds)

    def _without_reply(self, texts: Sequence[Text], note: str, *, seconds: float) -> None:
        """Ask about each text of a failed request alone; one that was alone has failed."""
        for text in texts:
            if len(texts) > 1:
                self._group.start_soon(self._ask, [text])
            else:
                self._fail(text, note, seconds=seconds)

    def _fail(self, text: Text, note: str, *, seconds: float) -> None:
        self.arrived.put(self._reader.failed(text, note, seconds=seconds, spent=self._spent.pop(text.id, 0.0)))


def _fault(state: RetryCallState) -> PassingFault:
    fault = state.outcome.exception() if state.outcome else None
    return fault if isinstance(fault, PassingFault) else PassingFault("")
