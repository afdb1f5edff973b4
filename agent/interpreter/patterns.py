"""A small language of patterns, so that what is understood can be read in tables.

label|annotate        one of these words           confus*   a word that begins so
the?                  may be left out              ...       up to five other words
NUMBER PERCENT DOLLARS FILE QUOTE                  a number, "95 %", "$2", a file name, something in quotes
a & b                 both, in any order           !a        not found anywhere
^a                    at the beginning             a$        at the end
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from agent.interpreter.words import Word

LONGEST_GAP = 5
GAP = "..."


@dataclass(frozen=True, slots=True)
class _Part:
    """One place of a phrase: the words that may stand there."""

    exact: frozenset[str]
    beginnings: tuple[str, ...]
    optional: bool
    gap: bool

    def fits(self, word: str) -> bool:
        return word in self.exact or (bool(self.beginnings) and word.startswith(self.beginnings))


@dataclass(frozen=True, slots=True)
class _Phrase:
    parts: tuple[_Part, ...]
    first: bool
    last: bool
    absent: bool


def one_of(listed: str) -> frozenset[str]:
    """The alternatives `a|b|c`, each of one or more words."""
    return frozenset(listed.split("|"))


def holds(pattern: str, words: Sequence[Word]) -> bool:
    """Whether the words hold all phrases of a pattern, and none that it forbids."""
    return all((_place(phrase, words) is None) == phrase.absent for phrase in _compiled(pattern))


def find(pattern: str, words: Sequence[Word]) -> tuple[int, int] | None:
    """Where a pattern of one phrase is first found: from and up to which word."""
    (phrase,) = _compiled(pattern)
    return _place(phrase, words)


def vocabulary(pattern: str) -> Iterator[str]:
    """The words that a pattern names in full."""
    for phrase in _compiled(pattern):
        for part in phrase.parts:
            yield from (word for word in part.exact if word.islower())


@cache
def _compiled(pattern: str) -> tuple[_Phrase, ...]:
    return tuple(_phrase(text.strip()) for text in pattern.split("&"))


def _phrase(text: str) -> _Phrase:
    bare = text.removeprefix("!").removeprefix("^").removesuffix("$")
    return _Phrase(
        parts=tuple(_part(one) for one in bare.split()),
        first=text.removeprefix("!").startswith("^"),
        last=text.endswith("$"),
        absent=text.startswith("!"),
    )


def _part(text: str) -> _Part:
    words = text.removesuffix("?").split("|")
    return _Part(
        exact=frozenset(word for word in words if not word.endswith("*")),
        beginnings=tuple(word[:-1] for word in words if word.endswith("*")),
        optional=text.endswith("?"),
        gap=text == GAP,
    )


def _place(phrase: _Phrase, words: Sequence[Word]) -> tuple[int, int] | None:
    texts = [word.text for word in words]
    for start in range(1 if phrase.first else len(texts)):
        for end in _ends(phrase.parts, texts, start):
            if end > start and (not phrase.last or end == len(texts)):
                return start, end
    return None


def _ends(parts: Sequence[_Part], texts: Sequence[str], at: int) -> Iterator[int]:
    """Every place at which the parts may end when they begin at `at`."""
    if not parts:
        yield at
        return
    part, rest = parts[0], parts[1:]
    if part.gap:
        for skipped in range(min(LONGEST_GAP, len(texts) - at) + 1):
            yield from _ends(rest, texts, at + skipped)
        return
    if at < len(texts) and part.fits(texts[at]):
        yield from _ends(rest, texts, at + 1)
    if part.optional:
        yield from _ends(rest, texts, at)
