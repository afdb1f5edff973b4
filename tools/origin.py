"""Where one label comes from: why its text was picked, who said what of it and when, and which models learnt it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tools.engine.errors import AskAgain, NotEnoughLabels
from tools.engine.records import Label, ModelId, Opinion, Task, TextId
from tools.opinions import CONSENSUS
from tools.review import Picked, why_picked
from tools.training import held_out
from tools.workbench import Workbench

Purpose = Literal["judge", "learn", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer about a text, as it was kept.

    `kind` is `label` for one that became its label, else what the opinion was for: a `vote`, a `repeat`, a `check`, an
    `adjudication` or a `known` answer. `prompt` is the digest of the prompt that a model was asked with.
    """

    kind: str
    source: str
    outcome: str
    label: str | None
    confidence: float | None
    cost: float
    guideline_version: int
    at: datetime
    note: str | None
    model: str | None
    prompt: str | None
    variant: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """All that is known of one text's label.

    `label` and `source` are of the answer that holds, None where there is none. `purpose` says what the label is for:
    to `judge` models by, or to `learn` from. `picked` says why the text was chosen, None for one that was drawn by
    lot or labeled unasked. `said` are all answers, oldest first, and `models` those that learnt from the label.
    """

    id: TextId
    text: str
    label: str | None
    source: str | None
    purpose: Purpose
    picked: Picked | None
    said: tuple[Said, ...]
    models: tuple[ModelId, ...]


def origin(bench: Workbench, task: Task, text: TextId) -> Origin:
    """Where the label of a text comes from; raises UnknownName for a text that the pool does not hold."""
    shown = bench.pools.texts(task.pool, [text])[0]
    labels = [one for one in bench.labels.history(task.name) if one.text_id == text]
    opinions = bench.opinions.of(task.name, texts=[text])
    judging = text in {item.text_id for item in bench.rounds.gold(task.name) or []}
    current = bench.labels.current(task.name).get(text)
    picked = None
    with suppress(AskAgain, NotEnoughLabels):
        picked = why_picked(bench, task, text=text)[0]
    purpose: Purpose = "judge" if judging else "learn" if current is not None else "none"
    return Origin(
        id=shown.id,
        text=shown.text,
        label=None if current is None else current.answer.said,
        source=None if current is None else current.answer.source,
        purpose=purpose,
        picked=picked,
        said=tuple(_said(labels, opinions)),
        models=tuple(one.id for one in bench.rounds.models(task.name) if text in held_out(bench, one)[0]),
    )


def _said(labels: list[Label], opinions: list[Opinion]) -> list[Said]:
    """All answers, oldest first; a vote that is the label itself stands once."""
    own = {
        (one.answer.source, one.answer.outcome, one.answer.label) for one in labels if one.answer.source != CONSENSUS
    }
    found = [
        Said(
            kind="label",
            source=one.answer.source,
            outcome=one.answer.outcome,
            label=one.answer.label,
            confidence=one.answer.confidence,
            cost=one.answer.cost,
            guideline_version=one.guideline_version,
            at=one.at,
            note=one.answer.note,
            model=one.answer.model,
            prompt=one.answer.prompt_hash,
            variant=None,
        )
        for one in labels
    ]
    found += [
        Said(
            kind=one.purpose,
            source=one.source,
            outcome=one.outcome,
            label=one.label,
            confidence=one.confidence,
            cost=one.cost,
            guideline_version=one.guideline_version,
            at=one.at,
            note=one.note,
            model=one.model,
            prompt=one.prompt_hash,
            variant=one.variant,
        )
        for one in opinions
        if one.purpose != "vote" or (one.source, one.outcome, one.label) not in own
    ]
    return sorted(found, key=lambda one: one.at)
