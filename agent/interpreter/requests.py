"""What a person asks for: the request that a text makes, with what is said about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from agent.interpreter import details, figures, wishes
from agent.interpreter.cues import COMMON, CUES, FILLERS, LOOSE, NO, YES, Kind
from agent.interpreter.facts import Facts
from agent.interpreter.patterns import find, holds, vocabulary
from agent.interpreter.words import Word, mended, readable, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for, with what was said about it (see `docs/chat.md`)."""

    kind: Kind
    said: Mapping[str, Any] = field(default_factory=dict)

    def having(self, **more: Any) -> "Request":
        """The same request with something more said."""
        return Request(kind=self.kind, said={**self.said, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text with its words, from the request on, and the facts it is read with."""

    text: str
    words: Sequence[Word]
    facts: Facts


def read_request(text: str, facts: Facts) -> Request:
    """The request that a text makes; `unclear` when none is found, also not with its spelling mended."""
    plain, column = details.text_column(readable(text))
    whole = wishes.with_sample(split(plain))
    words = wishes.without_politeness(whole)
    short = _plain(whole)
    if short is not None:
        return short
    better = mended(words, vocabulary_of_requests())
    for cues, tried in ((CUES, words), (CUES, better), (CUES, whole), (LOOSE, better)):
        marked = details.with_classes(tried, facts)
        kind = next((kind for kind, cue in cues if holds(cue, marked)), None)
        if kind is not None:
            said = _said(kind, Reading(text=plain, words=tried, facts=facts))
            return Request(kind=kind, said={**said, **column})
    figured = figures.run_figures(better)
    return Request(kind="estimate", said=figured) if figured else Request(kind="unclear", said={"text": plain})


def _plain(words: Sequence[Word]) -> Request | None:
    """A yes, a no, or a number alone; None for anything else."""
    said = [word.text for word in words]
    if len(words) == 1 and words[0].kind == "number":
        return Request(kind="unclear", said={"number": words[0].number})
    if said and len(said) < 7:
        if set(said) <= NO | FILLERS and set(said) & NO:
            return Request(kind="no")
        if set(said) <= YES | FILLERS and set(said) & YES:
            return Request(kind="yes")
    return None


def _said(kind: Kind, reading: Reading) -> dict[str, Any]:
    read = _DETAILS.get(kind)
    return (
        {}
        if read is None
        else {key: value for key, value in read(reading).items() if value not in (None, "", [], False)}
    )


def _find(reading: Reading) -> dict[str, Any]:
    return {**_setup(reading), **wishes.wish(reading.words, reading.text, reading.facts)}


def _classify(reading: Reading) -> dict[str, Any]:
    said = {
        "wish": reading.text[reading.words[0].start :].strip(),
        "themes": any(find(form, reading.words) for form in wishes.THEMES),
    }
    return {**_setup(reading), **said, **wishes.classes(reading.words, reading.text, reading.facts)}


def _setup(reading: Reading) -> dict[str, Any]:
    return {**figures.run_figures(reading.words), **_source(reading)}


def _source(reading: Reading) -> dict[str, Any]:
    files = [str(word.value) for word in reading.words if word.kind == "file"]
    several = {"files": files} if len(files) > 1 else {}
    return {**several, "file": wishes.file_of(reading.words), "pool": wishes.pool_of(reading.words, reading.facts)}


def _look(reading: Reading) -> dict[str, Any]:
    return {
        **figures.limit(reading.words),
        **_source(reading),
        **details.similar(reading.words, reading.text, reading.facts),
    }


def _run(reading: Reading) -> dict[str, Any]:
    return {**figures.run_figures(reading.words), **details.task(reading.words, reading.facts)}


def _results(reading: Reading) -> dict[str, Any]:
    return {
        **figures.limit(reading.words),
        **details.task(reading.words, reading.facts),
        **details.compared(reading.words),
        **details.class_named(reading.words, reading.facts),
    }


def _undo(reading: Reading) -> dict[str, Any]:
    count = next((word.number for word in reading.words if word.kind == "number" and word.number > 0), None)
    return {"count": count, **details.task(reading.words, reading.facts)}


def _accept(reading: Reading) -> dict[str, Any]:
    return {**details.edits(reading.words, reading.text, reading.facts), **details.task(reading.words, reading.facts)}


def _export(reading: Reading) -> dict[str, Any]:
    return {
        **figures.named("format", details.FORMATS, reading.words),
        **details.folder(reading.text),
        **details.task(reading.words, reading.facts),
    }


def _predict(reading: Reading) -> dict[str, Any]:
    return {**details.files(reading.words), **details.task(reading.words, reading.facts)}


def _task(reading: Reading) -> dict[str, Any]:
    return details.task(reading.words, reading.facts)


def _define(reading: Reading) -> dict[str, Any]:
    return {**details.definition(reading.words, reading.text, reading.facts), **_task(reading)}


_DETAILS: Mapping[Kind, Callable[[Reading], dict[str, Any]]] = MappingProxyType(
    {
        "find": _find,
        "classify": _classify,
        "add": _source,
        "overview": _look,
        "themes": _look,
        "texts": _look,
        "similar": _look,
        "define": _define,
        "guideline": _task,
        "settings": _run,
        "estimate": _run,
        "run": _run,
        "status": _task,
        "scores": _results,
        "rounds": _results,
        "confused": _results,
        "suspicious": _results,
        "hard": _results,
        "why": _results,
        "predictions": _results,
        "oracles": _results,
        "people": _results,
        "benefit": _task,
        "doubts": _results,
        "edits": _results,
        "check": _run,
        "accept": _accept,
        "again": _undo,
        "undo": _undo,
        "export": _export,
        "predict": _predict,
        "delete": _task,
    }
)
"""What is read beside the kind of a request."""


@cache
def vocabulary_of_requests() -> frozenset[str]:
    """The words that are known: a word near one of them may be a slip."""
    cues = frozenset(word for _, cue in CUES for word in vocabulary(cue))
    return cues | figures.vocabulary_of_figures() | COMMON
