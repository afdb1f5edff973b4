"""The result to take along: the model as a Hugging Face folder, its card, the labels and the predictions."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tools.account import model_card
from tools.engine.decisions import decide_classes
from tools.engine.errors import AskAgain, CannotDo, UnreadableInput
from tools.engine.learning import IN_CONTEXT
from tools.engine.ports import Probabilities
from tools.engine.records import ModelRecord, SkippedRow, Task
from tools.engine.spreadsheet import safe_cell
from tools.evaluation import latest_model
from tools.files import make_folder, replacing
from tools.in_context import predict
from tools.report import render_model_card
from tools.training import TEXTS_PER_CALL, pool_texts, score_pool, training_labels
from tools.workbench import Workbench

FORMATS = ("hf", "onnx", "labels", "predictions", "card", "all")
EVERYTHING = ("hf", "labels", "predictions", "card")
"""What `all` stands for; ONNX needs packages that not everyone has."""
COMPARED = 64
"""Texts of the pool that an ONNX file must judge as the model does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What a file went through: rows predicted, how many of each class, rows that could not be read."""

    model: str
    rows: int
    counts: dict[str, int]
    skipped: tuple[SkippedRow, ...]
    out: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """The class of a text, how probable it is, and the probability of every class."""

    label: str
    probability: float
    probabilities: dict[str, float]


def export(bench: Workbench, name: str, *, out: Path, what: str = "all") -> list[Path]:
    """Write parts of a result into the folder `out`; returns the paths written.

    `what` is hf, onnx, labels, predictions, card or all, which is all but onnx. Raises AskAgain for another word,
    UnknownName, StorageFailed; CannotDo where the packages for ONNX are missing or the file is not equal to the model.
    """
    if what not in FORMATS:
        raise AskAgain(f"There is no format {what!r}. The formats are: {', '.join(FORMATS)}.")
    model = latest_model(bench, name)
    task = bench.tasks.get(model.task)
    parts: tuple[str, ...] = EVERYTHING if what == "all" else (what,)
    if model.learner == IN_CONTEXT:
        parts = _without_weights(what, parts)
    written = []
    if "hf" in parts:
        make_folder(out)
        bench.export_model(bench.model_folder(model.id), out)
        written.append(out / "model.safetensors")
    if "onnx" in parts:
        make_folder(out)
        texts = bench.pools.iter_texts(task.pool, start=0, size=COMPARED)
        bench.export_onnx(bench.model_folder(model.id), out, [text.text for text in texts])
        written.append(out / "model.onnx")
    if "hf" in parts or "card" in parts:
        with replacing(out / "README.md") as file:
            file.write(render_model_card(model_card(bench, model)).encode())
        written.append(out / "README.md")
    if "labels" in parts:
        written.append(_write_labels(bench, task, out / "labels.csv"))
    if "predictions" in parts:
        written.append(_write_predictions(bench, task, model, out / "predictions.csv"))
    return written


def _without_weights(what: str, parts: Sequence[str]) -> tuple[str, ...]:
    """The parts that a language model of somebody else's has: all but the model itself. Raises CannotDo for that."""
    if what in {"hf", "onnx"}:
        raise CannotDo(
            f"The model of the learner {IN_CONTEXT} is a language model behind an endpoint, so there are no weights to "
            "write. labels, predictions and card can be exported; a run with head, kernel, finetune or lora on the "
            "same labels makes a model to take along."
        )
    return tuple(part for part in parts if part != "hf")


def predict_file(bench: Workbench, name: str, *, source: str, out: Path, text_column: str | None = None) -> Predicted:
    """Stream a file's texts through a model into `out` (csv, or jsonl by suffix), which appears whole at the end.

    Raises UnknownName, UnreadableInput, StorageFailed.
    """
    started = perf_counter()
    model = latest_model(bench, name)
    data = bench.open_input(source, text_column=text_column)
    if out.resolve() == Path(source).resolve():
        raise UnreadableInput(f"The predictions would take the place of their input {source}; give another name.")
    counts: Counter[str] = Counter(dict.fromkeys(model.classes, 0))
    skipped: list[SkippedRow] = []
    with replacing(out) as file:
        writer = _writer(file, out, ["row", *data.other_columns, "text", *_prediction_columns(model.classes)])
        rows = data.rows(0)
        while block := list(islice(rows, TEXTS_PER_CALL)):
            skipped += [row for row in block if isinstance(row, SkippedRow)]
            texts = [row for row in block if not isinstance(row, SkippedRow)]
            probabilities = predict(bench, model, [row.text for row in texts]) if texts else None
            for row, cells in zip(texts, _prediction_cells(bench, model, probabilities), strict=True):
                fields = {name: row.fields.get(name, "") for name in data.other_columns}
                writer.write({"row": row.row, **fields, "text": row.text, **cells})
                counts[cells["label"]] += 1
            bench.progress("predicting", sum(counts.values()) + len(skipped), data.rows_total)
    return Predicted(
        model=model.id,
        rows=sum(counts.values()),
        counts=dict(counts),
        skipped=tuple(skipped),
        out=str(out),
        seconds=perf_counter() - started,
    )


