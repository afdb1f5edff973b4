"""The learner that `auto` ends with where no class is rare: fine-tuning, or the head where that is seen to do better.

Which one suits a task stands in no figure of the task: frozen vectors do not know what kind of answer a question asks
for; what department a product belongs to they know, and tuning on few labels spoils it. So both are judged on the same
folds of the labels (cross-validation; Stone 1974, JRSS B 36) by the quadratic score of their calibrated probabilities
(Brier 1950, Monthly Weather Review 78), which tells two models apart with fewer labels than accuracy does. The gold
sample is not looked at.
"""

from pathlib import Path
from time import perf_counter

from tools.adapters.learners.finetune import FOLDS, FinetuneLearner
from tools.adapters.learners.head import HeadLearner
from tools.adapters.learners.pseudo_labels import validate
from tools.engine.calibration import quadratic_loss
from tools.engine.learning import Fitted, TrainingSet


class ValidatedLearner:
    """Learner port; what it gives back is named as the learner that did better."""

    def __init__(self, *, encoder: str, precision: str) -> None:
        self._finetune = FinetuneLearner(encoder=encoder, precision=precision)

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Judge both on the same folds, then train the better one on all examples."""
        started = perf_counter()
        tuned = self._finetune.validate(examples, seed=seed)
        frozen = validate(examples, folds=FOLDS, seed=seed).logits
        compared = {
            "head": quadratic_loss(frozen, examples.labels),
            "finetune": quadratic_loss(tuned.logits, examples.labels),
        }
        if compared["head"] < compared["finetune"]:
            fitted = HeadLearner().fit(examples, folder, seed=seed)
        else:
            fitted = self._finetune.finish(examples, tuned, folder, seed=seed)
        return fitted.of_comparison(compared, seconds=perf_counter() - started)
