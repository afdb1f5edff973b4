"""What a linear model learns from the pool beside the labels: texts that stand for a class without having been asked.

Two kinds, each where it helps. Of two classes with a rare positive one, nearly every text drawn at random is negative.
Elsewhere the zero-shot pass knows something of each text, and a model of the labels something else: what both say
together is a pseudo-label (Lee 2013, ICML workshop; Yarowsky 1995, ACL), from which a model learns what the words of
the guideline mean in this pool.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.adapters.learners.linear import Linear, fit_linear
from tools.engine.calibration import quadratic_loss
from tools.engine.features import Features
from tools.engine.learning import TrainingSet, balanced, deal_folds
from tools.engine.opinion_pool import OpinionPool, fit_opinion_pool

WEAK_WEIGHT = 1.0
"""What all weak negatives together weigh, in times of the labels."""
COMMON = 0.3
"""Share of the pool from which on a positive class is too common for other texts to pass as negatives."""
PSEUDO_WEIGHT = 4.0
"""What all pseudo-labels together weigh, in times of the labels."""
PSEUDO_TOLERANCE = 1e-3
"""How near the fit to pseudo-labels comes to the best one: their mistakes are not worth a closer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """How to use the pool, and (n, C) logits of each text by a model that was made so and had not seen it."""

    logits: NDArray[np.float32]
    weak: Features
    opinions: OpinionPool | None


def validate(examples: TrainingSet, *, folds: int, seed: int) -> Validated:
    """The use of the pool that does best on held-out labels: weak negatives, pseudo-labels or none."""
    weak = weak_negatives(examples, seed=seed)
    plain = Validated(logits=held_out(examples, weak, None, folds=folds, seed=seed), weak=weak, opinions=None)
    if len(weak) or examples.prior is None or not len(examples.unlabeled):
        return plain
    opinions = fit_opinion_pool(plain.logits, examples.prior.labeled, examples.labels, examples.believed)
    taught = held_out(examples, weak, opinions, folds=folds, seed=seed)
    if quadratic_loss(taught, examples.labels) > quadratic_loss(plain.logits, examples.labels):
        return plain
    return Validated(logits=taught, weak=weak, opinions=opinions)


def held_out(
    examples: TrainingSet, weak: Features, opinions: OpinionPool | None, *, folds: int, seed: int
) -> NDArray[np.float32]:
    """(n, C) logits of each text by a model that had not seen it."""
    logits = np.empty((len(examples.labels), len(examples.classes)), dtype=np.float32)
    dealt = deal_folds(examples.labels, folds=folds, rng=np.random.default_rng(seed))
    for fold in np.unique(dealt):
        model = fit_with_pool(examples, weak, opinions, dealt != fold, seed=seed)
        logits[dealt == fold] = model.logits(examples.features[dealt == fold])
    return logits


def fit_with_pool(
    examples: TrainingSet, weak: Features, opinions: OpinionPool | None, kept: NDArray[np.bool_], *, seed: int
) -> Linear:
    """Logistic regression on the `kept` examples, on `weak` negatives, and on pseudo-labels where there are `opinions`.

    All classes that have a label weigh the same.
    """
    features, labels, weights = examples.features[kept], examples.labels[kept], examples.believed[kept]
    classes = len(examples.classes)
    if len(weak):
        features = np.concatenate([features, weak])
        labels = np.concatenate([labels, np.full(len(weak), 1 - (examples.positive or 0), dtype=np.int64)])
        weights = np.concatenate([weights, np.full(len(weak), WEAK_WEIGHT * weights.sum() / len(weak))])
    weights = balanced(labels, weights)
    model = fit_linear(features, labels, weights, classes, seed=seed)
    if opinions is None or examples.prior is None:
        return model
    said = opinions.of(model.logits(examples.unlabeled), examples.prior.unlabeled)
    sure = said.max(axis=1).astype(np.float64)
    return fit_linear(
        np.concatenate([features, examples.unlabeled]),
        np.concatenate([labels, said.argmax(axis=1)]),
        np.concatenate([weights, sure * (PSEUDO_WEIGHT * weights.sum() / sure.sum())]),
        classes,
        seed=seed,
        tolerance=PSEUDO_TOLERANCE,
    )


def weak_negatives(examples: TrainingSet, *, seed: int) -> Features:
    """Texts that pass as negatives: those drawn at random from the pool where two classes have a rare positive one.

    Nearly all of them are negative, and they show a model the whole pool, not only what was picked (learning from
    positive and unlabeled examples; Elkan & Noto 2008, KDD; Lee & Liu 2003, ICML). None where the class is common.
    """
    unlabeled = examples.unlabeled
    if examples.positive is None or len(examples.classes) != 2 or len(unlabeled) == 0:
        return unlabeled[:0]
    everything = np.ones(len(examples.labels), dtype=np.bool_)
    plain = fit_with_pool(examples, unlabeled[:0], None, everything, seed=seed)
    common = float((plain.logits(unlabeled).argmax(axis=1) == examples.positive).mean()) > COMMON
    return unlabeled[:0] if common else unlabeled
