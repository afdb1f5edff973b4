"""doccano's JSONL of classified texts: `text`, `label` as a list, and fields of one's own, which it gives back.

It has no field for the person: an export of hers alone is a file with her name. What LAUD knew of each answer goes
along in a field of its own, and a label that differs from it afterwards is a new answer. The field `id` is doccano's.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tools.adapters.label_formats import provenance
from tools.engine.exchanged import OPEN_ENDED, ExchangedText, GivenAnswer, ReadRow


def write(texts: Sequence[ExchangedText]) -> bytes:
    """One text a line."""
    return "".join(json.dumps(_line(text), ensure_ascii=False) + "\n" for text in texts).encode()


def read(content: str) -> list[ReadRow]:
    """The lines of an export; raises ValueError where it is none."""
    rows = []
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        found = json.loads(line)
        if not isinstance(found, dict):
            raise ValueError(f"line {number} is no object")  # noqa: TRY004 - of the file, not of an argument
        rows.append(_row(number, found))
    return rows


def _line(text: ExchangedText) -> dict[str, Any]:
    chosen = [] if text.label is None or text.label in OPEN_ENDED else [text.label]
    return {"text": text.text, "label": chosen, "text_id": text.id, provenance.KEY: provenance.of(text)}


def _row(number: int, line: Mapping[str, Any]) -> ReadRow:
    text = line.get("text", line.get("data"))
    if not isinstance(text, str):
        return ReadRow(row=number, problem="it has no `text`")
    labels = line.get("label", line.get("labels", []))
    labels = [labels] if isinstance(labels, str) else labels
    if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
        return ReadRow(row=number, text=text, problem="its `label` is no list of classes")
    if len(labels) > 1:
        return ReadRow(row=number, text=text, problem=f"{len(labels)} classes are chosen; a text has one")
    carried = line.get(provenance.KEY)
    answers = provenance.answers_in(carried)
    before = provenance.label_in(carried)
    if labels and labels[0] != before:
        answers.append(GivenAnswer(who=None, said=labels[0], note=_comments(line.get("Comments"))))
    identity = line.get("text_id")
    return ReadRow(row=number, id=identity if isinstance(identity, str) else None, text=text, answers=tuple(answers))


def _comments(given: Any) -> str | None:
    return " ".join(map(str, given)) or None if isinstance(given, list) else None
