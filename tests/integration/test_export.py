"""The result taken along: loaded by transformers alone, with its card, its labels and its predictions."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml
from numpy.typing import NDArray
from safetensors import safe_open
from transformers import AutoTokenizer

from tests.support.small_loop import FORMULAS, POOL, rows, small_bench, small_run, small_task
from tools.adapters.compute.work import export_hugging_face
from tools.engine.errors import AskAgain, StorageFailed, UnreadableInput
from tools.engine.records import Task
from tools.evaluation import latest_model
from tools.export import export
from tools.workbench import Workbench

ASKED = ["milk 1,5 % 1l", "zzz zzz zzz zzz", "NAPPIES SIZE 4", "Glühwein 🍷", "?", "a long line " * 30]
LOADING = """
import json, sys
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
texts = json.loads(sys.argv[1])
told = {}
for folder in sys.argv[2:]:
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    model = AutoModelForSequenceClassification.from_pretrained(folder, trust_remote_code=True).eval()
    asked = tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")
    with torch.inference_mode():
        logits = model(input_ids=asked["input_ids"], attention_mask=asked["attention_mask"]).logits
    told[folder] = {
        "labels": [model.config.id2label[code] for code in range(model.config.num_labels)],
        "probabilities": logits.double().softmax(-1).tolist(),
    }
print(json.dumps({"told": told, "laud": sorted(name for name in sys.modules if name.split(".")[0] == "tools")}))
"""
LEARNERS = ("head", "kernel", "finetune")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workbench with a finished task of each learner, each model exported in each precision, and what loading gave.

    `loaded` is by learner and precision.
    """

    bench: Workbench
    tasks: dict[str, Task]
    folders: dict[tuple[str, str], Path]
    loaded: dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One pool and one look by transformers for all tests of this module."""
    folder = tmp_path_factory.mktemp("export")
    with small_bench(folder) as bench:
        tasks = {learner: small_task(bench, learner) for learner in LEARNERS}
        folders: dict[tuple[str, str], Path] = {}
        for learner, task in tasks.items():
            small_run(bench, task, learner=learner, labels=24)
            folders[learner, "float32"] = folder / learner
            export(bench, task.name, out=folder / learner)
            folders[learner, "bfloat16"] = folder / f"{learner}-small"
            folders[learner, "bfloat16"].mkdir()
            model = latest_model(bench, task.name).path
            bench.compute.run(export_hugging_face, model, str(folders[learner, "bfloat16"]), "bfloat16")
        told = load_elsewhere(folder, list(folders.values()))
        loaded = {key: told[str(path)] for key, path in folders.items()}
        yield Place(bench=bench, tasks=tasks, folders=folders, loaded=loaded)


def load_elsewhere(folder: Path, exported: list[Path]) -> dict[str, Any]:
    """What transformers alone makes of the folders, in a process that has nothing of LAUD."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    asking = [sys.executable, "-c", LOADING, json.dumps(ASKED), *map(str, exported)]
    ran = subprocess.run(
        asking,
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "HF_MODULES_CACHE": str(folder / "modules")},
    )
    assert ran.returncode == 0, ran.stderr
    printed = json.loads(ran.stdout.splitlines()[-1])
    assert printed["laud"] == []
    told: dict[str, Any] = printed["told"]
    return told


def own_probabilities(place: Place, learner: str) -> NDArray[np.float32]:
    return place.bench.predict(Path(latest_model(place.bench, place.tasks[learner].name).path), ASKED)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- the model --------------------------------------------------------------------------------------------------------


def test_onnx_gives_the_same_probabilities(place: Place, tmp_path: Path) -> None:
    paths = export(place.bench, place.tasks["kernel"].name, out=tmp_path, what="onnx")
    assert paths == [tmp_path / "model.onnx"]
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    own = own_probabilities(place, "kernel")
    for texts in (slice(0, 1), slice(0, 6)):
        asked = tokenizer(ASKED[texts], padding=True, truncation=True, max_length=64, return_tensors="np")
        fed = {name: asked[name] for name in ("input_ids", "attention_mask")}
        assert session.run(["probabilities"], fed)[0] == pytest.approx(own[texts], abs=2e-3)
    assert json.loads((tmp_path / "laud.json").read_text())["classes"] == ["figures", "words"]


