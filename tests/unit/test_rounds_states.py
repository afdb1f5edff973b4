"""A round goes through its statuses in one order, from wherever it was stored."""

from itertools import pairwise

import pytest

from tools.engine.errors import StorageFailed
from tools.engine.records import Round, RoundStatus
from tools.engine.rounds import Step, advance, next_step

ORDER = [
    RoundStatus.SELECTED,
    RoundStatus.LABELED,
    RoundStatus.TRAINED,
    RoundStatus.SCORED,
    RoundStatus.CLOSED,
]


def a_round(number: int, status: RoundStatus) -> Round:
    return Round(number=number, status=status, strategy="random", learner="head", seed=0)


def test_the_statuses_follow_each_other_and_end() -> None:
    status, seen = None, []
    for _ in RoundStatus:
        status = advance(status)
        seen.append(status)
    assert seen == ORDER
    with pytest.raises(ValueError, match="closed round"):
        advance(RoundStatus.CLOSED)


def test_a_fresh_task_starts_with_the_cold_start() -> None:
    assert next_step([]) == Step(number=0, status=RoundStatus.SELECTED)


@pytest.mark.parametrize(("stored", "following"), list(pairwise(ORDER)))
def test_a_broken_off_round_goes_on_where_it_was(stored: RoundStatus, following: RoundStatus) -> None:
    rounds = [a_round(0, RoundStatus.CLOSED), a_round(1, stored)]
    assert next_step(rounds) == Step(number=1, status=following)


def test_after_a_closed_round_comes_the_next_one() -> None:
    rounds = [a_round(0, RoundStatus.CLOSED), a_round(1, RoundStatus.CLOSED)]
    assert next_step(rounds) == Step(number=2, status=RoundStatus.SELECTED)


@pytest.mark.parametrize(
    "rounds",
    [
        [a_round(1, RoundStatus.CLOSED)],
        [a_round(0, RoundStatus.CLOSED), a_round(2, RoundStatus.SELECTED)],
        [a_round(0, RoundStatus.TRAINED), a_round(1, RoundStatus.SELECTED)],
    ],
)
def test_rounds_that_contradict_each_other_are_reported(rounds: list[Round]) -> None:
    with pytest.raises(StorageFailed, match="contradict"):
        next_step(rounds)
