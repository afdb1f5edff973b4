"""small-text (Schröder et al. 2023, arXiv:2107.10314): active learning that fine-tunes after each batch."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from small_text import (
    LABEL_UNLABELED,
    PoolBasedActiveLearner,
    QueryStrategy,
    TransformerBasedClassificationFactory,
    TransformerModelArguments,
    TransformersDataset,
)
from transformers import AutoTokenizer

from evals.loop.peers.finetuning import BATCH, EPOCHS, MAX_TOKENS, RATE
from evals.loop.peers.running import Answer, Peer
from evals.loop.peers.splits import Codes, Split


def small_text(strategy: Callable[[], QueryStrategy]) -> Peer:
    """The peer that asks by a query strategy of the library, its classifier trained at plain fine-tuning's pace."""

    def peer(split: Split, encoder: Path, seed: int, wanted: Sequence[int]) -> Iterator[Answer]:
        # The library draws from the global generators.
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        pool, test = _data_sets(split, encoder)
        factory = TransformerBasedClassificationFactory(
            TransformerModelArguments(str(encoder)),
            len(split.classes),
            kwargs={"num_epochs": EPOCHS, "lr": RATE, "mini_batch_size": BATCH, "verbosity": 0},
        )
        learner = PoolBasedActiveLearner(factory, strategy(), pool)
        started = perf_counter()
        judging = 0.0
        labeled = 0
        for round_number, labels in enumerate(split.steps(max(wanted))):
            if labeled:
                learner.update(split.truth[learner.query(num_samples=labels - labeled)])
            else:
                seed_set = split.drawn(seed)[:labels]
                learner.initialize_data(seed_set, split.truth[seed_set])
            labeled = labels
            if labels in wanted:
                seconds = perf_counter() - started - judging
                predicted: Codes = learner.classifier.predict(test)
                judging = perf_counter() - started - seconds
                yield Answer(labels=labels, predicted=predicted, seconds=seconds, of_round=round_number)

    return peer


def _data_sets(split: Split, encoder: Path) -> tuple[TransformersDataset, TransformersDataset]:
    """The pool and the test set, padded to the longest text there is: what it pads to is what it computes."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    longest = max(map(len, tokenizer([*split.pool, *split.test], truncation=True, max_length=MAX_TOKENS)["input_ids"]))

    def data_set(texts: tuple[str, ...]) -> TransformersDataset:
        return TransformersDataset.from_arrays(
            texts,
            np.full(len(texts), LABEL_UNLABELED),
            tokenizer,
            target_labels=np.arange(len(split.classes)),
            max_length=longest,
        )

    return data_set(split.pool), data_set(split.test)
