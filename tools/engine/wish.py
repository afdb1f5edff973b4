"""What a person wants of a pool, read from their sentence by rules: to find something, or to sort into classes."""

import re
from dataclasses import dataclass

from tools.engine.errors import AskAgain

MOST_CLASSES = 50
_LONGEST = 90
"""Characters of a class name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the sentence asks for.

    `target` is what to find; `classes` are the names to sort into; `facet` is what to sort by where no class is named
    (empty when nothing is said), with the `count` of groups, if told. Exactly one of the three is meant: `target` and
    `classes` are empty otherwise.
    """

    target: str = ""
    classes: tuple[str, ...] = ()
    facet: str = ""
    count: int | None = None


def read_wish(request: str) -> Wish:
    """What the request asks for; a sentence of no known form is taken as the thing to find.

    Raises AskAgain when it says nothing.
    """
    text = " ".join(request.split()).strip(" .!?;:")
    if not re.search(r"\w", text):
        raise AskAgain(
            'Say what you want of these texts, such as "find the complaints" or "sort them into a, b and c".'
        )
    text = re.sub(_IN_THE_POOL, "", text, flags=re.IGNORECASE)
    text = re.sub(rf"^(?:(?:{_POLITE})[, ]+)+", "", text, flags=re.IGNORECASE)
    return _sorting(text) or _alternatives(text) or Wish(target=_target(text))


_POLITE = (
    r"please|kindly|hi|hello|hey|ok(?:ay)?|so|now|can you|could you|would you|will you|i want(?: you)? to|"
    r"i(?: woul|')d like(?: you)? to|i need(?: you)? to|help me(?: to)?|let'?s|we (?:want|need) to|to"
)
_SORT = (
    r"sort|group|split|divide|organi[sz]e|categori[sz]e|classify|label|tag|cluster|bucket|assign|route|separate|"
    r"arrange|triage|class"
)
_FIND = (
    r"find|get|show|spot|detect|identify|look(?:ing)? for|search(?:ing)? for|pick(?: out)?|filter(?: out)?|flag|catch|"
    r"extract|hunt(?: for| down)?|locate|fetch|select|collect|give me|i (?:want|need|look for|am looking for)|"
    r"which (?:of (?:these|them|the \w+)|ones|texts|lines|rows|items|messages|\w+) (?:are|is|talk|mention)|what are"
)
_FILE = r"\S+\.(?:csv|tsv|jsonl?|ndjson|parquet|txt|xlsx|xlsm)\b"
_SCOPE = (
    r"\s+(?:(?:among|amongst|within|out of)\s.*|"
    r"(?:in|from|of)\s+(?:(?:the|these|those|this|that|my|our|all|here|it|them)"
    rf"\b.*|(?:the |file |pool )*{_FILE}.*|here|there))$"
)
_IN_THE_POOL = r"\s+(?:in|of|from) (?:the|this|my|our) (?:pool|file|data(?: ?set)?|list|sheet|table|corpus)\b"
_LEAD = (
    r"^(?:(?:all|any|every|each|the|some|those|these|me|us|only|just|out|of|a|an|about|"
    r"(?:texts?|lines?|rows?|items?|ones?|entries|records|everything|anything|things?)"
    r"(?: (?:that|which|who))?"
    r"(?: (?:is|are|looks? like|belongs? to|deals? with|mentions?|concerns?|contains?|talks? about))?"
    r"(?= ))\s+)+"
)


