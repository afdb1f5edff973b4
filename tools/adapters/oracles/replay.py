"""Labels that are already known, played back as an oracle: for measuring, and for pools that come with a column."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tools.engine.errors import AskAgain, UnknownLabel
from tools.engine.records import Answer, Task, Text, TextId

NAMED_AT_MOST = 10
"""Labels outside the classes that an error message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLabels:
    """Labels spelled as the task's classes; `as_rest` counts, by spelling, those that went to the rest class."""

    labels: Mapping[TextId, str]
    as_rest: Mapping[str, int]


def normalise_labels(raw: Mapping[TextId, str], task: Task) -> RecordedLabels:
    """The labels of `raw` as classes of `task`, compared without case and surrounding space; empty ones are left out.

    A label outside the classes counts as the rest class. Raises UnknownLabel, naming such labels and the classes, when
    the task has no rest class, or when no label is any other class: then the two are spelled differently.
    """
    classes = {name.strip().casefold(): name for name in task.class_names}
    spelled = {text_id: label.strip() for text_id, label in raw.items() if label.strip()}
    outside = Counter(label for label in spelled.values() if label.casefold() not in classes)
    if outside and task.rest is None:
        raise UnknownLabel(
            f"{outside.total():,} of {len(spelled):,} recorded labels are outside the classes of task {task.name!r}: "
            f"{_named(outside, task)}. The classes are {', '.join(map(repr, task.class_names))}. Add the missing "
            "classes, or a class 'other' that takes the rest."
        )
    wanted = {name for name in classes if classes[name] != task.rest}
    if outside and wanted.isdisjoint(label.casefold() for label in spelled.values()):
        sought = " or ".join(repr(name) for folded, name in classes.items() if folded in wanted)
        raise UnknownLabel(
            f"None of the {len(spelled):,} recorded labels is {sought}, so all would count as {task.rest!r}. They are "
            f"{_named(outside, task)}. Give the class the name that it has there."
        )
    labels = {text_id: classes.get(label.casefold()) or str(task.rest) for text_id, label in spelled.items()}
    return RecordedLabels(labels=labels, as_rest=outside)


def _named(labels: Counter[str], task: Task) -> str:
    """Labels with their counts, those that share a word with a class first."""
    words = {word for name in task.class_names if name != task.rest for word in name.casefold().split()}
    order = sorted(labels.items(), key=lambda item: (words.isdisjoint(item[0].casefold().split()), -item[1]))
    named = ", ".join(f"{label[:60]!r} ({count:,})" for label, count in order[:NAMED_AT_MOST])
    more = f" and {len(order) - NAMED_AT_MOST:,} more" if len(order) > NAMED_AT_MOST else ""
    return named + more


class ReplayOracle:
    """Answers with recorded labels, at no cost, and with recorded confidences where there are some.

    With `noise`, that share of the answers is another class, drawn uniformly. A text always gets the same answer from
    oracles whose `rng` was in the same state, in whatever order and however often it is asked.
    """

    def __init__(
        self,
        labels: Mapping[TextId, str],
        *,
        source: str,
        confidences: Mapping[TextId, float] | None = None,
        noise: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        """An oracle over normalised `labels`; raises AskAgain when `noise` is no probability."""
        if not 0 <= noise <= 1:
            raise AskAgain(f"The noise of an oracle lies between 0 and 1; {noise:g} was given.")
        if noise and rng is None:
            raise ValueError("noise needs a random generator")
        self._labels = labels
        self._source = source
        self._confidences = confidences or {}
        self._noise = noise
        self._key = 0 if rng is None else int(rng.integers(2**63))

    @property
    def source(self) -> str:
        """The name given, such as `replay:category`."""
        return self._source

    def price(self, texts: Sequence[Text]) -> float:  # noqa: ARG002 - part of the port
        """0: recorded labels are free."""
        return 0.0

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield the recorded label of each text in order; outcome `failed` where there is none."""
        for text in texts:
            label = self._labels.get(text.id)
            if label is None:
                yield Answer(
                    text_id=text.id, outcome="failed", source=self._source, note="No label is recorded for this text."
                )
            else:
                yield Answer(
                    text_id=text.id,
                    outcome="label",
                    label=self._with_noise(text.id, label, task.class_names),
                    confidence=self._confidences.get(text.id),
                    source=self._source,
                )

    def _with_noise(self, text_id: TextId, label: str, classes: Sequence[str]) -> str:
        if not self._noise:
            return label
        digest = int.from_bytes(hashlib.sha256(text_id.encode()).digest()[:8])
        rng = np.random.default_rng([self._key, digest])
        if rng.random() >= self._noise:
            return label
        return str(rng.choice([name for name in classes if name != label]))
