"""A round of the loop as a state machine; each status is stored before the next step begins.

    (nothing) → SELECTED → LABELED → TRAINED → SCORED → CLOSED

A process that dies is started again at `next_step` of what was stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from tools.engine.errors import StorageFailed
from tools.engine.records import Round, RoundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done next: bring round `number` to `status`."""

    number: int
    status: RoundStatus


def advance(status: RoundStatus | None) -> RoundStatus:
    """The status that follows `status`; None stands for a round that is not stored yet.

    Raises:
        ValueError: the round is closed, nothing follows.
    """
    match status:
        case None:
            return RoundStatus.SELECTED
        case RoundStatus.SELECTED:
            return RoundStatus.LABELED
        case RoundStatus.LABELED:
            return RoundStatus.TRAINED
        case RoundStatus.TRAINED:
            return RoundStatus.SCORED
        case RoundStatus.SCORED:
            return RoundStatus.CLOSED
        case RoundStatus.CLOSED:
            raise ValueError("a closed round has no next status: the next step is a new round")
        case _:
            assert_never(status)


def next_step(rounds: Sequence[Round]) -> Step:
    """The step that follows the stored rounds, which come in order of number, the cold start (0) first.

    After a closed round this is the selection of the next one, whether or not the loop was stopped there: going on
    after a stop is the caller's choice.

    Raises:
        StorageFailed: the rounds are not numbered 0, 1, 2 …, or one before the last is not closed.
    """
    for number, earlier in enumerate(rounds):
        last = number == len(rounds) - 1
        if earlier.number != number or not (last or earlier.status is RoundStatus.CLOSED):
            raise StorageFailed(
                f"The stored rounds contradict each other: round {number} was expected and closed before the next, "
                f"and round {earlier.number} with status '{earlier.status}' was found. "
                "Restore the workspace from a copy, or start the task under a new name."
            )
    if not rounds:
        return Step(number=0, status=advance(None))
    if rounds[-1].status is RoundStatus.CLOSED:
        return Step(number=rounds[-1].number + 1, status=advance(None))
    return Step(number=rounds[-1].number, status=advance(rounds[-1].status))
