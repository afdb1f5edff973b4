"""Labeled texts as they go to other labeling tools and come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

LabelForm = Literal["csv", "label-studio", "argilla", "doccano"]
FORMS: tuple[LabelForm, ...] = ("csv", "label-studio", "argilla", "doccano")
OPEN_ENDED = ("unsure", "skip")
"""What a person may say in place of a class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What somebody said of a text.

    `said` is a class, `unsure` or `skip`; `who` the source, such as `human:ada`, or None where the file does not say;
    `known` marks a known answer, by which people are checked.
    """

    who: str | None
    said: str
    note: str | None = None
    seconds: float = 0.0
    at: datetime | None = None
    confidence: float | None = None
    suggested: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a model takes a text for."""

    label: str
    confidence: float
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangedText:
    """A text with its label, where the label comes from, and what everyone said.

    `label` is a class, `unsure` or `skip`, None while the text has none. `origin` says of the label: source,
    confidence, role, round, guideline version and time.
    """

    id: str | None
    text: str
    label: str | None = None
    origin: Mapping[str, Any]
    answers: tuple[GivenAnswer, ...] = ()
    guess: Guess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """A row of a file, counted from 1: its text and answers, or why it cannot be taken."""

    row: int
    id: str | None = None
    text: str | None = None
    answers: tuple[GivenAnswer, ...] = ()
    problem: str | None = None
