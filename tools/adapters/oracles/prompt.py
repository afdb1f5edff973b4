"""The labeling prompt: a fixed part made from the task, then the texts, quoted so that they are read as data only."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from tools.engine.demonstrations import Demonstration
from tools.engine.quoting import quote
from tools.engine.records import Task, Text

_FOLDER = Path(__file__).parent
PROMPT_FILE = _FOLDER / "label_prompt.md"
ONE_FORM, SEVERAL_FORM = _FOLDER / "label_form_one.md", _FOLDER / "label_form_several.md"
DEMONSTRATIONS_FILE = _FOLDER / "label_demonstrations.md"
MAX_CHARACTERS = 4_000
"""Longer texts are cut before they are sent."""
LONGEST_DEMONSTRATION = 300
"""Characters; every request repeats it."""
SHORTEST_ID = 4
_UNSURE_WORDS = ("unsure", "cannot tell", "undecided")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPrompt:
    """A task's prompt. `choices` are the class names and `unsure`, the word for "cannot be decided".

    With `several`, a message carries a list of texts with ids, else one text. What is the same for all requests, the
    system message with the demonstrations at its end, comes first: endpoints charge less for a beginning that they
    have seen before. `schema` is the structured output to ask for: for each text a label of the closed set and a
    stated confidence; it is the same for all requests too, as endpoints prepare themselves for a schema when they
    first see it. `size` is what all requests have in common, in bytes.
    """

    system: str
    choices: tuple[str, ...]
    unsure: str
    several: bool
    schema: Mapping[str, Any]
    size: int
    hash: str
    key: str

    @classmethod
    def of(
        cls, task: Task, *, several: bool = False, demonstrations: Sequence[Demonstration] = (), shown: int = 0
    ) -> "LabelPrompt":
        """The prompt for `task`.

        `hash` is the SHA-256 of the prompt's files, before the task is filled in; `key` that of all that decides what
        is asked: the filled-in prompt, and the number of demonstrations that may be `shown`. Which those are is left
        out, as it differs from one group of texts to the next: an answer that was paid for is not paid for again
        because of that.
        """
        template = PROMPT_FILE.read_bytes()
        form = (SEVERAL_FORM if several else ONE_FORM).read_bytes()
        folded = {name.casefold() for name in task.class_names}
        unsure = next(word for word in _UNSURE_WORDS if word not in folded)
        choices = (*task.class_names, unsure)
        named = ", ".join(quote(choice) for choice in choices)
        classes = "\n".join(
            f'- {{"name": {quote(c.name)}, "definition": {quote(c.definition)}, '
            f'"examples": [{", ".join(quote(example) for example in c.examples)}]}}'
            for c in task.classes
        )
        filled = {
            "description": task.description or task.name,
            "classes": classes,
            "unsure": quote(unsure),
            "form": Template(form.decode().rstrip()).substitute(choices=named),
        }
        bare = Template(template.decode()).substitute(filled, demonstrations="")
        system = Template(template.decode()).substitute(filled, demonstrations=_demonstrations(demonstrations))
        schema = _schema(choices, several=several)
        return cls(
            system=system,
            choices=choices,
            unsure=unsure,
            several=several,
            schema=schema,
            size=len(system.encode(errors="replace")) + len(json.dumps(schema).encode()),
            hash=hashlib.sha256(template + form).hexdigest(),
            key=hashlib.sha256(json.dumps([bare, shown]).encode()).hexdigest(),
        )

    def user(self, texts: Mapping[str, str]) -> str:
        """The message that carries texts by their ids: one JSON object."""
        if self.several:
            items = ", ".join(f'{{"id": {quote(key)}, "text": {quote(cut(text))}}}' for key, text in texts.items())
            return f'{{"texts": [{items}]}}'
        [text] = texts.values()
        return f'{{"text": {quote(cut(text))}}}'


def _schema(choices: Sequence[str], *, several: bool) -> dict[str, Any]:
    fields = {"label": {"type": "string", "enum": list(choices)}, "confidence": {"type": "number"}}
    if not several:
        return _object(fields)
    return _object({"answers": {"type": "array", "items": _object({"id": {"type": "string"}, **fields})}})


def cut(text: str) -> str:
    """The text as it is sent."""
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def item_of(text: str, before: Sequence[Demonstration] = ()) -> str:
    """The digest by which an answer about this text is known; what was shown before it alone is part of it."""
    digest = hashlib.sha256(cut(text).encode(errors="replace")).hexdigest()
    if not before:
        return digest
    shown = json.dumps([[_short(one.text), one.label] for one in before])
    return hashlib.sha256(f"{digest} {shown}".encode(errors="replace")).hexdigest()


def ids_of(texts: Sequence[Text]) -> dict[str, Text]:
    """The texts by short ids that nobody who writes a text could know: beginnings of digests of all of them.

    One who does not know the other texts cannot name one of them, so no text can speak about another.
    """
    together = hashlib.sha256("\n".join(text.id for text in texts).encode(errors="replace")).digest()
    digests = [hashlib.sha256(together + text.id.encode(errors="replace")).hexdigest() for text in texts]
    length = SHORTEST_ID
    while len({digest[:length] for digest in digests}) < len(set(digests)):
        length += 1
    return {digest[:length]: text for digest, text in zip(digests, texts, strict=True)}


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _demonstrations(demonstrations: Sequence[Demonstration]) -> str:
    if not demonstrations:
        return ""
    lines = "\n".join(f'- {{"text": {quote(_short(one.text))}, "label": {quote(one.label)}}}' for one in demonstrations)
    return Template(DEMONSTRATIONS_FILE.read_text(encoding="utf-8").rstrip()).substitute(lines=lines)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DEMONSTRATION else text[: LONGEST_DEMONSTRATION - 1] + "…"
