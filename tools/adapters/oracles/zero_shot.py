"""A zero-shot model's predictions as an oracle: its most probable class, with that probability as confidence."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tools.engine.ports import Probabilities
from tools.engine.records import Answer, Task, Text, TextId

BATCH = 256
"""Texts given to the model at once."""

Classify = Callable[[Sequence[Text], Task], Probabilities]
"""Class probabilities of texts: one row a text, one column a class in the task's order."""


class ZeroShotOracle:
    """Answers with the most probable class of a model, or of rows that it gave before, at no cost."""

    def __init__(self, probabilities: Classify | Mapping[TextId, ArrayLike], *, model: str) -> None:
        self._probabilities = probabilities
        self._model = model

    @property
    def source(self) -> str:
        """`zero-shot`."""
        return "zero-shot"

    def price(self, texts: Sequence[Text]) -> float:  # noqa: ARG002 - part of the port
        """0: the model runs here."""
        return 0.0

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield an answer a text, in order; outcome `failed` for a text without a row, or with a row of no numbers.

        Raises ValueError when a row has not one column a class.
        """
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            for text, row in zip(batch, self._rows(batch, task), strict=True):
                yield self._answer(text, row, task.class_names)

    def _rows(self, texts: Sequence[Text], task: Task) -> Sequence[ArrayLike | None]:
        if isinstance(self._probabilities, Mapping):
            return [self._probabilities.get(text.id) for text in texts]
        return list(self._probabilities(texts, task))

    def _answer(self, text: Text, row: ArrayLike | None, classes: Sequence[str]) -> Answer:
        if row is None:
            return self._failed(text, "The zero-shot model has no prediction for this text.")
        values = np.asarray(row, dtype=np.float64)
        if values.shape != (len(classes),):
            raise ValueError(f"a row of shape {values.shape} cannot hold probabilities of {len(classes)} classes")
        if not np.isfinite(values).all():
            return self._failed(text, "The zero-shot model gave no finite probabilities for this text.")
        best = int(values.argmax())
        return Answer(
            text_id=text.id,
            outcome="label",
            label=classes[best],
            confidence=float(np.clip(values[best], 0.0, 1.0)),
            source=self.source,
            model=self._model,
        )

    def _failed(self, text: Text, note: str) -> Answer:
        return Answer(text_id=text.id, outcome="failed", source=self.source, model=self._model, note=note)
