"""Edits to a guideline that would have told a model what people said, where the two disagree."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.engine.overview import forms_of_one, terms
from tools.engine.records import ClassDefinition, TextId

FEWEST = 2
"""Texts of a kind on which people and model disagree before an edit is proposed."""
EXAMPLES = 3
WORDS = 6
_COMMON, _LIFT = 0.2, 3.0
"""A word tells disputed texts from the undisputed ones of a class when a fifth of the former have it, three times as
often as the latter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A text that a model called `said` and people `truth`; `note` is what a person wrote beside it."""

    id: TextId
    text: str
    said: str
    truth: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A proposed edit: texts that the model called `said` are `truth` to people.

    `words` are those that tell such texts from what is rightly called `said`; `examples` would be added to `truth`.
    """

    said: str
    truth: str
    words: tuple[str, ...]
    examples: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]

    @property
    def key(self) -> str:
        """The name of the edit: `SAID>TRUTH`."""
        return f"{self.said}>{self.truth}"


def propose_edits(disagreements: Sequence[Disagreement], undisputed: Sequence[tuple[str, str]]) -> list[Edit]:
    """One edit for each kind of mistake that was made twice or more, the most frequent first.

    Args:
        disagreements: what model and people disagree about.
        undisputed: (text, class) of what they agree about.
    """
    kinds = Counter((one.said, one.truth) for one in disagreements)
    found = []
    for (said, truth), count in sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0])):
        if count < FEWEST:
            continue
        of_kind = tuple(one for one in disagreements if (one.said, one.truth) == (said, truth))
        words = _telling([one.text for one in of_kind], [text for text, name in undisputed if name == said])
        # The shortest say what they are with the least beside it.
        short = sorted(of_kind, key=lambda one: (len(one.text), one.text))[:EXAMPLES]
        found.append(
            Edit(
                said=said,
                truth=truth,
                words=tuple(words),
                examples=tuple(one.text for one in short),
                disagreements=of_kind,
            )
        )
    return found


def edited(classes: Sequence[ClassDefinition], edits: Sequence[Edit]) -> tuple[ClassDefinition, ...]:
    """The classes with these edits; one that was made before is not made twice."""
    made = {one.name: one for one in classes}
    for edit in edits:
        said, truth = made[edit.said], made[edit.truth]
        if edit.words:
            words = ", ".join(edit.words)
            said = replace(said, definition=_with(said.definition, f"Not: {words} (these are {edit.truth!r})."))
            truth = replace(truth, definition=_with(truth.definition, f"Also: {words} (these are not {edit.said!r})."))
        fresh = tuple(one for one in edit.examples if one not in truth.examples)
        made[edit.said] = said
        made[edit.truth] = replace(truth, examples=(*truth.examples, *fresh))
    return tuple(made.values())


def difference(before: Sequence[ClassDefinition], after: Sequence[ClassDefinition]) -> str:
    """Both guidelines against each other, as a unified diff."""
    lines = difflib.unified_diff(_lines(before), _lines(after), "guideline now", "guideline proposed", lineterm="", n=1)
    return "\n".join(lines)


def mentions(text: str, words: Sequence[str]) -> bool:
    """Whether a text has one of the words, in any form."""
    return any(forms_of_one(word, other) for word in words for other in set(terms(text)))


def _lines(classes: Sequence[ClassDefinition]) -> list[str]:
    lines = []
    for one in classes:
        # A text may have lines of its own; here each is one line, so that none can pass for another.
        lines += [f"{one.name}:", f"  {' '.join(one.definition.split())}"]
        lines += [f"  - {' '.join(example.split())}" for example in one.examples]
    return lines


def _with(definition: str, sentence: str) -> str:
    if sentence in definition:
        return definition
    start = definition.rstrip()
    end = "" if not start or start.endswith((".", "!", "?", ";")) else "."
    return f"{start}{end} {sentence}".strip()


def _telling(disputed: Sequence[str], others: Sequence[str]) -> list[str]:
    here = Counter(word for text in disputed for word in set(terms(text)))
    there = Counter(word for text in others for word in set(terms(text)))
    weights = {}
    for word, count in here.items():
        share, usual = count / len(disputed), (there[word] + 0.5) / (len(others) + 1)
        if count >= FEWEST and share >= _COMMON and share / usual >= _LIFT:
            weights[word] = count * share / usual
    kept: list[str] = []
    for word in sorted(weights, key=lambda one: (-weights[one], one)):
        if len(kept) < WORDS and not any(forms_of_one(word, other) for other in kept):
            kept.append(word)
    return kept
