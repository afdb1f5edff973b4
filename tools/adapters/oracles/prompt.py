"""The labeling prompt: a fixed part made from the task, then the text, quoted so that it can only be read as data."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from tools.engine.quoting import quote
from tools.engine.records import Task

PROMPT_FILE = Path(__file__).with_name("label_prompt.md")
MAX_CHARACTERS = 4_000
"""Longer texts are cut before they are sent."""
_UNSURE_WORDS = ("unsure", "cannot tell", "undecided")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPrompt:
    """A task's prompt. `choices` are the class names and `unsure`, the word for "cannot be decided"."""

    system: str
    choices: tuple[str, ...]
    unsure: str
    hash: str

    @classmethod
    def of(cls, task: Task) -> "LabelPrompt":
        """The prompt for `task`; `hash` is the SHA-256 of the prompt file, before the task is filled in."""
        template = PROMPT_FILE.read_bytes()
        folded = {name.casefold() for name in task.class_names}
        unsure = next(word for word in _UNSURE_WORDS if word not in folded)
        choices = (*task.class_names, unsure)
        classes = "\n".join(
            f'- {{"name": {quote(c.name)}, "definition": {quote(c.definition)}, '
            f'"examples": [{", ".join(quote(example) for example in c.examples)}]}}'
            for c in task.classes
        )
        system = Template(template.decode()).substitute(
            description=task.description or task.name,
            classes=classes,
            unsure=quote(unsure),
            choices=", ".join(quote(choice) for choice in choices),
        )
        return cls(system=system, choices=choices, unsure=unsure, hash=hashlib.sha256(template).hexdigest())

    def user(self, text: str) -> str:
        """The message that carries the text: one JSON object with the field `text`."""
        shown = text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
        return f'{{"text": {quote(shown)}}}'

    def response_format(self) -> dict[str, Any]:
        """The structured output to ask for: a label of the closed set and a stated confidence."""
        schema = {
            "type": "object",
            "properties": {
                "label": {"type": "string", "enum": list(self.choices)},
                "confidence": {"type": "number"},
            },
            "required": ["label", "confidence"],
            "additionalProperties": False,
        }
        return {"type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": schema}}
