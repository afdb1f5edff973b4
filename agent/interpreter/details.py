"""Names in a request: tasks, classes, rounds, folders, files, definitions, what a text should be like."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from agent.interpreter import wishes
from agent.interpreter.facts import Facts
from agent.interpreter.patterns import find
from agent.interpreter.words import Word, split

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "onnx": "onnx",
        "predictions": "predictions|prediction",
        "labels": "labels|annotations|answers",
        "card": "card",
        "hf": "hf|huggingface|hugging-face|hugging|transformers|safetensors|model|weights|classifier",
    }
)
SIMILAR: tuple[str, ...] = (
    "like|similar|resembling|close|near to? this|these|those? one|ones|text?",
    "about|mentioning|containing|holding|including|with|for|on the? word|words|term|phrase?",
    "search|searching|lookup the|this|my? pool|data? for?",
    "look|looking up|for",
)
DEFINED: Mapping[str, str] = MappingProxyType(
    {
        "leave_out": "(?:should|does|must) not (?:include|cover|contain)|(?:to )?excludes?",
        "add": "(?:should |to |must )?(?:also )?(?:includes?|covers?|adds?)(?: also)?",
        "definition": "as|means|to(?: be)?|is|are|:",
    }
)
"""What comes before the words of a definition."""
ORDINALS: Mapping[str, int] = MappingProxyType({"first": 1, "second": 2, "third": 3, "fourth": 4})
EXACT = "the|exact|exactly word|words|term|phrase"


def with_classes(words: Sequence[Word], facts: Facts) -> list[Word]:
    """The words, with a word `CLASS` behind where a class of the current task is named."""
    named = class_named(words, facts)
    return [*words, Word(text="CLASS", kind="mark", start=0, end=0)] if named else list(words)


def class_named(words: Sequence[Word], facts: Facts) -> dict[str, str]:
    """The class of the current task that is named, as `cls`."""
    known = () if facts.current is None else facts.current.classes
    name = _named(words, known)
    return {} if name is None else {"cls": name}


def task(words: Sequence[Word], facts: Facts) -> dict[str, str]:
    """The task that is named."""
    name = _named(words, tuple(facts.tasks))
    cls = class_named(words, facts).get("cls", "")
    # A task is often called like its class; then the class is meant, of the task that is talked about.
    return {} if name is None or _parts(name) == _parts(cls) else {"task": name}


def _named(words: Sequence[Word], names: Sequence[str]) -> str | None:
    """The name that is said first, the longest of those that begin there; its words stand one after the other."""
    said = [piece for word in words for piece in _pieces(word)]
    wanted = [(name, parts) for name in names if (parts := _parts(name))]
    for at in range(len(said)):
        here = [name for name, parts in wanted if said[at : at + len(parts)] == parts]
        if here:
            return max(here, key=len)
    return None


def _parts(name: str) -> list[str]:
    return [piece for word in split(name) for piece in _pieces(word)]


def _pieces(word: Word) -> list[str]:
    text = str(word.value) if word.kind == "quote" else word.text
    return re.split(r"[\s_-]+", text.casefold())


def compared(words: Sequence[Word]) -> dict[str, list[int]]:
    """The rounds that are to be compared; one alone where the other is left open."""
    if not find("compare|versus|difference|differ|better|with|to|and|round|rounds", words):
        return {}
    numbers = [word.number for word in words if word.kind == "number"]
    return {"compare": numbers[:2]} if numbers else {}


def folder(text: str) -> dict[str, str]:
    """The folder that is to be written to, as `out`."""
    found = re.search(
        r'\b(?:to|into|in|under|at)\s+(?:(?:the|a|my)\s+)?(?:(?:folder|directory|dir)\s+)?(?:"([^"]+)"|([\w./~\\:-]*[\w/]))',
        text,
        re.IGNORECASE,
    )
    name = (found[1] or found[2]) if found else ""
    return {} if not name or name.casefold() in _NO_FOLDERS else {"out": name}


_NO_FOLDERS = frozenset(
    {"hf", "onnx", "hugging", "huggingface", "disk", "me", "a", "the", "it", "file", "files", "format", "csv"}
)


def files(words: Sequence[Word]) -> dict[str, str]:
    """The file that is read and the one that is written."""
    named = [word for word in words if word.kind == "file"]
    out = named[1] if len(named) > 1 else None
    for before, word in pairwise(words):
        if (
            word.kind == "file"
            and len(named) > 1
            and before.text in {"to", "into", "as", ">", "under", "write", "save"}
        ):
            out = word
    source = next((word for word in named if word is not out), None)
    return {key: str(word.value) for key, word in (("file", source), ("out", out)) if word is not None}


def text_column(text: str) -> tuple[str, dict[str, str]]:
    """The text without what it says about the column that holds the texts, and that column."""
    found = re.search(
        r'[,;]?\s*\b(?:the\s+)?text\s+column(?:\s+is)?:?\s+(?:"([^"]+)"|(?!(?:of|in|for|from)\b)([^\s,;?"]+))',
        text,
        re.IGNORECASE,
    )
    if found is None:
        return text, {}
    return text[: found.start()] + text[found.end() :], {"text_column": found[1] or found[2]}


def similar(words: Sequence[Word], text: str, facts: Facts) -> dict[str, Any]:
    """What texts are to be like, as `query`, and the words that they must hold."""
    left = wishes.without_file(words, facts)
    place = next(filter(None, (find(pattern, left) for pattern in SIMILAR)), None)
    if place is None:
        return {}
    said = wishes.raw([word for word in left[place[1] :] if word.text not in {"please", "thanks"}], text)
    if not said:
        return {}
    if find(EXACT, words):
        return {"words": [part for part in re.split(r"\s+and\s+|\s*,\s*", said) if part]}
    return {"query": said}


def edits(words: Sequence[Word], text: str, facts: Facts) -> dict[str, Any]:
    """The edits of the guideline that are meant: as CLASS>CLASS, by their place in the list, or all of them."""
    known = () if facts.current is None else facts.current.classes
    pairs = [(said, truth) for said in known for truth in known if said != truth]
    named = [
        f"{said}>{truth}"
        for said, truth in pairs
        if re.search(rf"(?<!\w){re.escape(said)}\s*>\s*{re.escape(truth)}(?!\w)", text, re.IGNORECASE)
    ]
    number = next((word.number for word in words if word.kind == "number"), None)
    ordinal = next((ORDINALS[word.text] for word in words if word.text in ORDINALS), None)
    return {"edits": named, "number": number or ordinal, "all": bool(find("all|both|every|each|them", words))}


def definition(words: Sequence[Word], text: str, facts: Facts) -> dict[str, str]:
    """The class that is defined, and what belongs to it: all of it, or what is to be added or left out."""
    named = class_named(words, facts)
    for slot, form in DEFINED.items():
        found = re.search(rf"\b(?:{form})\s+(.+)$", text, re.IGNORECASE | re.DOTALL)
        if found:
            return {**named, slot: found[1].strip(" \"'")}
    return named
