"""One contract for every learner: what is in the folder, what the probabilities promise, what damage looks like."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from tests.support.laud_process import sample_rows
from tests.support.openai_endpoint import KEY, MODEL
from tests.support.prompted_endpoint import PromptedEndpoint
from tests.support.tiny_decoder import write_tiny_decoder
from tests.support.tiny_encoder import write_tiny_encoder
from tools.adapters.compute import work
from tools.adapters.encoder_card import PACKAGED
from tools.adapters.feature_space import features_of, load_space, make_space
from tools.adapters.learners import LEARNERS, open_classifier, open_learner
from tools.adapters.learners.featuriser import SPACE
from tools.adapters.learners.folder import appearing, write_fitted
from tools.adapters.learners.in_context import Ask, InContextLearner
from tools.adapters.oracles.endpoint import LlmEndpoint
from tools.adapters.oracles.llm import LlmOracle
from tools.engine.errors import StorageFailed, UnknownName, UnreadableInput
from tools.engine.features import Features
from tools.engine.learning import Fitted, Prior, TrainingSet
from tools.engine.records import Answer, ClassDefinition, Task

LETTERS = ("abc", "xyz", "012")
"""What the texts of each class are spelled with."""
DECODER = "decoder"
"""Folder of the language model, beside the encoder's."""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of an encoder that costs nothing; beside it lies a language model that costs as much."""
    folder = tmp_path_factory.mktemp("encoders")
    write_tiny_decoder(folder / DECODER)
    return str(write_tiny_encoder(folder / "tiny"))


