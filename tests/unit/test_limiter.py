"""The limiter against endpoints that are functions of time: no request is made, the clock is a number."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tools.adapters.oracles.endpoint_faults import PassingFault
from tools.adapters.oracles.limiter import FIRST_WINDOW, Limiter, Pass, Patience, span

PATIENCE = Patience(tries=4, first_wait=0.5, longest_wait=8.0)


@dataclass(slots=True)
class Play:
    """Sends as soon as the limiter lets it, and ends requests in the order of their time."""

    answer: Callable[[int, float], tuple[float, PassingFault | None, Mapping[str, str]]]
    """From requests under way and the time: seconds that it takes, the fault, the headers."""
    most: int = 64
    now: float = 0.0
    limiter: Limiter = field(init=False)
    flying: list[tuple[float, int, Pass, PassingFault | None, Mapping[str, str]]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)
    ended: int = 0
    refused: int = 0
    broken: bool = False

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.most, PATIENCE, clock=lambda: self.now)

    def run(self, requests: int, *, until: float = 10_000.0) -> float:
        """Seconds until that many requests were answered, or the endpoint counts as broken."""
        flying = self.flying
        while self.ended < requests and not self.broken and self.now < until:
            wait = self.limiter.wait(tokens=1.0)
            if wait == 0:
                passed = self.limiter.take(tokens=1.0)
                taken = sum(one[3] is None or not one[3].refused for one in flying)
                took, fault, headers = self.answer(taken + 1, self.now)
                heapq.heappush(flying, (self.now + took, next(self.order), passed, fault, headers))
            elif flying and flying[0][0] <= self.now + wait:
                self.now, number, passed, fault, headers = heapq.heappop(flying)
                if fault is None:
                    self.limiter.answered(passed, headers)
                    self.ended += 1
                else:
                    self.broken = self.limiter.failed(passed, fault, f"text {number}")
                    self.refused += fault.refused
            else:
                self.now += wait + 1e-9
        return self.now


def busy(wait: float | None = 1.0) -> PassingFault:
    return PassingFault("The endpoint answered 429.", wait=wait, refused=True)


def test_it_finds_how_many_an_endpoint_takes_at_once_and_stays_there() -> None:
    play = Play(lambda open_, _: (0.3, None, {}) if open_ <= 32 else (0.001, busy(), {}))
    seconds = play.run(3_200)
    assert 3_200 / seconds > 0.95 * 32 / 0.3
    assert play.refused < 0.02 * 3_200


def test_it_does_not_pile_up_requests_at_an_endpoint_that_answers_one_after_the_other() -> None:
    free = 0.0

    def one_by_one(_: int, now: float) -> tuple[float, None, dict[str, str]]:
        nonlocal free
        free = max(free, now) + 1.0
        return free - now, None, {}

    play = Play(one_by_one)
    play.run(300)
    assert play.limiter.window <= 2 * FIRST_WINDOW


def test_a_ceiling_that_comes_down_is_followed_and_one_that_goes_up_is_found() -> None:
    ceiling = 40
    play = Play(lambda open_, _: (0.3, None, {}) if open_ <= ceiling else (0.001, busy(), {}))
    play.run(1_000)
    assert 34 <= play.limiter.window <= 42
    ceiling = 6
    play.run(2_000)
    assert play.limiter.window <= 9
    ceiling = 20
    play.run(8_000)
    assert play.limiter.window >= 17


def test_faults_that_have_nothing_to_do_with_load_do_not_bring_it_down() -> None:
    turn = itertools.count()
    faults = {1: busy(), 4: PassingFault("The endpoint answered 500."), 7: PassingFault("No answer in time.")}
    play = Play(lambda _, __: (0.3, faults.get(next(turn) % 10), {}))
    seconds = play.run(3_000)
    assert play.limiter.window > 2 * FIRST_WINDOW
    assert 3_000 / seconds > FIRST_WINDOW / 0.3


@pytest.mark.parametrize("told", [True, False])
def test_a_limit_of_requests_a_minute_is_kept_with_headers_and_found_without(*, told: bool) -> None:
    left, at = 60.0, 0.0

    def bucket(_: int, now: float) -> tuple[float, PassingFault | None, dict[str, str]]:
        nonlocal left, at
        left, at = min(60.0, left + (now - at)), now
        refused = left < 1
        left -= not refused
        headers = {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": str(int(left)),
            "x-ratelimit-reset-requests": f"{60 - left:.3f}s",
        }
        fault = PassingFault("429", wait=1.0, refused=True, headers=headers if told else {}) if refused else None
        return 0.05, fault, headers if told else {}

    play = Play(bucket)
    play.run(100)
    found_by_then = play.refused
    seconds = play.run(300)
    assert seconds < 1.15 * 240
    assert play.refused - found_by_then < (10 if told else 60)
    assert not told or found_by_then < 15


def test_an_endpoint_that_only_fails_is_tried_with_growing_pauses_and_then_called_broken() -> None:
    sent: list[float] = []

    def down(_: int, now: float) -> tuple[float, PassingFault, dict[str, str]]:
        sent.append(now)
        return 0.1, PassingFault("The endpoint answered 503.", refused=True), {}

    play = Play(down)
    play.run(1)
    assert play.broken
    assert len(sent) <= FIRST_WINDOW + PATIENCE.tries
    assert play.now > 0.5 + 1 + 2
    play.broken = False
    play.answer = lambda _, __: (0.1, None, {})
    play.run(50)
    assert play.ended == 50, "it begins anew when it is asked again"


def test_a_retry_after_closes_the_way_for_all_until_it_is_over() -> None:
    sent: list[float] = []

    def once(_: int, now: float) -> tuple[float, PassingFault | None, dict[str, str]]:
        sent.append(now)
        return 0.1, busy(20.0) if now < 20 else None, {}

    Play(once).run(30)
    assert not [moment for moment in sent if 0.2 < moment < 20.0]


@pytest.mark.parametrize(("text", "seconds"), [("1m30s", 90), ("120ms", 0.12), ("6", 6), ("1h2m3s", 3723), ("0s", 0)])
def test_spans_are_read(text: str, seconds: float) -> None:
    assert span(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1x", "1m soon"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        span(text)
