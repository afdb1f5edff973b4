"""Data sets written to files, for the loop to read and for programs that are not the product."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from evals.loop.data_sets import DataSet, Item
from evals.loop.protocol import batch_of, checkpoints_of
from tools.files import make_folder, replacing


def write_items(path: Path, items: Iterable[Item]) -> None:
    """Write one JSON object a line with id, text, label, model_label and model_confidence; what is unknown is empty."""
    with replacing(path) as file:
        for item in items:
            known = {name: "" if value is None else value for name, value in asdict(item).items()}
            file.write(f"{json.dumps(known, ensure_ascii=False)}\n".encode())


def write_split(data: DataSet, folder: Path, *, labels: int) -> None:
    """Write `pool.jsonl`, `test.jsonl`, and in `data_set.json` the task and its protocol."""
    make_folder(folder)
    write_items(folder / "pool.jsonl", data.pool)
    write_items(folder / "test.jsonl", data.test)
    told = {
        "name": data.name,
        "description": data.description,
        "classes": list(data.classes),
        "definitions": dict(data.definitions),
        "positive": data.positive,
        "batch": batch_of(data),
        "checkpoints": list(checkpoints_of(data, labels)),
    }
    with replacing(folder / "data_set.json") as file:
        file.write(json.dumps(told, ensure_ascii=False, indent=2).encode())
