"""Label Studio's JSON of tasks with annotations and predictions (labelstud.io/guide/task_format).

Written for a labeling configuration with `<Text name="text" value="$text"/>`, `<Choices name="label" toName="text">`
and `<TextArea name="note" toName="text">`. The one who annotated is not named as `completed_by`: Label Studio refuses a
file that names somebody who is no member. It stands in the task's data instead, which Label Studio gives back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tools.adapters.label_formats import provenance
from tools.engine.exchanged import OPEN_ENDED, ExchangedText, GivenAnswer, ReadRow

FROM, TO, NOTE = "label", "text", "note"
_OURS = "laud-"
"""How the names of regions begin that were written here; Label Studio keeps them."""


def write(texts: Sequence[ExchangedText]) -> bytes:
    """The texts as one JSON list of tasks."""
    tasks = [_task(number, text) for number, text in enumerate(texts, start=1)]
    return json.dumps(tasks, ensure_ascii=False, indent=1).encode()


def read(content: str) -> list[ReadRow]:
    """The tasks of an export; raises ValueError where it is none."""
    tasks = json.loads(content)
    if not isinstance(tasks, list) or not all(isinstance(one, dict) and "data" in one for one in tasks):
        raise ValueError("it is no list of tasks with `data`")
    return [_row(number, task) for number, task in enumerate(tasks, start=1)]


def _task(number: int, text: ExchangedText) -> dict[str, Any]:
    guess = text.guess
    return {
        "id": number,
        "data": {"text": text.text, "text_id": text.id, provenance.KEY: provenance.of(text)},
        "annotations": [_annotation(f"{_OURS}{n}", one) for n, one in enumerate(text.answers)],
        "predictions": []
        if guess is None
        else [
            {
                "model_version": guess.model,
                "score": guess.confidence,
                "result": [_choice("guess", guess.label)],
            }
        ],
    }


def _annotation(region: str, one: GivenAnswer) -> dict[str, Any]:
    is_class = one.said not in OPEN_ENDED
    result = [_choice(region, one.said)] if is_class else []
    if one.note is not None:
        note = {"id": f"{region}-note", "from_name": NOTE, "to_name": TO, "type": "textarea"}
        result.append({**note, "value": {"text": [one.note]}})
    made: dict[str, Any] = {
        "result": result,
        "was_cancelled": not is_class,
        "ground_truth": one.known,
        "lead_time": one.seconds,
    }
    return made if one.at is None else made | {"created_at": one.at.isoformat(), "updated_at": one.at.isoformat()}


def _choice(region: str, label: str) -> dict[str, Any]:
    return {"id": region, "from_name": FROM, "to_name": TO, "type": "choices", "value": {"choices": [label]}}


def _row(number: int, task: Mapping[str, Any]) -> ReadRow:
    data = task["data"] if isinstance(task["data"], Mapping) else {}
    text = data.get("text")
    if not isinstance(text, str):
        return ReadRow(row=number, problem="its data have no `text`")
    carried = provenance.answers_in(data.get(provenance.KEY))
    answers: list[GivenAnswer] = []
    for place, annotation in enumerate(task.get("annotations") or []):
        found = _answer(annotation, place, carried) if isinstance(annotation, Mapping) else "an annotation is no object"
        if isinstance(found, str):
            return ReadRow(row=number, text=text, problem=found)
        answers += found
    given = data.get("text_id")
    return ReadRow(row=number, id=given if isinstance(given, str) else None, text=text, answers=tuple(answers))


def _answer(annotation: Mapping[str, Any], place: int, carried: Sequence[GivenAnswer]) -> list[GivenAnswer] | str:
    """The answer of an annotation: none of an empty one, a sentence where it is no answer to one question."""
    result = [one for one in annotation.get("result") or [] if isinstance(one, Mapping)]
    choices, notes = _values(result, "choices", "choices"), _values(result, "textarea", "text")
    if len(choices) > 1:
        return f"{len(choices)} classes are chosen; a text has one"
    if not choices and annotation.get("was_cancelled") is not True:
        return []
    ours = _carried(result, place, carried)
    said = choices[0] if choices else ours.said if ours is not None and ours.said in OPEN_ENDED else "skip"
    # One that was not changed is still its giver's: Label Studio put the name of whoever imported it on it.
    same = ours is not None and ours.said == said
    return [
        GivenAnswer(
            who=ours.who if ours is not None and same else _who(annotation.get("completed_by")),
            said=said,
            confidence=ours.confidence if ours is not None and same else None,
            note=" ".join(notes) or None,
            seconds=provenance.number(annotation.get("lead_time")),
            at=provenance.moment(annotation.get("created_at")),
            suggested=None if ours is None else ours.suggested,
            known=annotation.get("ground_truth") is True,
        )
    ]


def _values(result: Sequence[Mapping[str, Any]], kind: str, name: str) -> list[str]:
    """What the regions of a kind hold."""
    values = [one["value"] for one in result if one.get("type") == kind and isinstance(one.get("value"), Mapping)]
    return [str(one) for value in values for one in value.get(name) or []]


def _carried(result: Sequence[Mapping[str, Any]], place: int, carried: Sequence[GivenAnswer]) -> GivenAnswer | None:
    """The answer that an annotation was when it was written: by the names of its regions, else by its place."""
    names = [str(one.get("id", "")) for one in result]
    if not names and place < len(carried) and carried[place].said in OPEN_ENDED:
        return carried[place]
    for name in names:
        number = name.removeprefix(_OURS).partition("-")[0]
        if name.startswith(_OURS) and number.isdecimal() and int(number) < len(carried):
            return carried[int(number)]
    return None


def _who(completed_by: Any) -> str | None:
    """Label Studio names a user by number, or with the email address."""
    if isinstance(completed_by, Mapping):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return f"human:{completed_by}" if completed_by else None