def _sorting(text: str) -> Wish | None:
    found = re.match(rf"(?:{_SORT})\b(.*)$", text, flags=re.IGNORECASE)
    if found is None:
        return None
    rest = found[1]
    apart = re.match(r"\s+(?:the )?(.+?) from (?:the )?(.+)$", rest, flags=re.IGNORECASE)
    if apart is not None and not re.search(_SCOPE, rest, flags=re.IGNORECASE):
        return Wish(classes=(_cut(apart[1]), _cut(apart[2])))
    into = re.search(r"\b(?:into|in to|as (?:either )?|to either|between|:)\s*(.+)$", rest, flags=re.IGNORECASE)
    if into is not None:
        names = _names(into[1])
        if len(names) == 2 and names[1].casefold() == "not":
            return Wish(target=names[0])
        if len(names) > 1:
            return Wish(classes=names)
        count = re.match(r"(?:about |around |up to )?(\d+|" + "|".join(_NUMBERS) + r")\b", into[1], flags=re.IGNORECASE)
        number = None if count is None else _NUMBERS.get(count[1].casefold()) or int(count[1])
        return Wish(facet=_facet(rest) or _facet_of_groups(into[1]), count=number)
    return Wish(facet=_facet(rest))


def _facet(rest: str) -> str:
    by = re.search(r"\b(?:by|according to|based on|depending on|on)\s+(.+)$", rest, flags=re.IGNORECASE)
    return (
        ""
        if by is None
        else _cut(re.sub(r"\b(?:into|in to)\b.*$", "", _unscoped(by[1])).removeprefix("their ").strip())
    )


def _facet_of_groups(groups: str) -> str:
    plain = re.sub(
        r"\d+|\b(?:" + "|".join(_NUMBERS) + r"|about|around|up to|some|the|their|few|several|different)\b", "", groups
    )
    word = _unscoped(plain).strip()
    return (
        "" if re.fullmatch(r"(?:groups?|class(?:es)?|categor(?:y|ies)|buckets?|kinds?|types?|)", word) else _cut(word)
    )


_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
}


def _alternatives(text: str) -> Wish | None:
    """Two or more classes named without a verb of sorting: "positive or negative", "spam vs ham"."""
    if re.match(rf"(?:{_FIND})\b", text, flags=re.IGNORECASE):
        return None
    plain = re.sub(
        r"^(?:(?:decide|tell|say|check|predict|judge)(?: me)? )?(?:(?:whether|if|is|are) )?"
        r"(?:(?:it|they|each(?: \w+)?|these|this|a (?:text|line|message)) )?(?:(?:is|are) )?",
        "",
        text,
        flags=re.IGNORECASE,
    )
    whether = re.fullmatch(r"(.+?),? or not", plain, flags=re.IGNORECASE)
    if whether is not None:
        return Wish(target=_target(whether[1]))
    if not re.search(r"\b(?:or|vs\.?|versus|against)\b|/", plain, flags=re.IGNORECASE) or len(plain.split()) > 12:
        return None
    names = _names(plain)
    return Wish(classes=names) if len(names) > 1 else None


def _names(listed: str) -> tuple[str, ...]:
    plain = re.sub(
        r"^(?:the )?(?:following )?(?:classes|categories|groups|labels|either)\b:?\s*", "", listed, flags=re.IGNORECASE
    )
    parts = re.split(
        r"\s*[,;/|]\s*(?:and\b|or\b)?\s*|\s+(?:and|or|vs\.?|versus|against)\s+", plain, flags=re.IGNORECASE
    )
    names = [_cut(re.sub(r"^(?:and|or|the|a|an)\s+", "", part.strip(" .'\""), flags=re.IGNORECASE)) for part in parts]
    different: dict[str, str] = {}
    for name in filter(None, names):
        different.setdefault(name.casefold(), name)
    return tuple(different.values())[:MOST_CLASSES]


def _target(text: str) -> str:
    said = re.sub(rf"^(?:{_FIND})\b\s*", "", text, flags=re.IGNORECASE)
    lead = re.sub(_LEAD, "", _unscoped(said), flags=re.IGNORECASE)
    return _cut(lead.strip(" ,'\"")) or _cut(text)


def _unscoped(text: str) -> str:
    """Without where to look: "in receipts.csv", "among the lines of receipts"."""
    shorter = re.sub(_SCOPE, "", text, flags=re.IGNORECASE)
    return shorter if re.search(r"\w", shorter) else text


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else name[:_LONGEST].rsplit(" ", 1)[0]
