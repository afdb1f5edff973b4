"""The functions that run in the compute lane. Each loads what it needs itself, so that its caller loads nothing."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.engine.features import Features
from tools.engine.learning import Fitted, TrainingSet
from tools.engine.ports import Probabilities, Vectors

# ruff: noqa: PLC0415 - the lane's libraries are imported in the lane only


def encode(texts: Sequence[str], encoder: str, precision: str) -> Vectors:
    """Unit-length embeddings, one row a text."""
    from tools.adapters.encoder import encode as encode_texts

    return encode_texts(texts, encoder, precision)


def make_feature_space(texts: Sequence[str], encoder: str, precision: str, path: str) -> None:
    """Write what the features of a pool are made with, from texts drawn at random from it."""
    from tools.adapters.feature_space import make_space

    make_space(texts, encoder, precision, Path(path))


def encode_features(texts: Sequence[str], encoder: str, precision: str, space: str) -> Features:
    """The features of texts, one row a text."""
    from tools.adapters.feature_space import features_of, load_space

    return features_of(texts, encoder, precision, load_space(Path(space)))


def fit(  # noqa: PLR0913 - what is trained, where to, and how
    learner: str, examples: TrainingSet, folder: str, manifest: dict[str, Any], *, precision: str, seed: int
) -> Fitted:
    """Train a learner; the model's `folder` appears whole, with manifest and held-out probabilities, or not at all."""
    from tools.adapters.learners import open_learner
    from tools.adapters.learners.folder import appearing, write_fitted

    with appearing(Path(folder)) as partial:
        opened = open_learner(
            learner, encoder=manifest["encoder"], precision=precision, base=manifest.get("base_model")
        )
        fitted = opened.fit(examples, partial, seed=seed)
        write_fitted(partial, fitted, manifest)
    return fitted


def try_out(learner: str, examples: TrainingSet, features: Features, *, precision: str, seed: int) -> Probabilities:
    """Class probabilities of `features` by a model that is thrown away."""
    from tools.adapters.learners import open_classifier, open_learner
    from tools.adapters.learners.folder import write_manifest

    with tempfile.TemporaryDirectory(prefix="laud-trial-") as folder:
        fitted = open_learner(learner, encoder="", precision=precision).fit(examples, Path(folder), seed=seed)
        manifest = {"learner": fitted.learner, "temperature": fitted.temperature, "classes": list(examples.classes)}
        write_manifest(Path(folder), {**manifest, "encoder": ""})
        return open_classifier(Path(folder), precision=precision).probabilities([], features)


def export_hugging_face(folder: str, out: str, precision: str) -> None:
    """Write the model in `folder` as a Hugging Face folder, into a folder that appears whole or not at all."""
    from tools.adapters.learners.hugging_face import write_folder

    with _appearing_in(Path(out)) as partial:
        write_folder(Path(folder), partial, precision=precision)


def export_onnx(folder: str, out: str, texts: Sequence[str]) -> float:
    """Write the model in `folder` as ONNX, files that appear whole or not at all; the largest difference on `texts`."""
    from tools.adapters.learners.onnx_file import write_onnx

    with _appearing_in(Path(out)) as partial:
        return write_onnx(Path(folder), partial, texts)


@contextmanager
def _appearing_in(target: Path) -> Iterator[Path]:
    """A folder whose files go into `target` at the end, unless an error comes before."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".laud-export-") as partial:
        yield Path(partial)
        for file in Path(partial).iterdir():
            file.replace(target / file.name)


def predict(folder: str, texts: Sequence[str], features: Features | None, precision: str) -> Probabilities:
    """Class probabilities by the model in `folder`."""
    from tools.adapters.learners import open_classifier

    return open_classifier(Path(folder), precision=precision).probabilities(texts, features)
