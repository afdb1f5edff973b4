"""Where labels come from, as plain JSON values that other tools carry along and give back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tools.engine.exchanged import ExchangedText, GivenAnswer

KEY = "laud"
"""The field under which other tools carry it."""


def of(text: ExchangedText) -> dict[str, Any]:
    """The label with its origin, and every answer."""
    return {"label": text.label, **text.origin, "answers": [_plain(one) for one in text.answers]}


def answers_in(carried: Any) -> list[GivenAnswer]:
    """The answers that were carried; none where it is no provenance of ours."""
    found = carried.get("answers") if isinstance(carried, Mapping) else None
    if not isinstance(found, Sequence):
        return []
    return [_answer(one) for one in found if isinstance(one, Mapping) and isinstance(one.get("said"), str)]


def label_in(carried: Any) -> str | None:
    """The label that was carried."""
    found = carried.get("label") if isinstance(carried, Mapping) else None
    return found if isinstance(found, str) else None


def moment(given: Any) -> datetime | None:
    """A time in ISO 8601 with a zone; None for anything else."""
    try:
        found = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def number(given: Any) -> float:
    """A number that is not negative; 0 for anything else."""
    return float(given) if isinstance(given, int | float) and given >= 0 else 0.0


def _plain(one: GivenAnswer) -> dict[str, Any]:
    """An answer without what it does not say."""
    said = {
        "who": one.who,
        "said": one.said,
        "note": one.note,
        "seconds": one.seconds or None,
        "at": None if one.at is None else one.at.isoformat(),
        "confidence": one.confidence,
        "suggested": one.suggested,
        "known": one.known or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _answer(one: Mapping[str, Any]) -> GivenAnswer:
    def word(name: str) -> str | None:
        found = one.get(name)
        return found if isinstance(found, str) and found else None

    sure = one.get("confidence")
    return GivenAnswer(
        who=word("who"),
        said=str(one["said"]),
        note=word("note"),
        seconds=number(one.get("seconds")),
        at=moment(one.get("at")),
        confidence=float(sure) if isinstance(sure, int | float) else None,
        suggested=word("suggested"),
        known=one.get("known") is True,
    )
