"""What a run of the bench is: which method on which data with which seed, and where its model is judged."""

from dataclasses import dataclass
from typing import Literal

from evals.loop.data_sets import DataSet
from tools.engine.selection.coldstart import seed_size

OracleName = Literal["gold", "model"]

DEFAULT = "laud:auto:auto"
"""What a person gets who chooses nothing."""
REFERENCE = "laud:random:auto"
"""The same with labels drawn at random after the seed: what choosing texts has to beat."""
CHECKPOINTS = (50, 100, 130, 150, 200, 316, 525)
"""Training labels, those of the seed among them, at which the model is judged; before them, that of the seed is."""
BATCH, RARE_BATCH = 25, 10
"""Texts a round takes; fewer where a checkpoint is nearer, and for a rare target."""
OURS = "laud"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """One run: no two of the same key are kept."""

    data: str
    oracle: OracleName
    method: str
    seed: int

    def __str__(self) -> str:
        return f"{self.data}, {self.method}, {self.oracle} labels, seed {self.seed}"


def method_parts(method: str) -> tuple[str, str]:
    """The query strategy and the learner of `laud:STRATEGY:LEARNER`; raises ValueError for another name."""
    match method.split(":"):
        case [kind, strategy, learner] if kind == OURS and strategy and learner:
            return strategy, learner
    raise ValueError(f"{method!r} is no method of the product: laud:STRATEGY:LEARNER, such as {DEFAULT}")


def reference_of(method: str) -> str:
    """The method that draws at random and is otherwise alike; for a peer, that of the default."""
    kind, _, rest = method.partition(":")
    return f"{OURS}:random:{rest.rpartition(':')[2]}" if kind == OURS else REFERENCE


def checkpoints_of(data: DataSet, most: int) -> tuple[int, ...]:
    """The numbers of labels at which a run over `data` is judged: the seed's own, then those up to `most`."""
    seed = seed_size(len(data.classes)) * len(data.classes)
    return (seed, *(labels for labels in CHECKPOINTS if seed < labels <= min(most, len(data.pool))))


def batch_of(data: DataSet) -> int:
    """Texts that a round over `data` takes."""
    return BATCH if data.positive is None else RARE_BATCH
