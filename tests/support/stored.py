"""Records to store in tests."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

from tools.engine.records import (
    Answer,
    ClassDefinition,
    Label,
    ModelId,
    ModelRecord,
    Outcome,
    Role,
    Round,
    RoundStatus,
    Task,
    Text,
    TextId,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
TASK = Task(
    name="babies",
    pool="receipts",
    description="Find the baby products.",
    classes=(
        ClassDefinition(name="baby", definition="for babies", examples=("diapers", "Brei ☕")),
        ClassDefinition(name="other"),
    ),
    positive="baby",
    rest="other",
    oracle="replay:label",
    budget=2.5,
    stop=("labels>=300", "plateau"),
)


def make_text(number: int, **changes: Any) -> Text:
    return Text(id=TextId(f"{number:020x}"), text=f"text {number}", **changes)


def make_label(number: int, outcome: Outcome = "label", role: Role = "train", **changes: Any) -> Label:
    named = "baby" if outcome == "label" else None
    answer = Answer(text_id=make_text(number).id, outcome=outcome, source="human:ada", **({"label": named} | changes))
    return Label(answer=answer, role=role, round=1, guideline_version=1, at=NOW)


def make_round(number: int, **changes: Any) -> Round:
    return Round(number=number, status=RoundStatus.SELECTED, strategy="margin", learner="head", seed=7, **changes)


def make_model(name: str, **changes: Any) -> ModelRecord:
    model = ModelRecord(
        id=ModelId(name),
        task="babies",
        round=1,
        learner="head",
        path=f"models/{name}",
        classes=("baby", "other"),
        guideline_version=1,
        seed=2**40,
        labels=16,
        threshold=0.25,
        created_at=NOW,
    )
    return dataclasses.replace(model, **changes)
