"""What asking costs: before, as a bound and as a range from counted tokens, and after, by what the endpoint counted."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from tools.adapters.oracles.endpoint import Completion
from tools.adapters.oracles.prices import Price
from tools.adapters.oracles.prompt import LONGEST_DEMONSTRATION, LabelPrompt, cut
from tools.engine.paid import PaidAnswer

BYTES_PER_TOKEN = 3
"""Bounds err on the dear side: English has over four, and a character outside Latin script is about a token."""
MOST_BYTES_PER_TOKEN = 5
"""English prose has between four and five."""
ENOUGH_COUNTED = 10
"""Answers whose tokens were counted, from which on they say what a token is to a model."""
LONGEST_SHOWN = 6 * LONGEST_DEMONSTRATION + 200
"""Bytes of a demonstration with its label: a character that is escaped takes six."""
AROUND = 24
"""Bytes around a text in a message: its id, names and quotes."""
FREE = Price(input=0.0, output=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costing:
    """The costs of one way of asking: `items` texts a request, replies of at most `max_output_tokens` for one."""

    price: Price
    prompt: LabelPrompt
    items: int
    max_output_tokens: int

    @property
    def asks(self) -> int:
        """How often a text is asked about at most: alone after a list, and again after an unreadable reply."""
        return 3 if self.items > 1 else 2

    def output_limit(self, items: int) -> int:
        """Tokens that the reply about that many texts may have."""
        longest = max(len(json.dumps(choice).encode()) for choice in self.prompt.choices)
        return self.max_output_tokens + (items - 1) * (48 + math.ceil(longest / 2))

    def bytes_of(self, texts: Sequence[str], *, together: int | None = None) -> list[float]:
        """About each text's share of the bytes of a request about `together` of them: its own, and one of the fixed.

        `together` is the number of `texts`, where nothing else is said.
        """
        part = self.prompt.size / (together or len(texts)) + AROUND
        return [part + len(cut(text).encode(errors="replace")) for text in texts]

    def most(self, texts: Sequence[str], *, shown: int = 0) -> float:
        """The most that an answer for each text can cost, in dollars, with that many demonstrations before it."""
        quoted = sum(len(self.prompt.user({"": text}).encode(errors="replace")) for text in texts)
        sent = (quoted + len(texts) * (self.prompt.size + shown * LONGEST_SHOWN)) / BYTES_PER_TOKEN
        return self.asks * self.price.cost(input_tokens=sent, output_tokens=len(texts) * self.output_limit(1))

    def expected(self, texts: Sequence[str], counted: Sequence[PaidAnswer]) -> tuple[float, float]:
        """What an answer for each text is likely to cost, in dollars, low to high, where none has to be asked again.

        From the tokens counted for earlier answers of the model, where there are enough; else from the shortest reply
        to the longest allowed, with many bytes to a token and with few.
        """
        total = sum(self.bytes_of(texts, together=self.items))
        if len(counted) >= ENOUGH_COUNTED:
            rate = _range([(one.input_tokens or 0.0) / one.input_bytes for one in counted])
            written = _range([one.output_tokens or 0.0 for one in counted])
        else:
            rate = 1 / MOST_BYTES_PER_TOKEN, 1 / BYTES_PER_TOKEN
            shortest = min(len(json.dumps({"label": name, "confidence": 1.0})) for name in self.prompt.choices)
            written = shortest / MOST_BYTES_PER_TOKEN, self.output_limit(self.items) / self.items
        low, high = (
            self.price.cost(input_tokens=total * tokens, output_tokens=len(texts) * out)
            for tokens, out in zip(rate, written, strict=True)
        )
        return low, high

    def shares(self, texts: Sequence[str], completion: Completion) -> list["Share"]:
        """What each text has of a request that was answered: dollars, bytes and tokens."""
        sizes = self.bytes_of(texts)
        usage = completion.usage
        if usage is None:
            cost = self.price.cost(
                input_tokens=sum(sizes) / BYTES_PER_TOKEN,
                output_tokens=len(completion.text.encode(errors="replace")) / BYTES_PER_TOKEN,
            )
        else:
            cost = self.price.cost(input_tokens=usage.input, output_tokens=usage.output, cached_tokens=usage.cached)
        parts = [size / sum(sizes) for size in sizes]
        return [
            Share(
                cost=cost * part,
                input_bytes=size,
                input_tokens=None if usage is None else usage.input * part,
                output_tokens=None if usage is None else usage.output / len(parts),
            )
            for size, part in zip(sizes, parts, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A text's share of one request."""

    cost: float
    input_bytes: float
    input_tokens: float | None
    output_tokens: float | None


def _range(values: Sequence[float]) -> tuple[float, float]:
    """The mean of `values` with two standard errors to either side, and a twentieth for what other texts bring."""
    mean = fmean(values)
    margin = 2 * stdev(values) / math.sqrt(len(values)) + 0.05 * mean
    return max(0.0, mean - margin), mean + margin
