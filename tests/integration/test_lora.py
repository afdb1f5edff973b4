"""The learner lora: what is kept of a language model that was adapted, what it needs, and how it is taken along."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.support.small_loop import small_bench, small_run, small_task
from tests.support.tiny_decoder import write_tiny_decoder
from tests.support.tiny_encoder import write_tiny_encoder
from tools.adapters.encoder_card import resolve
from tools.adapters.learners import open_classifier, open_learner
from tools.adapters.learners.folder import write_manifest
from tools.adapters.learners.lora import Adapted
from tools.engine.errors import CannotDo, UnreadableInput
from tools.engine.learning import TrainingSet
from tools.evaluation import latest_model
from tools.export import export, predict_texts
from tools.workbench import Workbench

ASKED = ["milk 1,5 % 1l", "zzz zzz zzz zzz", "NAPPIES SIZE 4", "?", "", "a long line " * 30]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workbench with a finished task, its base model and the model's folder."""

    bench: Workbench
    base: Path
    model: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One run for all tests of this module, which only read it."""
    folder = tmp_path_factory.mktemp("lora")
    base = write_tiny_decoder(folder / "decoder")
    with small_bench(folder, lora_model=str(base)) as bench:
        small_run(bench, small_task(bench, "t"), learner="lora", labels=24)
        yield Place(bench=bench, base=base, model=Path(latest_model(bench, "t").path))


def examples(count: int = 24) -> TrainingSet:
    """Texts of letters and of digits."""
    codes = np.array([0, 1] * (count // 2), dtype=np.int64)
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list(("abcdef ", "012345 ")[code]), 12)) for code in codes]
    nothing = np.zeros((count, 2), dtype=np.float16)
    return TrainingSet(
        texts=tuple(texts), features=nothing, labels=codes, classes=("letters", "digits"), unlabeled=nothing[:0]
    )


def test_the_folder_holds_adapters_and_the_name_of_the_base_model_alone(place: Place) -> None:
    names = {path.name for path in place.model.iterdir()}
    expected = {"adapter_config.json", "adapter_model.safetensors", "held_out.npy", "laud.json", "pool.npy"}
    assert names == expected
    weights = load_file(place.model / "adapter_model.safetensors")
    adapted = {name.split(".lora_")[0].rpartition(".")[2] for name in weights if ".lora_" in name}
    assert adapted == {"q_proj", "v_proj"}
    assert {name.rsplit(".", 2)[-2] for name in weights if ".lora_" not in name} == {"score"}
    told = json.loads((place.model / "adapter_config.json").read_text(encoding="utf-8"))
    assert told["base_model_name_or_path"] == str(place.base)
    assert json.loads((place.model / "laud.json").read_text(encoding="utf-8"))["base_model"] == str(place.base)


def test_the_adapters_have_learnt(place: Place) -> None:
    weights = load_file(place.model / "adapter_model.safetensors")
    second = [weight for name, weight in weights.items() if ".lora_B." in name]
    assert len(second) == 4
    assert all(np.abs(weight).max() > 0 for weight in second), "they begin at nothing"


def test_transformers_alone_gives_the_same_probabilities(place: Place, tmp_path: Path) -> None:
    export(place.bench, "t", out=tmp_path, what="hf")
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    own = predict_texts(place.bench, "t", ASKED[:4])
    asked = tokenizer(ASKED[:4], padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(input_ids=asked["input_ids"], attention_mask=asked["attention_mask"]).logits
    found = logits.double().softmax(-1).numpy()
    assert list(model.config.id2label.values()) == ["figures", "words"]
    assert found == pytest.approx(np.array([list(one.probabilities.values()) for one in own]), abs=1e-4)
    assert found.std(axis=0).min() > 0.01, "the texts are told apart"
    assert not list(tmp_path.glob("*.py"))
    assert "trust_remote_code" not in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "held_out" not in json.loads((tmp_path / "laud.json").read_text(encoding="utf-8"))


def test_logits_are_scaled_as_the_temperature_says(place: Place) -> None:
    network = Adapted.untrained(str(place.base), ("a", "b", "c"), "float32", seed=0)
    rows = network.tokenise(ASKED)
    before = network.logits(rows)
    network.scale(0.5)
    assert network.logits(rows) == pytest.approx(before / 2, abs=1e-6)
    assert np.abs(before).max() > 0.1


def test_a_text_is_judged_alike_alone_and_among_others(place: Place) -> None:
    together = predict_texts(place.bench, "t", ASKED)
    for text, one in zip(ASKED, together, strict=True):
        [alone] = predict_texts(place.bench, "t", [text])
        assert list(alone.probabilities.values()) == pytest.approx(list(one.probabilities.values()), abs=1e-4)


def test_onnx_is_refused_with_the_reason(place: Place, tmp_path: Path) -> None:
    with pytest.raises(CannotDo, match=r"lora.*2 GB.*format hf"):
        export(place.bench, "t", out=tmp_path, what="onnx")
    assert not list(tmp_path.iterdir())


def test_without_a_base_model_the_encoder_is_adapted_and_what_it_lacks_is_kept(tmp_path: Path) -> None:
    encoder = write_tiny_encoder(tmp_path / "encoder")
    weights = load_file(encoder / "model.safetensors")
    bare = {name: weight for name, weight in weights.items() if not name.startswith("pooler")}
    save_file(bare, encoder / "model.safetensors", metadata={"format": "pt"})
    given, folder = examples(100), tmp_path / "model"
    folder.mkdir()
    open_learner("lora", encoder=str(encoder), precision="float32").fit(given, folder, seed=0)
    write_manifest(folder, {"learner": "lora", "classes": list(given.classes)})
    torch.manual_seed(1)
    once = open_classifier(folder, precision="float32").probabilities(given.texts)
    torch.manual_seed(2)
    assert open_classifier(folder, precision="float32").probabilities(given.texts).tolist() == once.tolist()
    assert (once.argmax(axis=1) == given.labels).mean() > 0.7
    assert [name for name in load_file(folder / "adapter_model.safetensors") if "pooler" in name]


@pytest.mark.parametrize("what", ["no folder", "no language model"])
def test_a_base_model_that_cannot_be_loaded_is_named_with_its_setting(tmp_path: Path, what: str) -> None:
    base = tmp_path / "base"
    if what != "no folder":
        base.mkdir()
        (base / "config.json").write_text('{"model_type": "none of these"}', encoding="utf-8")
    with pytest.raises(UnreadableInput, match=r"base model .*LAUD_LORA_MODEL") as caught:
        open_learner("lora", encoder="", precision="float32", base=str(base)).fit(examples(), tmp_path, seed=0)
    assert str(base) in str(caught.value)


def test_a_hub_name_may_say_that_it_is_one() -> None:
    assert resolve("hf:someone/model") == resolve("someone/model") == "someone/model"


def test_without_its_package_the_learner_says_what_to_install_before_anything_is_paid() -> None:
    program = """
import sys
sys.modules["peft"] = None
from tools.adapters.learners import check_learner, open_learner
from tools.engine.errors import CannotDo
for ask in (lambda: check_learner("lora"), lambda: open_learner("lora", encoder="", precision="float32")):
    try:
        ask()
    except CannotDo as error:
        print(error)
check_learner("head")
"""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.count("pip install 'laud[lora]'") == 2
