"""Words of a request: lower case, contractions written out, numbers as numbers, file names and quotations whole.

Each word keeps its place in the text, so that what a person named (a file, a class, a wish) is taken as they wrote it.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

LONGEST = 2_000
"""Characters of a request that are read."""
SUFFIXES = "csv|tsv|json|jsonl|ndjson|parquet|pq|txt|xlsx|xlsm"
NAME = r"[\w./@:+-]*\w"
ONE = rf"(?:(?:llm|replay|offline)(?::{NAME})?|human|zero-shot)"
"""An oracle by the name that the command line takes."""
MINUS = r"(?:(?<![\w.)-])-)?"
"""A minus, where it is no hyphen."""
Kind = Literal["word", "number", "percent", "dollars", "file", "oracle", "quote", "mark"]

_TOKENS = re.compile(
    rf"""
      "(?P<quote>[^"]+)" | (?<!\w)'(?P<quoted>[^']+)'(?!\w)
    | (?<![\w./:>-])(?P<oracle>
          vote:{ONE}(?:,{ONE})+ | {ONE}(?:\s?>\s?{ONE})+ | {ONE}\*[2-9](?!\w) | (?:llm|replay|offline):{NAME})
    | (?P<file>(?:sample|hf):[\w./:-]*\w | (?<![\w./~\\-])(?:[a-z]:)?[\w./~\\-]*\w\.(?:{SUFFIXES})(?:\.gz)?(?!\w))
    | (?P<dollars>{MINUS}\$\s?-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))
    | (?P<percent>{MINUS}(?:\d+(?:\.\d+)?|\.\d+))\s?(?:%|per\s?cent\b)
    | (?P<number>{MINUS}(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+(?:\.\d+)?(?![\w.]*[a-z_])|\.\d+))
    | (?P<word>\w+(?:['-]\w+)*)
    | (?P<mark>>=|<=|[=>])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STRAIGHT = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "\u2018": "'", "\u2019": "'", "≥": ">", "…": " ", "\u2212": "-"}
)

CONTRACTIONS = {
    "what's": "what is", "whats": "what is", "where's": "where is", "how's": "how is", "that's": "that is",
    "it's": "it is", "let's": "let us", "lets": "let us", "who's": "who is", "there's": "there is",
    "i'd": "i would", "i'll": "i will", "i'm": "i am", "we'd": "we would", "we'll": "we will", "you're": "you are",
    "don't": "do not", "dont": "do not", "doesn't": "does not", "didn't": "did not", "can't": "can not",
    "cannot": "can not", "isn't": "is not", "aren't": "are not", "won't": "will not", "haven't": "have not",
    "wanna": "want to", "gonna": "going to", "gimme": "give me", "pls": "please", "plz": "please", "u": "you",
    "teh": "the", "hte": "the",
    "zeroshot": "zero-shot", "finetune": "fine-tune", "finetuned": "fine-tune", "finetuning": "fine-tune",
    "fine-tuning": "fine-tune", "fine-tuned": "fine-tune", "categorise": "categorize", "labelled": "labeled",
    "labelling": "labeling", "programme": "program",
}  # fmt: skip
"""What is read as what."""
PAIRS = {
    "zero shot": "zero-shot",
    "fine tun": "fine-tun",
    "k centre": "k-centre",
    "k center": "k-centre",
    "least confiden": "least-confiden",
}
"""Beginnings of two words that are read as one."""

_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_DOZEN = {"dozen": 12, "couple": 2}
_LARGE = {"hundred": 100, "thousand": 1_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of a request: how it is matched, what it stands for, and where it is in the text."""

    text: str
    kind: Kind
    start: int
    end: int
    value: str | float = ""

    @property
    def number(self) -> int:
        """Its value as a whole number."""
        return int(float(self.value))


def readable(text: str) -> str:
    """The part of a request that is read, with plain quotation marks and white space."""
    plain = " ".join(unicodedata.normalize("NFKC", text[:LONGEST]).translate(_STRAIGHT).split())
    for apart, joined in PAIRS.items():
        plain = re.sub(rf"\b{apart}", joined, plain, flags=re.IGNORECASE)
    return plain


def split(text: str) -> tuple[Word, ...]:
    """The words of a text that `readable` gave."""
    return tuple(_with_numbers([word for match in _TOKENS.finditer(text) for word in _words(match)]))


def _words(match: re.Match[str]) -> Iterator[Word]:
    kind, found = next((name, value) for name, value in match.groupdict().items() if value is not None)
    start, end = match.span()
    if kind in {"quote", "quoted"}:
        is_file = re.fullmatch(rf".+\.(?:{SUFFIXES})", found, re.IGNORECASE)
        kind = "file" if is_file else "quote"
        yield Word(text=kind.upper(), kind="file" if is_file else "quote", start=start, end=end, value=found.strip())
    elif kind == "oracle":
        yield Word(text="ORACLE", kind="oracle", start=start, end=end, value=found.replace(" ", ""))
    elif kind == "file":
        yield Word(text="FILE", kind="file", start=start, end=end, value=found)
    elif kind in {"dollars", "percent", "number"}:
        value = float(re.sub(r"[$,\s]", "", found).replace("--", "-"))
        known: dict[str, Kind] = {"dollars": "dollars", "percent": "percent", "number": "number"}
        yield Word(text=kind.upper(), kind=known[kind], start=start, end=end, value=value)
    elif kind == "mark":
        yield Word(text=found, kind="mark", start=start, end=end)
    else:
        low = found.casefold()
        for word in CONTRACTIONS.get(low, low).split():
            yield Word(text=word, kind="word", start=start, end=end)


def _with_numbers(words: Sequence[Word]) -> Iterator[Word]:
    """The words with numbers that were spelt out as numbers, and "percent" and "dollars" joined to theirs."""
    place = 0
    while place < len(words):
        number, after = _spelt(words, place)
        if number is None:
            yield words[place]
            place += 1
            continue
        unit = words[after].text if after < len(words) else ""
        if unit in {"percent", "%", "dollar", "dollars", "bucks", "usd", "cents", "cent"}:
            end = words[after].end
            if unit in {"percent", "%"}:
                yield replace(number, text="PERCENT", kind="percent", end=end)
            else:
                value = float(number.value) / (100 if unit.startswith("cent") else 1)
                yield replace(number, text="DOLLARS", kind="dollars", end=end, value=value)
            after += 1
        else:
            yield number
        place = after


def _spelt(words: Sequence[Word], place: int) -> tuple[Word | None, int]:
    """The number that begins at `place`, in figures or words, and the place after it."""
    if words[place].kind == "number":
        return words[place], place + 1
    total, current, at = 0, 0, place
    while at < len(words) and words[at].kind == "word":
        parts = words[at].text.split("-")
        if all(part in _SMALL for part in parts):
            current += sum(_SMALL[part] for part in parts)
        elif words[at].text in _DOZEN:
            current = max(current, 1) * _DOZEN[words[at].text]
        elif words[at].text == "hundred":
            current = max(current, 1) * 100
        elif words[at].text == "thousand":
            total, current = total + max(current, 1) * 1_000, 0
        elif not (at > place and words[at].text == "and" and _goes_on(words, at)):
            break
        at += 1
    if at == place:
        return None, place
    made = Word(
        text="NUMBER", kind="number", start=words[place].start, end=words[at - 1].end, value=float(total + current)
    )
    return made, at


def _goes_on(words: Sequence[Word], at: int) -> bool:
    """Whether "and" joins a number: after a hundred or a thousand, with a small number behind."""
    return words[at - 1].text in _LARGE and at + 1 < len(words) and words[at + 1].text.split("-")[0] in _SMALL


def mended(words: Sequence[Word], known: Collection[str]) -> tuple[Word, ...]:
    """The words with slips of spelling mended: a word that is none of `known` becomes the one it is nearest to."""
    return tuple(_mend(word, known) for word in words)


def _mend(word: Word, known: Collection[str]) -> Word:
    if word.kind != "word" or word.text in known or len(word.text) < 3:
        return word
    text = word.text
    near = [
        (slips, sorted(one) != sorted(text), one)
        for one in known
        if one[:1] == text[:1] and abs(len(one) - len(text)) <= 2 and (slips := _slips(text, one)) <= _allowed(text)
    ]
    # Of several words that are as near, letters that changed places are likeliest.
    return replace(word, text=min(near)[2]) if near else word


def _allowed(text: str) -> int:
    return 2 if len(text) >= 8 else 1


def _slips(typed: str, meant: str) -> int:
    """Slips between two words: letters left out, put in, changed, or changed places with the next (Damerau 1964)."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, start=1):
        earlier, before, row = before, row, [i]
        for j, wanted in enumerate(meant, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == wanted:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]
