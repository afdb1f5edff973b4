"""Plain fine-tuning: transformers' own classifier and trainer.

20 epochs with a tenth of them as warm-up, as Mosbach et al. 2021 (arXiv:2006.04884) found stable for few labels.
"""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from evals.loop.peers.splits import Codes, Split

RATE = 1e-4
"""Small encoders take a higher one than BERT's 2e-5."""
EPOCHS = 20
BATCH = 16
WARM_UP = 0.1
MAX_TOKENS = 128


def finetuned(split: Split, encoder: Path, labeled: Codes, seed: int) -> Callable[[], Codes]:
    """Fine-tune the whole encoder with a new head on the labeled texts."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)

    def tokenised(texts: list[str], codes: Codes) -> Dataset:
        return Dataset.from_dict({**tokenizer(texts, truncation=True, max_length=MAX_TOKENS), "labels": codes.tolist()})

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            learning_rate=RATE,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=4 * BATCH,
            warmup_steps=math.ceil(EPOCHS * math.ceil(len(labeled) / BATCH) * WARM_UP),
            seed=seed,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
        )
        trainer = Trainer(
            model_init=lambda: AutoModelForSequenceClassification.from_pretrained(
                encoder, num_labels=len(split.classes)
            ),
            args=arguments,
            train_dataset=tokenised([split.pool[place] for place in labeled], split.truth[labeled]),
            data_collator=DataCollatorWithPadding(tokenizer),
        )
        trainer.train()
    return lambda: np.argmax(trainer.predict(tokenised(list(split.test), split.test_truth)).predictions, axis=1)
