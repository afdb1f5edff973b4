"""The learner `finetune`: the whole encoder learns the task, from a few dozen labels on.

It learns from the labels first, then for half as many steps from pseudo-labels of the pool beside them: what the model
and the zero-shot pass say together (Lee 2013, ICML workshop), where held-out labels show that this makes it better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging

from tools.adapters.encoder import device, load, number_format, tokenise
from tools.adapters.learners.modeling_laud import LaudForSequenceClassification
from tools.adapters.learners.tuning import SCALE, Tokenised, new_model, predict_logits, steps_for, train
from tools.engine.calibration import apply_temperature, fit_temperature, quadratic_loss
from tools.engine.features import Features
from tools.engine.learning import Fitted, TrainingSet, deal_folds
from tools.engine.opinion_pool import OpinionPool, fit_opinion_pool
from tools.engine.ports import Probabilities

STEPS = 48
"""Steps for a hundred labels; others take them in proportion, within SPAN times."""
SPAN = (0.5, 4.0)
MAX_TOKENS = 128
FOLDS = 2
"""Folds for held-out probabilities: each costs a training."""
PSEUDO_TEXTS = 600
"""Texts of the pool, at most, that get a pseudo-label."""
PSEUDO_STEPS = 0.5
"""Steps with pseudo-labels, in times of those before."""
PSEUDO_RATE = 5e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """(n, C) logits of each text by a training that had not seen it, and how that training went.

    `share` of the steps was best; then came pseudo-labels by `opinions`, where these made it better.
    """

    logits: NDArray[np.float32]
    share: float
    opinions: OpinionPool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """The labeled texts, the pool's texts without a label, and what the zero-shot pass says of the latter."""

    labeled: Tokenised
    unlabeled: list[list[int]]
    prior: Probabilities

    def part(self, kept: NDArray[np.bool_]) -> "_Material":
        return replace(self, labeled=self.labeled.part(kept))


class FinetuneLearner:
    """Learner port over a transformers encoder."""

    def __init__(self, *, encoder: str, precision: str) -> None:
        self._encoder = encoder
        self._precision = precision

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Train on folds for held-out probabilities, temperature and the number of steps, then on all examples."""
        started = perf_counter()
        fitted = self.finish(examples, self.validate(examples, seed=seed), folder, seed=seed)
        return replace(fitted, seconds=perf_counter() - started)

    def validate(self, examples: TrainingSet, *, seed: int) -> Validated:
        """What trainings on parts of the examples make of the rest; the folds are those that `seed` deals."""
        _, base, material = self._prepared(examples)
        labels = examples.labels
        folds = deal_folds(labels, folds=FOLDS, rng=np.random.default_rng(seed))
        logits = np.zeros((len(labels), len(examples.classes)), dtype=np.float32)
        stops, models = [], {}
        for fold in np.unique(folds):
            judged = folds == fold
            model = new_model(base, examples.classes, seed=seed)
            learnt, held_out = material.labeled.part(~judged), material.labeled.part(judged)
            stop, logits[judged] = train(model, learnt, steps=_steps(learnt), held_out=held_out, seed=seed)
            stops.append(stop)
            models[int(fold)] = model
        plain = Validated(logits=logits, share=float(np.mean(stops)), opinions=None)
        if examples.prior is None or not material.unlabeled:
            return plain
        opinions = fit_opinion_pool(logits, examples.prior.labeled, labels, examples.believed)
        taught = np.zeros_like(logits)
        for fold, model in models.items():
            judged = folds == fold
            _teach(model, material.part(~judged), opinions, seed=seed)
            held_out = material.labeled.part(judged)
            taught[judged] = predict_logits(model, held_out.rows, held_out.pad_id, scale=SCALE)
        if quadratic_loss(taught, labels) > quadratic_loss(logits, labels):
            return plain
        return replace(plain, logits=taught, opinions=opinions)

    def finish(self, examples: TrainingSet, validated: Validated, folder: Path, *, seed: int) -> Fitted:
        """Train on all examples, as long and as sure as the folds say."""
        started = perf_counter()
        tokenizer, base, material = self._prepared(examples)
        temperature = fit_temperature(validated.logits, examples.labels)
        model = new_model(base, examples.classes, seed=seed)
        train(model, material.labeled, steps=round(_steps(material.labeled) * validated.share), seed=seed)
        if validated.opinions is not None:
            _teach(model, material, validated.opinions, seed=seed)
        with torch.no_grad():
            model.classifier.weight.mul_(SCALE / temperature)
            model.classifier.bias.div_(temperature)
        torch.nn.Module.to(model, "cpu", number_format(self._precision))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return Fitted(
            learner="finetune",
            held_out=apply_temperature(validated.logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )

    def _prepared(self, examples: TrainingSet) -> tuple[PreTrainedTokenizerBase, Any, _Material]:
        tokenizer, base = load(self._encoder, "float32")
        labeled = Tokenised(
            rows=tokenise(tokenizer, examples.texts, MAX_TOKENS),
            labels=examples.labels,
            weights=examples.believed,
            pad_id=int(tokenizer.pad_token_id or 0),
        )
        # They are in order of arrival: every so many-th, so that all of the pool is among them.
        apart = max(1, -(-len(examples.unlabeled_texts) // PSEUDO_TEXTS))
        prior = np.empty((0, 0), dtype=np.float32) if examples.prior is None else examples.prior.unlabeled[::apart]
        unlabeled = tokenise(tokenizer, examples.unlabeled_texts[::apart], MAX_TOKENS)
        return tokenizer, base, _Material(labeled=labeled, unlabeled=unlabeled, prior=prior)


def _steps(data: Tokenised) -> int:
    return steps_for(len(data.labels), of_hundred=STEPS, span=SPAN)


def _teach(model: LaudForSequenceClassification, material: _Material, opinions: OpinionPool, *, seed: int) -> None:
    """Train on from where `model` is, on the labels and as much again of pseudo-labels."""
    labeled = material.labeled
    said = opinions.of(predict_logits(model, material.unlabeled, labeled.pad_id, scale=SCALE), material.prior)
    sure = said.max(axis=1).astype(np.float64)
    both = labeled.with_more(material.unlabeled, said.argmax(axis=1), sure * (labeled.weights.sum() / sure.sum()))
    train(model, both, steps=max(1, round(_steps(labeled) * PSEUDO_STEPS)), rate=PSEUDO_RATE, seed=seed)


class FinetunedClassifier:
    """Classifier port over a fine-tuned model's folder."""

    def __init__(self, model: LaudForSequenceClassification, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path, *, precision: str) -> "FinetunedClassifier":
        """The model in `folder`."""
        logging.disable_progress_bar()
        model = LaudForSequenceClassification.from_pretrained(folder, dtype=number_format(precision))
        # The dtype asked for reaches only what is not built from the encoder's own configuration.
        torch.nn.Module.to(model, device(), number_format(precision))
        # Without the encoder's own configuration transformers would look for a tokenizer of this architecture.
        inner = AutoConfig.for_model(**model.config.encoder)
        return cls(model, AutoTokenizer.from_pretrained(folder, config=inner))

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        names = {int(code): str(name) for code, name in (self.model.config.id2label or {}).items()}
        return tuple(names[code] for code in range(len(names)))

    def probabilities(
        self,
        texts: Sequence[str],
        features: Features | None = None,  # noqa: ARG002 - it makes its own
    ) -> Probabilities:
        """Calibrated class probabilities."""
        rows = tokenise(self.tokenizer, texts, MAX_TOKENS)
        return apply_temperature(predict_logits(self.model, rows, int(self.tokenizer.pad_token_id or 0)), 1.0)
