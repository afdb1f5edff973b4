"""Argilla's JSON of records, as `dataset.records.to_json` of its version 2 writes it and `from_json` reads it.

Written for a dataset with the field `text`, the label question `label` and the text question `note`. Argilla names
users by UUID: each person has one made from her name, and the metadata say whose it is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tools.adapters.label_formats import provenance
from tools.engine.exchanged import OPEN_ENDED, ExchangedText, GivenAnswer, ReadRow

LABEL, NOTE = "label", "note"


def write(texts: Sequence[ExchangedText]) -> bytes:
    """The texts as one JSON list of records."""
    return json.dumps([_record(text) for text in texts], ensure_ascii=False, indent=1).encode()


def read(content: str) -> list[ReadRow]:
    """The records of an export; raises ValueError where it is none."""
    records = json.loads(content)
    if not isinstance(records, list) or not all(isinstance(one, dict) and "fields" in one for one in records):
        raise ValueError("it is no list of records with `fields`")
    return [_row(number, record) for number, record in enumerate(records, start=1)]


def user_of(who: str) -> str:
    """The UUID that stands for a person."""
    return str(uuid5(NAMESPACE_URL, who))


def _record(text: ExchangedText) -> dict[str, Any]:
    people = [one for one in text.answers if one.who is not None]
    responses = {
        LABEL: [{"value": one.said, "user_id": user_of(str(one.who))} for one in people if one.said not in OPEN_ENDED],
        NOTE: [{"value": one.note, "user_id": user_of(str(one.who))} for one in people if one.note is not None],
    }
    guess = text.guess
    return {
        "id": text.id,
        "fields": {"text": text.text},
        # Values of metadata are plain words, so what has parts goes in as JSON.
        "metadata": {provenance.KEY: json.dumps(provenance.of(text), ensure_ascii=False)},
        "suggestions": {}
        if guess is None
        else {LABEL: {"value": guess.label, "score": guess.confidence, "agent": guess.model}},
        "responses": {name: given for name, given in responses.items() if given},
        "vectors": {},
        "status": "pending" if text.label is None else "completed",
        "_server_id": None,
    }


def _row(number: int, record: Mapping[str, Any]) -> ReadRow:
    fields = record["fields"] if isinstance(record["fields"], Mapping) else {}
    text = fields.get("text")
    if not isinstance(text, str):
        return ReadRow(row=number, problem="its fields have no `text`")
    ours = _carried(record)
    carried = {user_of(one.who): one for one in ours if one.who is not None}
    responses = record.get("responses")
    responses = responses if isinstance(responses, Mapping) else {}
    given, notes = _by_user(responses.get(LABEL)), _by_user(responses.get(NOTE))
    answers = [
        _answer(user, one, notes.get(user), carried.get(user))
        for user, one in given.items()
        if one.get("status") != "draft"
    ]
    # A record has no response for an answer that chose no class, nor for one that is nobody's.
    answers += [one for user, one in carried.items() if user not in given and one.said in OPEN_ENDED]
    answers += [one for one in ours if one.who is None]
    identity = record.get("id")
    return ReadRow(row=number, id=identity if isinstance(identity, str) else None, text=text, answers=tuple(answers))


def _answer(
    user: str, given: Mapping[str, Any], note: Mapping[str, Any] | None, ours: GivenAnswer | None
) -> GivenAnswer:
    said = "skip" if given.get("status") == "discarded" else str(given.get("value", ""))
    same = ours is not None and ours.said == said
    return GivenAnswer(
        who=f"human:{user}" if ours is None else ours.who,
        said=said,
        note=None if note is None else str(note.get("value", "")) or None,
        seconds=ours.seconds if ours is not None and same else 0.0,
        at=ours.at if ours is not None and same else None,
        confidence=ours.confidence if ours is not None and same else None,
        suggested=None if ours is None else ours.suggested,
        known=ours is not None and ours.known and same,
    )


def _by_user(given: Any) -> dict[str, Mapping[str, Any]]:
    found = given if isinstance(given, Sequence) else []
    return {str(one.get("user_id")): one for one in found if isinstance(one, Mapping)}


def _carried(record: Mapping[str, Any]) -> list[GivenAnswer]:
    metadata = record.get("metadata")
    carried = metadata.get(provenance.KEY) if isinstance(metadata, Mapping) else None
    if not isinstance(carried, str):
        return []
    try:
        return provenance.answers_in(json.loads(carried))
    except json.JSONDecodeError:
        return []