def spelled(codes: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """A text of each class code."""
    words = (["".join(rng.choice(list(LETTERS[code]), 5)) for _ in range(4)] for code in codes)
    return [" ".join(word) for word in words]


def training_set(
    codes: list[int], encoder: str, *, classes: tuple[str, ...] = ("a", "b", "c"), **changes: Any
) -> TrainingSet:
    """Texts of these classes, in a mixed order."""
    rng = np.random.default_rng(3)
    labels = rng.permutation(np.array(codes, dtype=np.int64))
    texts = spelled(labels, rng)
    features, space = featured(texts, encoder)
    made: dict[str, Any] = {
        "texts": tuple(texts),
        "features": features,
        "labels": labels,
        "classes": classes,
        "unlabeled": features[:0],
        "space": space,
    }
    return TrainingSet(**{**made, **changes})


def featured(texts: list[str], encoder: str) -> tuple[Features, Path]:
    """The features of texts that are a whole pool, and the file of the pool's feature space."""
    digest = hashlib.sha256("\n".join([encoder, *texts]).encode()).hexdigest()[:16]
    space = Path(encoder if Path(encoder).is_dir() else tempfile.gettempdir()) / f"{digest}.safetensors"
    make_space(texts, encoder, "float32", space)
    return features_of(texts, encoder, "float32", load_space(space)), space


def fit(learner: str, examples: TrainingSet, folder: Path, encoder: str, *, seed: int = 0) -> Fitted:
    positive = None if examples.positive is None else examples.classes[examples.positive]
    manifest: dict[str, Any] = {"classes": list(examples.classes), "encoder": encoder, "positive": positive}
    if learner == "in-context":
        return fit_in_context(examples, folder, manifest, seed=seed)
    if learner == "lora":
        manifest["base_model"] = str(Path(encoder).with_name(DECODER))
    return work.fit(learner, examples, str(folder), manifest, precision="float32", seed=seed)


def fit_in_context(examples: TrainingSet, folder: Path, manifest: dict[str, Any], *, seed: int) -> Fitted:
    """The same for a language model behind an endpoint."""
    task = Task(name="t", pool="p", description="", classes=tuple(map(named, examples.classes)))
    with asking(task) as ask, appearing(folder) as partial:
        fitted = InContextLearner(ask, task=task, model=MODEL, size=8).fit(examples, partial, seed=seed)
        write_fitted(partial, fitted, manifest)
    return fitted


def named(name: str) -> ClassDefinition:
    return ClassDefinition(name=name)


@contextmanager
def asking(task: Task) -> Iterator[Ask]:
    """A language model that can be asked."""
    with PromptedEndpoint() as endpoint:
        there = LlmEndpoint(base_url=endpoint.url, api_key=SecretStr(KEY))
        yield lambda texts, before: LlmOracle(endpoint=there, model=MODEL, task=task, before=before).answers(
            texts, task
        )


def nobody(texts: object, before: object) -> tuple[Answer, ...]:  # noqa: ARG001 - as one who answers takes them
    """Answers nothing."""
    return ()


def predicted(folder: Path, texts: tuple[str, ...] | list[str], features: Features | None = None) -> NDArray[Any]:
    classes = open_classifier(folder, precision="float32", ask=nobody).classes
    with asking(Task(name="t", pool="p", description="", classes=tuple(map(named, classes)))) as ask:
        return open_classifier(folder, precision="float32", ask=ask).probabilities(list(texts), features)


@pytest.fixture(scope="module", params=LEARNERS)
def learner(request: pytest.FixtureRequest) -> str:
    """Each learner by name."""
    return str(request.param)


@pytest.fixture(scope="module")
def examples(learner: str, encoder: str) -> TrainingSet:
    """40 texts of three classes, one of which has no label; of two for the learner that knows no more."""
    if learner == "kernel":
        return training_set([0] * 20 + [1] * 20, encoder, classes=("a", "b"), positive=0)
    return training_set([0] * 20 + [1] * 20, encoder, classes=("a", "b", "never seen"))


@pytest.fixture(scope="module")
def trained(
    learner: str, examples: TrainingSet, encoder: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Fitted]:
    """A model's folder and what came of its training; tests only read it."""
    folder = tmp_path_factory.mktemp("models") / learner
    return folder, fit(learner, examples, folder, encoder)


def test_the_folder_holds_weights_and_says_what_it_is(
    learner: str, trained: tuple[Path, Fitted], examples: TrainingSet
) -> None:
    folder, fitted = trained
    assert list(folder.glob("*.safetensors"))
    manifest = json.loads((folder / "laud.json").read_text(encoding="utf-8"))
    assert (manifest["learner"], manifest["temperature"]) == (learner, fitted.temperature)
    assert fitted.learner == learner
    assert fitted.temperature > 0
    assert fitted.seconds > 0
    assert open_classifier(folder, precision="float32", ask=nobody).classes == examples.classes
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_held_out_probabilities_have_a_row_a_text_and_are_those_of_a_model_that_learnt(
    trained: tuple[Path, Fitted], examples: TrainingSet
) -> None:
    folder, fitted = trained
    assert fitted.held_out.shape == (40, len(examples.classes))
    assert fitted.held_out.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert (fitted.held_out >= 0).all()
    assert (fitted.held_out.argmax(axis=1) == examples.labels).mean() > 0.75
    assert np.load(folder / "held_out.npy").tolist() == fitted.held_out.tolist()


def test_labels_that_are_not_believed_do_not_move_the_model(
    learner: str, examples: TrainingSet, encoder: str, tmp_path: Path
) -> None:
    wrong = np.arange(40) % 3 == 0
    noisy = replace(examples, labels=np.where(wrong, 1 - examples.labels, examples.labels))
    right = []
    for name, weights in (("alike", None), ("weighed", np.where(wrong, 0.05, 1.0))):
        fit(learner, replace(noisy, weights=weights), tmp_path / name, encoder)
        found = predicted(tmp_path / name, examples.texts, examples.features)
        right.append(found[np.arange(40), examples.labels].mean())
    assert right[1] > right[0] + 0.02


def test_the_same_seed_gives_the_same_model_also_when_it_is_loaded_again(
    learner: str, trained: tuple[Path, Fitted], examples: TrainingSet, encoder: str, tmp_path: Path
) -> None:
    folder, fitted = trained
    again = fit(learner, examples, tmp_path / "again", encoder)
    assert again.held_out == pytest.approx(fitted.held_out, abs=1e-6)
    once, twice = (predicted(one, examples.texts, examples.features) for one in (folder, tmp_path / "again"))
    assert once == pytest.approx(twice, abs=1e-6)
    assert once.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert predicted(folder, examples.texts) == pytest.approx(once, abs=2e-3), "without features it makes its own"


def test_another_seed_deals_other_folds(
    learner: str, trained: tuple[Path, Fitted], examples: TrainingSet, encoder: str, tmp_path: Path
) -> None:
    if learner == "in-context":
        pytest.skip("each text is asked about alone, and no lot is drawn")
    other = fit(learner, examples, tmp_path / "other", encoder, seed=1)
    assert other.held_out.tolist() != trained[1].held_out.tolist()


def test_a_class_without_a_label_is_never_predicted(trained: tuple[Path, Fitted], examples: TrainingSet) -> None:
    folder, fitted = trained
    strange = [*examples.texts, *spelled(np.full(40, 2, dtype=np.int64), np.random.default_rng(5)), "?", ""]
    for probabilities in (fitted.held_out, predicted(folder, strange)):
        assert np.isfinite(probabilities).all()
        assert 2 not in probabilities.argmax(axis=1)


def test_texts_that_were_not_in_the_training_are_told_apart(trained: tuple[Path, Fitted]) -> None:
    codes = np.array([0, 1] * 30, dtype=np.int64)
    found = predicted(trained[0], spelled(codes, np.random.default_rng(11))).argmax(axis=1)
    assert (found == codes).mean() > 0.75


def test_a_class_with_few_labels_is_found(learner: str, encoder: str, tmp_path: Path) -> None:
    examples = training_set([0] * 50 + [1] * 6, encoder, classes=("a", "b"), positive=1)
    fitted = fit(learner, examples, tmp_path / "model", encoder)
    found = fitted.held_out.argmax(axis=1)
    assert (found[examples.labels == 1] == 1).sum() >= 5
    assert (found[examples.labels == 0] == 0).mean() > 0.75


def test_a_class_with_one_label_is_no_trouble(learner: str, encoder: str, tmp_path: Path) -> None:
    two = training_set([0] * 12 + [1], encoder, classes=("a", "b"), positive=1)
    examples = two if learner == "kernel" else training_set([0] * 6 + [1] * 6 + [2], encoder)
    fitted = fit(learner, examples, tmp_path / "model", encoder)
    assert fitted.held_out.shape == (13, len(examples.classes))
    assert np.isfinite(fitted.held_out).all()


@pytest.mark.parametrize(
    "damage", ["no folder", "empty", "no weights", "cut weights", "cut manifest", "other manifest"]
)
def test_a_damaged_folder_is_told_as_such(trained: tuple[Path, Fitted], tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    if damage == "empty":
        folder.mkdir()
    elif damage != "no folder":
        shutil.copytree(trained[0], folder)
        [weights] = set(folder.glob("*.safetensors")) - {folder / SPACE}
        match damage:
            case "no weights":
                weights.unlink()
            case "cut weights":
                weights.write_bytes(weights.read_bytes()[:-100])
            case "cut manifest":
                (folder / "laud.json").write_text('{"learner": "he', encoding="utf-8")
            case "other manifest":
                (folder / "laud.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UnreadableInput, match=r"damaged") as caught:
        open_classifier(folder, precision="float32", ask=nobody)
    assert str(folder) in str(caught.value)


def test_an_unknown_learner_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"'forest'.*auto, head, kernel, finetune"):
        open_learner("forest", encoder=PACKAGED, precision="auto")


# --- the folder -------------------------------------------------------------------------------------------------------


def write_halfway(folder: Path, error: Exception) -> None:
    with appearing(folder) as partial:
        (partial / "weights").write_text("half")
        raise error


def test_a_write_that_is_interrupted_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_halfway(tmp_path / "model", KeyError("stop"))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_and_the_older_model_stays(tmp_path: Path) -> None:
    with appearing(tmp_path / "model") as partial:
        (partial / "weights").write_text("whole")
    with pytest.raises(StorageFailed, match="No space left"):
        write_halfway(tmp_path / "model", OSError(28, "No space left on device"))
    assert [(path.name, path.read_text()) for path in (tmp_path / "model").iterdir()] == [("weights", "whole")]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_killed_write_left_is_taken_away_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".model.partial").mkdir()
    (tmp_path / ".model.partial" / "stale").touch()
    with appearing(tmp_path / "model") as partial:
        (partial / "weights").touch()
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["weights"]


# --- the head ---------------------------------------------------------------------------------------------------------


def scattered(
    rng: np.random.Generator, parts: list[tuple[int, tuple[float, float, float]]], width: float = 0.25
) -> Features:
    """Unit vectors around these points, so many around each."""
    points = np.concatenate([rng.normal(centre, width, (count, 3)) for count, centre in parts])
    units: Features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float16)
    return units


