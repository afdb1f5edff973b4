"""Whether an oracle says the same again: self-agreement, preference for a place in the list of classes, drift."""

from collections.abc import Sequence
from dataclasses import dataclass

from tools.engine.records import Estimate
from tools.engine.shares import difference, share


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A text that an oracle was asked about again: what it had said, what it says now, and how it was asked.

    `order` is the order in which the classes stood in the second question, None where it was the task's own; `round` is
    when it was asked again.
    """

    before: str
    now: str
    round: int
    order: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """How steady an oracle is; each with its 95 % interval, None where nothing was seen that tells.

    Attributes:
        repeats: texts asked again.
        agreement: share of them with the same answer, whatever the variant.
        by_order: the same, where the classes stood in another order.
        by_paraphrase: the same, where the instruction was worded otherwise.
        position: of the answers that another order changed, the share that went to the class listed earlier; 0.5
            without any preference.
        drift: agreement in the latest round minus that in the rounds before, from -1 to 1.
    """

    repeats: int
    agreement: Estimate | None
    by_order: Estimate | None
    by_paraphrase: Estimate | None
    position: Estimate | None
    drift: Estimate | None


def steadiness(repeats: Sequence[Repeat]) -> Steadiness:
    """What the repeats say together."""
    order = [one for one in repeats if one.order is not None]
    other = [one for one in repeats if one.order is None]
    earlier = [
        one.order.index(one.now) < one.order.index(one.before)
        for one in order
        if one.order is not None and one.now != one.before and {one.now, one.before} <= set(one.order)
    ]
    last = max((one.round for one in repeats), default=0)
    before = _agreement([one for one in repeats if one.round < last])
    latest = _agreement([one for one in repeats if one.round == last])
    return Steadiness(
        repeats=len(repeats),
        agreement=_agreement(repeats),
        by_order=_agreement(order),
        by_paraphrase=_agreement(other),
        position=share(sum(earlier), len(earlier)),
        drift=None if before is None or latest is None else difference(latest, before),
    )


def _agreement(repeats: Sequence[Repeat]) -> Estimate | None:
    return share(sum(one.now == one.before for one in repeats), len(repeats))
