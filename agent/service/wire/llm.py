"""What the service says of a language model's batches and costs."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from agent.service.wire.forms import example
from agent.service.wire.work import Estimate

_BATCH: dict[str, Any] = {
    "id": "baby-care-5d41402abc4b",
    "model": "gpt-4o-mini",
    "state": "submitted",
    "texts": 250,
    "most_dollars": 0.21,
    "remote": "batch_abc123",
    "state_there": "in_progress",
    "answered": 0,
    "failed": 0,
    "cost": 0.0,
    "at": "2026-03-04T09:00:00Z",
}
_SOURCE: dict[str, Any] = {"source": "llm:gpt-4o-mini", "answers": 250, "paid": 250, "failed": 1, "dollars": 0.02}
_TRIED: dict[str, Any] = {
    "items": 10,
    "alike": {"value": 0.97, "low": 0.89, "high": 0.99},
    "unanswered": 0,
    "dollars_per_text": 0.00003,
    "seconds_per_text": 0.2,
}


class OfflineBatch(BaseModel):
    """A batch file for an endpoint that answers within hours. `remote` and `state_there` are the endpoint's words."""

    model_config = example(**_BATCH)

    id: str
    model: str
    state: Literal["written", "submitted", "collected", "failed"]
    texts: int = Field(description="Texts that it is about")
    most_dollars: float
    remote: str | None
    state_there: str | None
    answered: int
    failed: int
    cost: float
    at: datetime


class BatchSent(BaseModel):
    """A batch that was submitted, and how many texts earlier answers labeled for nothing."""

    model_config = example(batch=_BATCH, known=0)

    batch: OfflineBatch | None
    known: int


class BatchesCollected(BaseModel):
    """What came back; texts that failed wait again."""

    model_config = example(batches=[_BATCH], labels=240, unsure=8, failed=2, cost=0.011)

    batches: list[OfflineBatch]
    labels: int
    unsure: int
    failed: int
    cost: float


class SourceCost(BaseModel):
    """What one source gave and took."""

    model_config = example(**_SOURCE)

    source: str
    answers: int
    paid: int
    failed: int
    dollars: float


class Costs(BaseModel):
    """Dollars of a task: spent on labels and opinions, kept for batches under way, left of what it may cost."""

    model_config = example(
        task="baby-care", sources=[_SOURCE], spent=0.02, opinions=0.0, reserved=0.21, limit=1.0, left=0.77,
        under_way_at_kills=0,
    )  # fmt: skip

    task: str
    sources: list[SourceCost]
    spent: float
    opinions: float
    reserved: float
    limit: float | None
    left: float | None
    under_way_at_kills: int = Field(
        description="Answers, of all tasks, that killed processes had asked for and not kept: they may be paid twice"
    )


class RequestSize(BaseModel):
    """Which requests to try: texts each, and how many texts to ask about."""

    model_config = example(sizes=[5, 10], sample=60)

    sizes: list[int] = Field(default=[5, 10, 20], min_length=1, max_length=5, description="Texts a request, 2 to 50")
    sample: int = Field(default=60, ge=10, le=1_000)
    model: str | None = Field(default=None, max_length=200)
    seed: int = Field(default=0, ge=0, le=2**31)


class Tried(BaseModel):
    """One size of requests: the share of texts that got the class they get alone, and what a text takes."""

    model_config = example(**_TRIED)

    items: int
    alike: Estimate
    unanswered: int
    dollars_per_text: float
    seconds_per_text: float


class RequestSizes(BaseModel):
    """The sizes that were tried, and the largest that leaves the answers as they are."""

    model_config = example(texts=60, tried=[_TRIED], recommended=10, cost=0.01)

    texts: int
    tried: list[Tried]
    recommended: int
    cost: float
