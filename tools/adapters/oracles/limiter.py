"""How many requests an endpoint takes at once and in a minute: found by trying, and read from what it says.

One limiter serves everybody who asks the same model at the same endpoint. It lives in one event loop.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from anyio import Event, Lock, move_on_after

from tools.adapters.oracles.endpoint_faults import PassingFault

FIRST_WINDOW = 8
"""Requests at once to begin with; doubled each round trip until the endpoint refuses one or slows down."""
SHORTEST_ROUND_TRIP = 8
"""Replies that are looked at together, at least."""
ROUND_TRIPS = 4
"""Round trips between two looks at the window, once the endpoint has refused a request."""
WIDER, NARROWER = 1.25, 0.95
"""How the gap between two requests changes, where one at a time is too much, with a refusal and with an answer."""
SLOWER = 3.0
"""An endpoint that takes this many times its best time is waiting for itself: more requests at once gain nothing."""
SMOOTHING = 0.1
FORGETTING = 1.0002
"""Growth of the best time with each reply, so that one quick hour does not hold for ever."""
_SPAN = re.compile(r"([\d.]+)(ms|[hms])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an endpoint is given: tries a request, seconds between them, and failing texts before the end.

    Waits double from `first_wait` on, with jitter; an endpoint's Retry-After is kept to, up to `longest_wait`. When
    pauses for `tries` faults in a row, of at least `failures` texts, brought no answer, the endpoint counts as broken.
    """

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    failures: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Leave for one request: when it was given, and how many requests were under way with it."""

    at: float
    open: int
    size: int
    tokens: float


@dataclass(slots=True, kw_only=True)
class _Quota:
    """What an endpoint says is left of a minute's requests or tokens, as a bucket that fills again."""

    left: float
    at: float
    per_second: float
    most: float

    def wait(self, need: float, now: float) -> float:
        left = min(self.most, self.left + (now - self.at) * self.per_second)
        need = min(need, self.most)
        return 0.0 if left >= need or not self.per_second else (need - left) / self.per_second


@dataclass(slots=True)
class _Pace:
    """Smoothed seconds that requests of one size take, and the least that was."""

    smoothed: float
    least: float = inf

    def note(self, seconds: float) -> None:
        self.smoothed += SMOOTHING * (seconds - self.smoothed)
        self.least = min(self.smoothed, self.least * FORGETTING)


@dataclass(slots=True)
class _RoundTrip:
    """The replies since the window was last looked at."""

    answered: int = 0
    failed: int = 0
    refused: int = 0
    filled: bool = False
    shrunk: bool = False
    began: float = -inf


