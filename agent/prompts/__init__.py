"""The prompts of the agent, as files, with the hash that stands on what they brought about."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt's text and the SHA-256 of its file."""

    text: str
    hash: str


@cache
def load(name: str) -> Prompt:
    """The prompt of that name, read once."""
    raw = (FOLDER / f"{name}.md").read_bytes()
    return Prompt(text=raw.decode(), hash=hashlib.sha256(raw).hexdigest())