@pytest.mark.parametrize("learner", LEARNERS)
def test_transformers_gives_the_same_probabilities(place: Place, learner: str) -> None:
    loaded = place.loaded[learner, "float32"]
    assert loaded["labels"] == ["figures", "words"]
    own = own_probabilities(place, learner)
    assert own.std(axis=0).min() > 0.01, "the texts are told apart"
    # LAUD's features on a frozen encoder are float16.
    assert np.array(loaded["probabilities"]) == pytest.approx(own, abs=1e-4 if learner == "finetune" else 2e-3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_half_precision_halves_the_encoder_and_is_near(place: Place, learner: str) -> None:
    loaded = place.loaded[learner, "bfloat16"]
    assert np.array(loaded["probabilities"]) == pytest.approx(own_probabilities(place, learner), abs=0.06)
    for precision in PRECISIONS:
        with safe_open(place.folders[learner, precision] / "model.safetensors", "pt") as weights:
            kept = {name: str(weights.get_tensor(name).dtype) for name in weights.keys()}  # noqa: SIM118 - no mapping
        assert {form for name, form in kept.items() if name.startswith("encoder.")} == {f"torch.{precision}"}


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_folder_says_what_the_model_is_and_carries_no_label_of_the_pool(place: Place, learner: str) -> None:
    folder = place.folders[learner, "float32"]
    manifest = json.loads((folder / "laud.json").read_text(encoding="utf-8"))
    assert (manifest["task"], manifest["labels"], manifest["classes"]) == (learner, 24, ["figures", "words"])
    assert "held_out" not in manifest
    assert not list(folder.glob("*.npy"))
    names = {path.name for path in folder.iterdir()}
    assert {"README.md", "config.json", "labels.csv", "predictions.csv", "tokenizer_config.json"} <= names
    assert not [name for name in names if name.startswith(".")]


def test_the_card_begins_with_what_the_hub_reads(place: Place) -> None:
    card = (place.folders["head", "float32"] / "README.md").read_text(encoding="utf-8")
    empty, front, body = card.split("---\n", 2)
    assert empty == ""
    matter = yaml.safe_load(front)
    assert matter["pipeline_tag"] == "text-classification"
    assert matter["library_name"] == "transformers"
    assert "# head" in body
    assert "figures" in body.split("Labeled by")[1].split("## Scores")[0]
    assert all(cell in body for cell in ("| precision |", "trust_remote_code=True"))


# --- labels and predictions -------------------------------------------------------------------------------------------


def test_every_label_says_where_it_comes_from(place: Place) -> None:
    labels = read(place.folders["head", "float32"] / "labels.csv")
    history = place.bench.labels.history("head")
    assert len(labels) == len(history)
    assert {row["source"] for row in labels} == {"replay:figures"}
    assert {row["guideline_version"] for row in labels} == {"1"}
    assert {row["outcome"] for row in labels} == {"label"}
    assert sum(row["trained_on"] == "yes" for row in labels) == 24
    assert {row["trained_on"] for row in labels if row["role"] == "gold"} == {"no"}
    assert [row["at"] for row in labels] == [label.at.isoformat() for label in history]
    known = {row["text"]: row["figures"] for row in rows()}
    assert all(row["label"] == known[row["text"].removeprefix("'")] for row in labels)


@pytest.mark.parametrize("learner", LEARNERS)
def test_predictions_have_a_row_a_text_in_the_order_of_the_pool(place: Place, learner: str) -> None:
    predictions = read(place.folders[learner, "float32"] / "predictions.csv")
    texts = place.bench.pools.texts(POOL)
    assert [row["text"].removeprefix("'") for row in predictions] == [text.text for text in texts]
    threshold = latest_model(place.bench, learner).threshold
    assert threshold is not None
    for row in predictions:
        shares = {name: float(row[f"p:{name}"]) for name in ("figures", "words")}
        assert sum(shares.values()) == pytest.approx(1, abs=2e-3)
        assert float(row["probability"]) == shares[row["label"]]
        if abs(shares["figures"] - threshold) > 1e-3:
            assert (row["label"] == "figures") == (shares["figures"] > threshold)


def test_a_cell_that_a_spreadsheet_would_run_is_defused(place: Place) -> None:
    for name in ("labels.csv", "predictions.csv"):
        table = read(place.folders["head", "float32"] / name)
        cells = [cell for row in table for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert {row["id"][:3] for row in table} == {"'=r"}
    texts = {row["text"] for row in table}
    assert {f"'{text}" for text in FORMULAS} <= texts


# --- parts and trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "files"),
    [("labels", {"labels.csv"}), ("predictions", {"predictions.csv"}), ("card", {"README.md"})],
)
def test_a_part_is_written_alone(place: Place, tmp_path: Path, what: str, files: set[str]) -> None:
    written = export(place.bench, "head", out=tmp_path / "deep" / "out", what=what)
    assert {path.name for path in written} == {path.name for path in (tmp_path / "deep" / "out").iterdir()} == files


def test_an_export_again_replaces_the_older_one(place: Place, tmp_path: Path) -> None:
    export(place.bench, "head", out=tmp_path, what="labels")
    (tmp_path / "labels.csv").write_text("old", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    export(place.bench, "head", out=tmp_path, what="labels")
    assert len(read(tmp_path / "labels.csv")) == len(place.bench.labels.history("head"))
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_what_cannot_be_written_is_told(place: Place, tmp_path: Path) -> None:
    with pytest.raises(AskAgain, match=r"no format 'docx'.*hf, onnx, labels, predictions, card, all"):
        export(place.bench, "head", out=tmp_path, what="docx")
    (tmp_path / "file").touch()
    for what in ("hf", "labels"):
        with pytest.raises(StorageFailed, match="file"):
            export(place.bench, "head", out=tmp_path / "file", what=what)
    with pytest.raises(UnreadableInput, match="holds no model"):
        export_hugging_face(str(tmp_path), str(tmp_path), "float32")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
