"""SetFit (Tunstall et al. 2022, arXiv:2209.11055): the encoder learns from pairs, then a logistic regression."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

from evals.loop.peers.splits import Codes, Split

ITERATIONS = 20
"""Pairs of each kind that a text has part in, as in the paper: all there are would be too many from 100 labels on."""


def setfit(split: Split, encoder: Path, labeled: Codes, seed: int) -> Callable[[], Codes]:
    """Train both parts with the library's own settings."""
    known = split.truth[labeled]
    if len(set(known.tolist())) == 1:  # no pair differs
        return lambda: np.full(len(split.test), known[0])
    model = SetFitModel.from_pretrained(str(encoder))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_iterations=ITERATIONS,
            seed=seed,
            save_strategy="no",
            report_to="none",
            show_progress_bar=False,
        )
        texts = Dataset.from_dict({"text": [split.pool[place] for place in labeled], "label": known.tolist()})
        Trainer(model=model, args=arguments, train_dataset=texts).train()
    return lambda: np.asarray(model.predict(list(split.test), as_numpy=True))