@dataclass(slots=True)
class Limiter:
    """Lets requests pass, and learns from what becomes of them.

    The window (requests at once) starts small and doubles each round trip. A refusal (429, 503) ends that and takes it
    to what was under way without it; an answer to one that had twice as many beside it takes that back. From then on
    the window grows by one every few round trips, and shrinks by one at a refusal, by a quarter where a quarter were
    refused, by half where half failed (increase and multiplicative decrease, as Chiu and Jain 1989). It grows faster
    again where refusals do not become fewer by that, and not where the endpoint has become slow (as TCP Vegas, Brakmo
    and Peterson 1995). Below one at a time, it leaves a gap between two.

    A fault closes the way until another request is answered or its wait is over; the waits of faults without an answer
    between them double, and each lets one request pass: a circuit breaker.
    """

    most: int
    patience: Patience
    clock: Callable[[], float] = time.monotonic
    window: float = field(init=False)
    open: int = field(init=False, default=0)
    _starting: bool = field(init=False, default=True)
    _trip: _RoundTrip = field(init=False, default_factory=_RoundTrip)
    _paces: dict[int, _Pace] = field(init=False, default_factory=dict)
    _quotas: dict[str, _Quota] = field(init=False, default_factory=dict)
    _tokens: float = field(init=False, default=0.0)
    _sent_at: float = field(init=False, default=-inf)
    _gap: float = field(init=False, default=0.0)
    _uncured: int = field(init=False, default=0)
    _widened_at: float = field(init=False, default=-inf)
    _closed_until: float = field(init=False, default=0.0)
    _paused_at: float = field(init=False, default=-inf)
    _pauses: int = field(init=False, default=0)
    _failing: set[str] = field(init=False, default_factory=set)
    _door: Lock = field(init=False, default_factory=Lock)
    _changed: Event | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.window = min(FIRST_WINDOW, self.most)

    async def enter(self, *, tokens: float, size: int = 1) -> Pass:
        """Wait for leave to send a request of about that many tokens about `size` texts."""
        async with self._door:
            while (wait := self.wait(tokens=tokens)) > 0:
                self._changed = Event()
                with move_on_after(wait):
                    await self._changed.wait()
            return self.take(tokens=tokens, size=size)

    def wait(self, *, tokens: float) -> float:
        """Seconds until a request of that many tokens may be sent, if nothing happens until then; 0 for now."""
        now = self.clock()
        if self.open >= int(self.window):
            return inf
        waits = [self._closed_until - now, self._sent_at + self._gap - now]
        for name, need in (("requests", 1.0), ("tokens", tokens)):
            if name in self._quotas:
                waits.append(self._quotas[name].wait(need, now))
        return max(0.0, *waits)

    def take(self, *, tokens: float, size: int = 1) -> Pass:
        """Leave for one request that is sent now."""
        now = self.clock()
        if self._pauses:
            self._closed_until = now + self._pause()
        self.open += 1
        self._tokens += tokens
        self._sent_at = now
        self._trip.filled = self._trip.filled or self.open >= int(self.window)
        for name, need in (("requests", 1.0), ("tokens", tokens)):
            if name in self._quotas:
                self._quotas[name].left -= need
        return Pass(at=now, open=self.open, size=size, tokens=tokens)

    def leave(self, passed: Pass) -> None:
        """A request ended, with a word from the endpoint or without, as one that was cancelled."""
        self.open -= 1
        self._tokens -= passed.tokens
        self._wake()

    def answered(self, passed: Pass, headers: Mapping[str, str]) -> None:
        """A request was answered: the way is open."""
        seconds = self.clock() - passed.at
        self._paces.setdefault(passed.size, _Pace(seconds)).note(seconds)
        self._closed_until, self._pauses = 0.0, 0
        self._failing.clear()
        self._prove(passed)
        self._trip.answered += 1
        self._read(headers)
        self._look(passed)
        self._gap *= NARROWER
        self.leave(passed)

    def failed(self, passed: Pass, fault: PassingFault, about: str) -> bool:
        """A request about something failed; returns whether the endpoint counts as broken, which is then forgotten."""
        if passed.at >= self._trip.began:
            # What was sent before the window shrank is no reason to shrink it again.
            self._trip.failed += 1
            self._trip.refused += fault.refused
        self._failing.add(about)
        if fault.refused:
            self._refuse(passed)
        if passed.at >= self._paused_at:
            # One that was sent before the pause began says nothing new.
            self._pauses += 1
            self._paused_at = self.clock()
            self._closed_until = max(self._closed_until, self._paused_at + self._pause())
        if fault.wait:
            self._closed_until = max(self._closed_until, self.clock() + fault.wait)
        self._read(fault.headers)
        self._look(passed)
        broken = self._pauses >= self.patience.tries and len(self._failing) >= self.patience.failures
        if broken:
            self._pauses, self._closed_until = 0, 0.0
            self._failing.clear()
        self.leave(passed)
        return broken

    # --- the way ----------------------------------------------------------------------------------------------------

    def _pause(self) -> float:
        return float(min(self.patience.first_wait * 2.0 ** max(self._pauses - 1, 0), self.patience.longest_wait))

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # --- the window -------------------------------------------------------------------------------------------------

    def _refuse(self, passed: Pass) -> None:
        if int(self.window) == 1:
            if passed.at > self._widened_at:
                self._gap = max(WIDER * self._gap, self.clock() - passed.at)
                self._widened_at = self.clock()
        elif self._starting:
            self.window = max(1, min(self.window, passed.open - 1))
            self._starting = False
            self._trip = _RoundTrip(shrunk=True, began=self.clock())
        elif passed.open <= self.window and not self._trip.shrunk:
            self.window -= 1
            self._trip = _RoundTrip(shrunk=True, began=self.clock())

    def _prove(self, passed: Pass) -> None:
        """Go on doubling where a request was answered that had far more beside it than was thought to be the most."""
        if self._trip.shrunk and passed.open >= 2 * self.window:
            self.window = min(self.most, passed.open)
            self._starting = True

    def _look(self, passed: Pass) -> None:
        trip = self._trip
        replies = trip.answered + trip.failed
        if replies < max(SHORTEST_ROUND_TRIP, int(self.window) * (1 if self._starting else ROUND_TRIPS)):
            return
        pace = self._paces.get(passed.size)
        slow = pace is not None and pace.smoothed > SLOWER * pace.least
        self._uncured = self._uncured + 1 if trip.shrunk and trip.refused * 20 >= replies else 0
        if trip.failed * 2 >= replies:
            self.window = max(1, self.window / 2)
            self._starting = True
        elif trip.refused * 4 >= replies:
            self.window = max(1, self.window * 0.75)
        elif slow:
            self.window = max(min(FIRST_WINDOW, self.window), self.window * 0.9)
            self._starting = False
        elif trip.filled and self._gap < (pace.smoothed if pace else 0.0):
            more = self.window if self._starting else self.window / 4 if self._uncured > 1 else 1
            self.window = min(self.most, self.window + max(1, more))
        self._trip = _RoundTrip(began=-inf if self._starting else trip.began)

    # --- what the endpoint says -------------------------------------------------------------------------------------

    def _read(self, headers: Mapping[str, str]) -> None:
        """Take over x-ratelimit-{limit,remaining,reset}-{requests,tokens}, as OpenAI and others send them."""
        for name, flying in (("requests", self.open - 1), ("tokens", self._tokens)):
            with suppress(KeyError, ValueError):
                most = float(headers[f"x-ratelimit-limit-{name}"])
                # Some that are under way have been counted already; in doubt, wait for what they say.
                left = float(headers[f"x-ratelimit-remaining-{name}"]) - flying
                reset = span(headers[f"x-ratelimit-reset-{name}"])
                rate = (most - left) / reset if reset > 0 else most
                self._quotas[name] = _Quota(left=left, at=self.clock(), per_second=rate, most=most)


def span(text: str) -> float:
    """Seconds of a span such as `1m30s`, `120ms` or `6`; raises ValueError for anything else."""
    parts = _SPAN.findall(text)
    if "".join(number + unit for number, unit in parts) == text.strip() != "":
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return float(text)
