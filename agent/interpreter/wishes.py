"""What a person wants found or sorted: the wish, the classes, the file or pool, as they wrote them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.interpreter.cues import TEXTS
from agent.interpreter.facts import Facts
from agent.interpreter.patterns import find, one_of
from agent.interpreter.words import Word

THEMES: tuple[str, ...] = ("by", "NUMBER|some|a|few groups|classes|categories|topics|themes|kinds|buckets")
"""What is said where the classes are to be found in the pool."""
PREPOSITIONS = "in|from|inside|within|among|of|on|at|for|with|to|using|through"
POLITE: tuple[str, ...] = (
    "^please|kindly|hey|hi|hello|laud|ok|okay|now|then|so|well|and|just|also|again|yes|next|first|finally|alright|right",
    "^actually|sorry|wait|hmm",
    "^great|good|thanks|thank",
    "^could|can|would|will you",
    "^i would|want|wish|need|like|should|am|have like|want|trying|looking|going|need|love? you? to",
    "^let us",
    "^go ahead|on and",
    "^would|do you mind",
    "^help me|us to?",
    "^try to|and",
    "^you should|could|can",
    "^my|our task|goal|aim is to",
)
"""What is said around a request."""
FIND: tuple[str, ...] = (
    "classifier|model|detector|filter for|of|that|which|to finds|detects|spots|find|detect|spot?",
    "find|finds|finding|locate|detect|detecting|spot|identify|extract|filter|fish|seek|hunt|collect out? for?",
    "pick|picking|single|sort out",
    "look|looking|search|searching|watch for|through",
    "get|give|show|list|tell me|us",
    f"which|what of? the|these|my? tickets|products|{TEXTS} are|is|mention|talk|contain|hold|have|deal about|of|with?",
    "which|what ... are|is about?",
    "need|want|get",
)
LEADING = one_of(
    "me|us|all|any|every|each|the|those|these|out|for|only|just|some|of|that|which|are|is|about|my|our|texts|lines|rows|"
    "entries|items|there"
)
TRAILING = one_of("please|thanks|thank|you|for|me|now|instead")
ENDS: tuple[str, ...] = (
    "until|till",
    "and|then then|please? label|run|train|export|annotate|start",
    "with|using|by the? llm|language|zero-shot|replay*|column|fine-tune|margin",
    "with a? budget|gold|batches",
    "with|using at? most|NUMBER|DOLLARS",
    "labeling|labeled by?",
    "i|we will label",
    "let me",
    "at least PERCENT",
    "it|this is very? rare|urgent",
)
"""Where a wish ends and what to do about it begins."""
INTO: tuple[str, ...] = (
    "into the? following|these|categories|classes|groups? classes|categories|groups|ones?",
    "as|between either|one|being? of?",
    "classes|categories|labels are|is|=|should? be?",
    "is|are it|they|this|each|every|the? line|text|row|message|one?",
    "which|whether|if ... is|are",
    "separate|distinguish|tell|split apart|between?",
)


def with_sample(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words with "the sample" as the file that it is."""
    place = find("the|your|try|use|with|on|from|built-in sample|demo|demonstration data|file|dataset|receipts?", words)
    if place is None:
        return tuple(words)
    at = place[0] + 1
    made = Word(text="FILE", kind="file", start=words[at].start, end=words[place[1] - 1].end, value="sample:receipts")
    return (*words[:at], made, *words[place[1] :])


def file_of(words: Sequence[Word]) -> str | None:
    """The first file that is named."""
    return next((str(word.value) for word in words if word.kind == "file"), None)


def without_file(words: Sequence[Word], facts: Facts) -> list[Word]:
    """The words without the file or pool and what leads to it ("in the file receipts.csv")."""
    left = list(words)
    for pattern in (
        f"{PREPOSITIONS} the|my|our|this|a|your? file|data|dataset|upload? called|named? FILE file|data|please?",
        "the|my|this|your? file? FILE",
        f"{PREPOSITIONS} the|my|our|this|that file|pool|data|dataset|upload|texts|pile|list|sample|heap",
        f"{PREPOSITIONS} it|there|here|them$",
    ):
        place = find(pattern, left)
        if place:
            left = left[: place[0]] + left[place[1] :]
    for name in facts.pools:
        marked = [replace(word, text="POOL") if _is(word, name) else word for word in left]
        place = find(f"{PREPOSITIONS} the? pool? POOL pool?", marked)
        if place:
            left = left[: place[0]] + left[place[1] :]
    return left


