"""A data set as `python -m evals loop split` writes it, in arrays."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""Classes by their place in `Split.classes`, or texts by their place in the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Texts of the pool and of the test set with their true classes, and the protocol that all keep to."""

    name: str
    classes: tuple[str, ...]
    positive: int | None
    pool: tuple[str, ...]
    truth: Codes
    test: tuple[str, ...]
    test_truth: Codes
    batch: int
    checkpoints: tuple[int, ...]

    def drawn(self, seed: int) -> Codes:
        """All places of the pool in random order: everyone's seed first, and all labels of who draws at random."""
        return np.random.default_rng(seed).permutation(len(self.pool))

    def steps(self, most: int) -> Iterator[int]:
        """The numbers of labels that rounds end at, the seed's first: a batch more each, less before a checkpoint."""
        labels = self.checkpoints[0]
        while labels < most:
            yield labels
            labels = min([labels + self.batch, *(one for one in self.checkpoints if one > labels)])
        yield most


def read_split(folder: Path) -> Split:
    """Read what was written to `folder`."""
    told: dict[str, Any] = json.loads((folder / "data_set.json").read_text(encoding="utf-8"))
    codes = {name: code for code, name in enumerate(told["classes"])}

    def items(name: str) -> tuple[tuple[str, ...], Codes]:
        with (folder / name).open(encoding="utf-8") as file:
            rows: Sequence[dict[str, str]] = [json.loads(line) for line in file]
        return tuple(row["text"] for row in rows), np.array([codes[row["label"]] for row in rows], dtype=np.int64)

    pool, truth = items("pool.jsonl")
    test, test_truth = items("test.jsonl")
    return Split(
        name=told["name"],
        classes=tuple(told["classes"]),
        positive=None if told["positive"] is None else codes[told["positive"]],
        pool=pool,
        truth=truth,
        test=test,
        test_truth=test_truth,
        batch=told["batch"],
        checkpoints=tuple(told["checkpoints"]),
    )