def predict_texts(bench: Workbench, name: str, texts: Sequence[str]) -> list[Classified]:
    """What a task's latest model, or a model by its id, makes of some texts, in their order. Raises UnknownName."""
    model = latest_model(bench, name)
    probabilities = predict(bench, model, texts)
    codes = _codes(bench, model, probabilities)
    return [
        Classified(
            label=model.classes[code],
            probability=float(row[code]),
            probabilities={name: float(value) for name, value in zip(model.classes, row, strict=True)},
        )
        for code, row in zip(codes, probabilities, strict=True)
    ]


def _write_labels(bench: Workbench, task: Task, path: Path) -> Path:
    """Every answer ever given, with who, when, why and at what price."""
    used = training_labels(bench, task)
    history = bench.labels.history(task.name)
    texts = {t.id: t for t in bench.pools.texts(task.pool, list({label.text_id for label in history}))}
    columns = ["id", "text", "label", "outcome", "role", "trained_on", "round", "source", "model", "prompt_hash",
               "confidence", "cost", "guideline_version", "at", "note"]  # fmt: skip
    with replacing(path) as file:
        writer = _writer(file, path, columns)
        for label in history:
            answer = label.answer
            writer.write(
                {
                    "id": texts[label.text_id].external_id or label.text_id,
                    "text": texts[label.text_id].text,
                    "label": answer.label or "",
                    "outcome": answer.outcome,
                    "role": label.role,
                    "trained_on": "yes" if label.text_id in used and label.role != "gold" else "no",
                    "round": label.round,
                    "source": answer.source,
                    "model": answer.model or "",
                    "prompt_hash": answer.prompt_hash or "",
                    "confidence": "" if answer.confidence is None else f"{answer.confidence:.4f}",
                    "cost": f"{answer.cost:.6f}",
                    "guideline_version": label.guideline_version,
                    "at": label.at.isoformat(),
                    "note": answer.note or "",
                }
            )
    return path


def _write_predictions(bench: Workbench, task: Task, model: ModelRecord, path: Path) -> Path:
    pool = pool_texts(bench, task)
    probabilities = score_pool(bench, task, model)
    with replacing(path) as file:
        writer = _writer(file, path, ["id", "text", "copies", *_prediction_columns(model.classes)])
        for start in range(0, len(pool.ids), TEXTS_PER_CALL):
            texts = bench.pools.iter_texts(task.pool, start=start, size=TEXTS_PER_CALL)
            block = probabilities[start : start + TEXTS_PER_CALL]
            for text, cells in zip(texts, _prediction_cells(bench, model, block), strict=True):
                writer.write({"id": text.external_id or text.id, "text": text.text, "copies": text.copies, **cells})
    return path


def _prediction_columns(classes: Sequence[str]) -> list[str]:
    return ["label", "probability", *(f"p:{name}" for name in classes)]


def _prediction_cells(
    bench: Workbench, model: ModelRecord, probabilities: Probabilities | None
) -> Iterator[dict[str, Any]]:
    if probabilities is None:
        return
    for code, row in zip(_codes(bench, model, probabilities), probabilities, strict=True):
        named = {f"p:{name}": f"{value:.4f}" for name, value in zip(model.classes, row, strict=True)}
        yield {"label": model.classes[code], "probability": f"{row[code]:.4f}", **named}


def _codes(bench: Workbench, model: ModelRecord, probabilities: Probabilities) -> NDArray[np.int64]:
    """The class of each row, by the model's threshold where it has one."""
    task = bench.tasks.get(model.task)
    positive = None if task.positive is None else model.classes.index(task.positive)
    return decide_classes(probabilities, positive=positive, threshold=model.threshold)


class _Utf8:
    """Takes the csv module's strings into a file of bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a line."""
        return self._file.write(text.encode())


class _CsvWriter:
    """Rows as csv that a spreadsheet opens safely, also where the names of the columns come from a file."""

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._rows = csv.DictWriter(_Utf8(file), columns, lineterminator="\n")
        self.write({name: name for name in columns})

    def write(self, row: dict[str, Any]) -> None:
        """Write a row."""
        self._rows.writerow({name: safe_cell(value) for name, value in row.items()})


class _JsonWriter:
    """Rows as JSON lines."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, row: dict[str, Any]) -> None:
        """Write a row."""
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def _writer(file: IO[bytes], path: Path, columns: Sequence[str]) -> "_CsvWriter | _JsonWriter":
    return _JsonWriter(file) if path.suffix in {".jsonl", ".ndjson"} else _CsvWriter(file, columns)