def pool_of(words: Sequence[Word], facts: Facts) -> str | None:
    """The known pool that is named."""
    return next((name for name in facts.pools if any(_is(word, name) for word in words)), None)


def _is(word: Word, name: str) -> bool:
    """Whether a word or quotation is that name."""
    return name.casefold() in {word.text, str(word.value).casefold()}


def without_politeness(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words from the request on."""
    left = list(words)
    while left:
        place = next(filter(None, (find(pattern, left) for pattern in POLITE)), None)
        if place is None:
            break
        left = left[place[1] :]
    while left and left[-1].text in {"please", "thanks", "thank", "you", "now", "then", "laud"}:
        left.pop()
    return tuple(left)


def wish(words: Sequence[Word], text: str, facts: Facts) -> dict[str, Any]:
    """What is to be found, as `wish`, as far as it is said."""
    left = without_file(words, facts)
    place = next(filter(None, (find(pattern, left) for pattern in FIND)), None)
    left = left[place[1] :] if place else left
    left = _before_the_end(left)
    while left and left[0].text in LEADING:
        left = left[1:]
    while left and left[-1].text in TRAILING:
        left = left[:-1]
    said = raw(left, text)
    return {"wish": said} if said else {}


def raw(words: Sequence[Word], text: str) -> str:
    """The words as they were written, without what stood between them and was taken out."""
    pieces: list[str] = []
    for place, word in enumerate(words):
        if word.kind == "quote":
            pieces.append(str(word.value))
        elif not place or words[place - 1].start != word.start:
            pieces.append(text[word.start : word.end])
    return " ".join(pieces).strip(" .,;:!?")


def classes(words: Sequence[Word], text: str, facts: Facts) -> dict[str, Any]:
    """The names of the classes to sort into, as `classes`, where two or more are said."""
    left = without_file(words, facts)
    place = next(filter(None, (find(pattern, left) for pattern in INTO)), None)
    if place is not None:
        listed = _before_the_end(_unbroken(left[place[1] :], words))
        names = split_names(text[listed[0].start : listed[-1].end]) if listed else []
    else:
        names = split_names(text.partition(": ")[2])
    return {"classes": names} if len(names) > 1 else {}


def split_names(listed: str) -> list[str]:
    """The names in a list such as `a, b and c`, `a / b`, `a or b`; names in quotation marks stay whole."""
    quoted = re.findall(r'"([^"]+)"', listed)
    if len(quoted) > 1:
        return _distinct(quoted)
    parts = [
        part for part in re.split(r"\s*[,;/|]\s*(?:(?:and|or)\s+)?|\s+(?:vs\.?|versus)\s+", listed) if part.strip()
    ]
    # "a, b and c" ends with two names; "salt and pepper, tea and coffee" does not.
    if parts and not any(re.search(r"\s(?:and|or)\s", part) for part in parts[:-1]):
        parts[-1:] = re.split(r"\s+(?:and|or|from)\s+", parts[-1])
    return _distinct(parts)


def _distinct(names: Sequence[str]) -> list[str]:
    clean = [
        re.sub(r"^(?:either|the|classes|class|for)\s+", "", name.strip(" .,;:!?\"'"), flags=re.IGNORECASE)
        for name in names
    ]
    return list({name.casefold(): name[:100] for name in clean if name}.values())


def _before_the_end(words: Sequence[Word]) -> list[Word]:
    places = [place[0] for pattern in ENDS if (place := find(pattern, words)) and place[0] > 0]
    return list(words[: min(places, default=len(words))])


def _unbroken(words: Sequence[Word], of: Sequence[Word]) -> list[Word]:
    """The words up to the first place where one was taken out."""
    kept: list[Word] = []
    for word in words:
        if kept and of[of.index(kept[-1]) + 1] is not word:
            break
        kept.append(word)
    return kept