def rare(unlabeled: Features) -> TrainingSet:
    """Eight texts of a rare class and eight others, all of which lie in one of the corners that others lie in."""
    features = scattered(np.random.default_rng(0), [(8, (1, 0, 0)), (8, (-1, 0, 0))])
    return TrainingSet(
        texts=("",) * 16,
        features=features,
        labels=np.array([0] * 8 + [1] * 8),
        classes=("rare", "other"),
        unlabeled=unlabeled,
        positive=0,
    )


def called_positive(examples: TrainingSet, features: Features, folder: Path) -> NDArray[np.bool_]:
    fit("head", examples, folder, PACKAGED)
    found: NDArray[np.bool_] = predicted(folder, [""] * len(features), features).argmax(axis=1) == 0
    return found


def test_unlabeled_texts_show_a_rare_class_its_border(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    unlabeled = scattered(rng, [(10, (1, 0, 0)), (200, (-1, 0, 0)), (90, (0.3, 1, 0))])
    without = called_positive(rare(unlabeled[:0]), unlabeled, tmp_path / "without")
    with_them = called_positive(rare(unlabeled), unlabeled, tmp_path / "with")
    assert without[:10].all()
    assert without[210:].mean() > 0.6
    assert with_them[:10].all(), "the class itself is still found"
    assert with_them[210:].mean() < without[210:].mean() / 2


def test_unlabeled_texts_are_left_alone_where_the_class_is_common(tmp_path: Path) -> None:
    unlabeled = scattered(np.random.default_rng(1), [(150, (1, 0, 0)), (150, (-1, 0, 0))])
    fit("head", rare(unlabeled[:0]), tmp_path / "without", PACKAGED)
    fit("head", rare(unlabeled), tmp_path / "with", PACKAGED)
    without, with_them = (predicted(tmp_path / name, [""] * 300, unlabeled) for name in ("without", "with"))
    assert with_them == pytest.approx(without, abs=1e-6)


def test_classes_of_unequal_number_share_the_ground_between_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    features = scattered(rng, [(160, (1, 0.6, 1)), (16, (1, -0.6, 1))], width=0.5)
    examples = TrainingSet(
        texts=("",) * 176,
        features=features,
        labels=np.array([0] * 160 + [1] * 16),
        classes=("many", "few"),
        unlabeled=features[:0],
    )
    fitted = fit("head", examples, tmp_path / "model", PACKAGED)
    found = fitted.held_out.argmax(axis=1)
    assert (found[160:] == 1).mean() > 0.7
    assert (found[:160] == 0).mean() > 0.7


def guessed(codes: NDArray[np.int64], classes: int, *, right: float) -> NDArray[np.float32]:
    """Zero-shot probabilities that favour the true class in this share of the texts, another one elsewhere."""
    rng = np.random.default_rng(5)
    said = np.where(rng.random(len(codes)) < right, codes, rng.integers(0, classes, len(codes)))
    return np.asarray(0.6 * np.eye(classes)[said] + 0.4 / classes, dtype=np.float32)


def few_of_many(right: float | None) -> tuple[TrainingSet, Features, NDArray[np.int64]]:
    """Eight labels of three classes in a pool of 600 texts, of which a zero-shot pass is right so often."""
    rng = np.random.default_rng(4)
    corners: list[tuple[int, tuple[float, float, float]]] = [(200, (1, 0.4, 0)), (200, (0, 1, 0.4)), (200, (0.4, 0, 1))]
    features, codes = scattered(rng, corners, width=0.7), np.repeat([0, 1, 2], 200)
    labeled = np.array([0, 1, 2, 200, 201, 202, 400, 401])
    rest = np.setdiff1d(np.arange(600), labeled)
    prior = None
    if right is not None:
        guesses = guessed(codes, 3, right=right)
        prior = Prior(labeled=guesses[labeled], unlabeled=guesses[rest])
    examples = TrainingSet(
        texts=("",) * 8,
        features=features[labeled],
        labels=codes[labeled],
        classes=("a", "b", "c"),
        unlabeled=features[rest],
        prior=prior,
    )
    return examples, features[rest], codes[rest]


def test_what_the_zero_shot_pass_says_of_the_pool_is_learnt_from(tmp_path: Path) -> None:
    right = {}
    for name, share in (("without", None), ("with", 0.7)):
        examples, features, codes = few_of_many(share)
        fit("head", examples, tmp_path / name, PACKAGED)
        right[name] = (predicted(tmp_path / name, [""] * len(codes), features).argmax(axis=1) == codes).mean()
    assert right["with"] > right["without"] + 0.03, right


def test_a_zero_shot_pass_that_labels_speak_against_is_not_believed(tmp_path: Path) -> None:
    examples, features, codes = few_of_many(0.0)
    fit("head", examples, tmp_path / "with", PACKAGED)
    fit("head", replace(examples, prior=None), tmp_path / "without", PACKAGED)
    found = {
        name: (predicted(tmp_path / name, [""] * len(codes), features).argmax(axis=1) == codes).mean()
        for name in ("with", "without")
    }
    assert found["with"] > found["without"] - 0.03, found


def test_fine_tuning_learns_from_what_the_zero_shot_pass_says_of_the_pool(encoder: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 3, 240)
    texts = spelled(codes, rng)
    features, space = featured(texts, encoder)
    labeled = np.array([i for code in range(3) for i in np.flatnonzero(codes == code)[:4]])
    rest = np.setdiff1d(np.arange(240), labeled)
    guesses = guessed(codes, 3, right=0.9)
    examples = TrainingSet(
        texts=tuple(texts[i] for i in labeled),
        features=features[labeled],
        labels=codes[labeled],
        classes=("a", "b", "c"),
        unlabeled=features[rest],
        space=space,
    )
    told = replace(
        examples,
        unlabeled_texts=tuple(texts[i] for i in rest),
        prior=Prior(labeled=guesses[labeled], unlabeled=guesses[rest]),
    )
    right = {}
    for name, given in (("labels", examples), ("pool", told), ("again", told)):
        fit("finetune", given, tmp_path / name, encoder)
        right[name] = (predicted(tmp_path / name, texts).argmax(axis=1) == codes).mean()
    assert right["pool"] > right["labels"] + 0.05, right
    assert right["again"] == right["pool"]


@pytest.mark.parametrize("better", ["head", "finetune"])
def test_validated_is_the_learner_that_does_better_on_labels_it_had_not_seen(
    better: str, encoder: str, tmp_path: Path
) -> None:
    made = training_set([0] * 20 + [1] * 20, encoder, classes=("a", "b"))
    rng = np.random.default_rng(0)
    # One of the two is blind: the head where features say nothing, fine-tuning where the texts do not.
    if better == "head":
        given = replace(made, texts=tuple(spelled(rng.permutation(made.labels), rng)))
    else:
        given = replace(made, features=rng.normal(size=made.features.shape).astype(made.features.dtype))
    fitted = fit("validated", given, tmp_path / "model", encoder)
    assert fitted.learner == better
    assert fitted.compared[better] == min(fitted.compared.values())
    told = json.loads((tmp_path / "model" / "laud.json").read_text(encoding="utf-8"))
    assert (told["learner"], told["compared"]) == (better, fitted.compared)
    assert fitted.held_out.shape == (40, 2)


def test_the_head_on_the_real_encoder_tells_receipt_lines_apart(tmp_path: Path) -> None:
    rows = sample_rows(1_500)
    kinds = ("pet care", "alcohol")
    texts = [row["text"] for kind in kinds for row in [row for row in rows if row["category"] == kind][:30]]
    features, space = featured(texts, PACKAGED)
    examples = TrainingSet(
        texts=tuple(texts),
        features=features,
        labels=np.array([0] * 30 + [1] * 30),
        classes=kinds,
        unlabeled=features[:0],
        space=space,
    )
    fitted = fit("head", examples, tmp_path / "model", PACKAGED)
    assert (fitted.held_out.argmax(axis=1) == examples.labels).mean() > 0.8
    asked = ["dry food for cats", "Gewürztraminer wine 0.75 l"]
    assert predicted(tmp_path / "model", asked).argmax(axis=1).tolist() == [0, 1]
