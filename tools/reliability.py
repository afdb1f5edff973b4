"""Whether a model's probabilities mean what they say, by texts whose class is known."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tools.engine.calibration import ReliabilityBin, calibration_gap, reliability
from tools.engine.records import Task
from tools.evaluation import judged_gold, latest_model
from tools.training import held_out, score_pool
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often what the latest model says holds, by how sure it is.

    For a task with a `positive` class it is the probability of that class against how often a text is of it; else that
    of the class a text is given against how often it is right. `judged` texts are behind it: of the gold sample, or,
    by `basis`, the training labels, each judged by a model that had not seen it. `gap` is the mean distance between the
    two (expected calibration error; Naeini et al. 2015, AAAI).
    """

    positive: str | None
    basis: Literal["gold", "cross-validated"]
    judged: int
    gap: float
    bins: tuple[ReliabilityBin, ...]


def model_reliability(bench: Workbench, task: Task) -> Reliability:
    """The reliability of the task's latest model; raises NotEnoughLabels when there is none."""
    model = latest_model(bench, task.name)
    judged = judged_gold(bench, task)
    if judged is None:
        _, truth, probabilities = held_out(bench, model)
        weights = np.ones(len(truth))
    else:
        truth, weights = judged.truth, judged.weights
        probabilities = score_pool(bench, task, model)[judged.rows]
    if task.positive is None:
        sure, holds = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    else:
        code = task.class_names.index(task.positive)
        sure, holds = probabilities[:, code], truth == code
    sure = np.asarray(sure, dtype=np.float64)
    return Reliability(
        positive=task.positive,
        basis="cross-validated" if judged is None else "gold",
        judged=len(truth),
        gap=calibration_gap(sure, holds, weights=weights),
        bins=reliability(sure, holds, weights=weights),
    )
