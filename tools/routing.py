"""Routing: a model labels what it is sure of, a person what it is not, as the wanted quality and her time allow."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.checks import ROUTED, calibration_of, store_opinion
from tools.engine.ports import Oracle
from tools.engine.records import Answer, Opinion, Task, Text, TextId
from tools.engine.routing import affordable_share, route, spread
from tools.opinions import is_person, standing
from tools.pace import minutes_spent, seconds_a_label
from tools.panel import believed
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class HandTime:
    """The time that a person has for a task: `minutes` in all, None for any; `labels` tells how many are to come."""

    minutes: float | None
    labels: Callable[[], int | None]


class Routed:
    """Asks a model about all texts, and a person about those that she should label, batch by batch.

    Of each batch the least sure answers are hers, as few as bring the expected share of right labels to `wanted`; what
    the model gives no class is hers as well. Where her time is limited she gets no more than an even part of it. How
    sure an answer is follows from its class and confidence by what the checks have taught. What was handed to her
    stays hers until she has answered.
    """

    def __init__(  # noqa: PLR0913 - who is asked, and how much of a person's time for which quality
        self, bench: Workbench, task: Task, model: Oracle, person: Oracle, *, wanted: float, time: HandTime
    ) -> None:
        """`model` and `person` are asked; `wanted` is the share of labels that should be right."""
        self._bench = bench
        self._model = model
        self._person = person
        self._wanted = wanted
        self._time = time
        self._calibration = calibration_of(bench, task, model.source)

    @property
    def source(self) -> str:
        """The sources of both, with `>` between."""
        return f"{self._model.source}>{self._person.source}"

    def price(self, texts: Sequence[Text]) -> float:
        """The most that the model can cost."""
        return self._model.price(texts)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """The model's sure answers, when all of its answers are there; then the person's."""
        hers = self._handed_over(task)
        given: dict[TextId, Answer] = {}
        raw: dict[TextId, Opinion] = {}
        for answer in self._model.answers([text for text in texts if text.id not in hers], task):
            source = self._model.source
            raw[answer.text_id] = store_opinion(self._bench, task, answer, source=source, purpose="vote")
            given[answer.text_id] = replace(answer, confidence=believed(self._calibration, answer), cost=0.0)
        routed = self._route(task, list(given.values()))
        for one in routed:
            # Kept, so that a run that waits for her and goes on later does not ask the model again.
            again = replace(raw[one.text_id], variant=ROUTED, cost=0.0, seconds=0.0, at=self._bench.clock())
            self._bench.opinions.append(task.name, again)
            given.pop(one.text_id)
        yield from given.values()
        hers |= {one.text_id for one in routed}
        if left := [text for text in texts if text.id in hers]:
            yield from self._person.answers(left, task)

    def _route(self, task: Task, answers: Sequence[Answer]) -> list[Answer]:
        """The answers that a person should give instead."""
        named = [one for one in answers if one.label is not None]
        # A failure is the model's to mend: where its endpoint is gone, not all of the task becomes hers.
        nameless = [one for one in answers if one.outcome in {"unsure", "skip"}]
        # An answer without confidence counts as sure while nothing was checked: unknown is never 0.
        right = np.array([1.0 if one.confidence is None else one.confidence for one in named])
        share = share_by_hand(self._bench, task, self._time, self._person.source)
        most = len(answers) if share is None else spread(share, len(answers))
        rows = route(right, wanted=self._wanted, most=max(0, most - len(nameless))).rows
        return [*nameless, *(named[row] for row in rows)][:most]

    def _handed_over(self, task: Task) -> set[TextId]:
        held = standing(self._bench.opinions.of(task.name, purpose="vote"))
        return {
            text
            for (text, source, _), one in held.items()
            if source == self._model.source and one.variant == ROUTED
            if one.guideline_version == task.guideline_version
        }


def share_by_hand(bench: Workbench, task: Task, time: HandTime, person: str) -> float | None:
    """The part of the labels to come that a person has time for; None where her time is not limited."""
    if time.minutes is None:
        return None
    left = time.minutes - minutes_spent(bench, task, lambda source: is_person(source) or source == person)
    labels = time.labels()
    if labels is None:
        return 1.0 if left > 0 else 0.0
    return affordable_share(left, seconds=seconds_a_label(bench, task), labels=labels)
