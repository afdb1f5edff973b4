"""Runs peers one after the other: a line of results for each checkpoint, and what has its line is not done again."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from evals.loop.peers.splits import Codes, Split

RESULTS = "results.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's classes for the test set after `labels` labels.

    `seconds` is the time for training and choosing so far; where labels are drawn at random, of the one training.
    """

    labels: int
    predicted: Codes
    seconds: float
    of_round: int


Peer = Callable[[Split, Path, int, Sequence[int]], Iterator[Answer]]
"""From a split, the folder of the encoder, a seed and the checkpoints wanted, in order: the answers at these."""
Training = Callable[[Split, Path, Codes, int], Callable[[], Codes]]
"""From a split, the encoder, the places that are labeled and a seed: a trained model, to be asked for its answers."""


def on_random_labels(training: Training) -> Peer:
    """The peer that trains anew at each checkpoint on as many labels drawn at random."""

    def peer(split: Split, encoder: Path, seed: int, wanted: Sequence[int]) -> Iterator[Answer]:
        order = split.drawn(seed)
        for labels in wanted:
            started = perf_counter()
            model = training(split, encoder, order[:labels], seed)
            seconds = perf_counter() - started
            yield Answer(labels=labels, predicted=model(), seconds=seconds, of_round=0)

    return peer


def run_peer(  # noqa: PLR0913 - keyword-only, and a run is all of them
    name: str, peer: Peer, split: Split, *, encoder: Path, seed: int, checkpoints: Sequence[int], out: Path
) -> None:
    """Run one seed over one data set and append a line for each of the checkpoints that has none yet."""
    key = {"data": split.name, "method": f"peer:{name}", "oracle": "gold", "seed": seed}
    done = {line["labels"] for line in _lines(out / RESULTS) if key.items() <= line.items()}
    wanted = [labels for labels in checkpoints if labels in split.checkpoints and labels not in done]
    if not wanted:
        return
    for answer in peer(split, encoder, seed, wanted):
        line = {
            **key,
            "labels": answer.labels,
            "calls": answer.labels,
            "scores": scores(split, answer.predicted),
            "seconds": round(answer.seconds, 2),
            "of_round": answer.of_round,
        }
        _append(out, json.dumps(line))


def scores(split: Split, predicted: Codes) -> dict[str, float | None]:
    """Accuracy and macro F1 on the test set, and precision, recall and F1 of the positive class where there is one."""
    found: dict[str, float | None] = {
        "accuracy": float(accuracy_score(split.test_truth, predicted)),
        "macro_f1": float(f1_score(split.test_truth, predicted, average="macro", zero_division=0)),
        "precision": None,
        "recall": None,
        "f1": None,
    }
    if split.positive is not None:
        ours, theirs = split.test_truth == split.positive, predicted == split.positive
        three = precision_recall_fscore_support(ours, theirs, average="binary", zero_division=0)[:3]
        found |= dict(zip(("precision", "recall", "f1"), map(float, three), strict=True))
    return {name: None if value is None else round(value, 5) for name, value in found.items()}


def _append(out: Path, line: str) -> None:
    """Add a line to the results, and tell it."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / RESULTS).open("a+b") as file:
        # What a kill cut short ends in a line of its own, which is passed over.
        cut = file.tell() > 0 and (file.seek(-1, 2), file.read(1))[1] != b"\n"
        file.write(f"{chr(10) if cut else ''}{line}\n".encode())
    sys.stderr.write(f"{line}\n")


def _lines(path: Path) -> Iterator[dict[str, object]]:
    """The results that are there; a line that a kill cut short is passed over."""
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            yield json.loads(text)
        except ValueError:
            continue
