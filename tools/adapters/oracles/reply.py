"""Reading a language model's reply: the choices it made, and how probable their tokens were."""

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_THOUGHTS = re.compile(r"^.*</think>", re.DOTALL)
_FENCE = re.compile(r"^```\w*\s*(.*?)\s*(?:```)?$", re.DOTALL)
_LABEL = re.compile(r'"label"\s*:\s*"((?:[^"\\]|\\.)*)"')
_LIST = re.compile(r'\{\s*"answers"\s*:\s*\[\s*')
_BETWEEN = re.compile(r"\s*,?\s*")
_AROUND = " \t\r\n\"'`*."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A valid reply: the choice, the confidence it states, and the place of the choice in the raw reply."""

    choice: str
    stated: float | None
    start: int
    end: int


def read_reply(raw: str, choices: Sequence[str]) -> Reply | None:
    """The reply about one text, or None when it is anything but one of `choices`, as JSON or as a bare name.

    Thoughts that some models put before the reply, and a code fence around it, are passed over.
    """
    body = _body(raw)
    stated: float | None = None
    content = body.strip(_AROUND)
    if body.startswith("{"):
        try:
            fields = json.loads(body)
        except ValueError:
            return None
        stated = _probability(fields.get("confidence"))
        content = str(fields.get("label", ""))
    choice = _by_name(choices).get(content.strip().casefold())
    if choice is None:
        return None
    start, end = _place(raw, body, content)
    return Reply(choice=choice, stated=stated, start=start, end=end)


def read_replies(raw: str, choices: Sequence[str], ids: Collection[str]) -> dict[str, Reply]:
    """The valid answers of a reply about several texts, by id.

    An id that has two answers, or none, or one that is none of `choices`, is left out; answers for other ids are
    passed over. Of a reply that was cut, what came before the cut holds.
    """
    body = _body(raw)
    offset = raw.rindex(body)
    opened = _LIST.match(body)
    if opened is None:
        return {}
    names, decoder = _by_name(choices), json.JSONDecoder()
    found: dict[str, Reply] = {}
    met: Counter[str] = Counter()
    place = opened.end()
    while place < len(body) and body[place] == "{":
        try:
            fields, end = decoder.raw_decode(body, place)
        except ValueError:
            break
        key = str(fields.get("id", ""))
        met[key] += 1
        choice = names.get(str(fields.get("label", "")).strip().casefold())
        labels = list(_LABEL.finditer(body, place, end))
        if key in ids and choice is not None and len(labels) == 1:
            start, stop = labels[0].span(1)
            stated = _probability(fields.get("confidence"))
            found[key] = Reply(choice=choice, stated=stated, start=offset + start, end=offset + stop)
        between = _BETWEEN.match(body, end)
        place = between.end() if between else end
    return {key: reply for key, reply in found.items() if met[key] == 1}


def _body(raw: str) -> str:
    body = _THOUGHTS.sub("", raw).strip()
    fenced = _FENCE.match(body)
    return fenced.group(1) if fenced else body


def _by_name(choices: Sequence[str]) -> dict[str, str]:
    return {choice.strip().casefold(): choice for choice in choices}


def _place(raw: str, body: str, content: str) -> tuple[int, int]:
    offset = raw.rindex(body)
    found = _LABEL.search(raw, offset)
    if found:
        return found.span(1)
    start = raw.find(content, offset)
    return (start, start + len(content)) if start >= 0 else (offset, offset)


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


class Tokens:
    """The tokens of a reply with their probabilities: entries of a chat completion's `logprobs.content`.

    They are compared as bytes, because one character may be spread over several tokens.
    """

    def __init__(self, raw: str, tokens: Sequence[Mapping[str, Any]]) -> None:
        self._raw = raw
        self._ends: list[int] = []
        self._logprobs: list[float] = []
        spelled = bytearray()
        for token in tokens:
            piece, logprob = token.get("bytes"), token.get("logprob")
            if not isinstance(logprob, int | float):
                self._ends.clear()
                break
            spelled += bytes(piece) if isinstance(piece, list) else str(token.get("token", "")).encode()
            self._ends.append(len(spelled))
            self._logprobs.append(logprob)
        if bytes(spelled) != raw.encode(errors="replace"):
            self._ends.clear()

    def probability(self, reply: Reply) -> float | None:
        """The probability that the model gave to the tokens of the choice; None where they do not spell the reply."""
        if not self._ends:
            return None
        start, end = (len(self._raw[:place].encode(errors="replace")) for place in (reply.start, reply.end))
        first, last = bisect_right(self._ends, start), bisect_left(self._ends, end)
        met = self._logprobs[first : last + 1]
        return min(math.exp(sum(met)), 1.0) if met and end > start else None
