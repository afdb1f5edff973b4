"""Training: from the labels of a task to a model in the workspace, and that model's view of the pool."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.beliefs import weights_of
from tools.engine.decisions import decide_classes
from tools.engine.errors import NotEnoughLabels, UnreadableInput
from tools.engine.features import Features
from tools.engine.learning import IN_CONTEXT, Prior, TrainingSet, final_learner
from tools.engine.ports import Probabilities
from tools.engine.records import ModelId, ModelRecord, Pool, Task, TextId
from tools.engine.zero_shot import class_descriptions, zero_shot_probabilities
from tools.files import make_folder, replacing
from tools.in_context import fit_in_context, predict
from tools.task import model_stem
from tools.workbench import Workbench

POSITIVE_FROM = 0.5
"""Probability from which on a text counts as the positive class. Learners weigh the classes alike and, for a rare one,
the pool as negatives, which puts the best F1 near one half; no label is spent on choosing."""
FEATURES_VERSION = 2
"""Raised whenever the features of a text come out otherwise, so that a workspace makes them anew."""
SPACE_SAMPLE = 50_000
"""Texts drawn at random, at most, that the feature space of a pool is made from."""
UNLABELED = 2_000
"""Texts drawn at random from the pool that a learner may use beside the labels."""
TEXTS_PER_CALL = 8_192
"""Texts scored in one call of the lane: what progress is shown by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTexts:
    """The pool of a task as it stands now: (n,) ids in order of arrival and the task's place among them."""

    ids: list[TextId]
    rows: dict[TextId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFeatures:
    """The (n, f) features of a pool as a memory map, their file, and the file of what they are made with."""

    rows: Features
    path: Path
    space: Path


def pool_texts(bench: Workbench, task: Task) -> PoolTexts:
    """The ids of the task's pool and the row of each."""
    ids = bench.pools.text_ids(task.pool)
    return PoolTexts(ids=ids, rows={text: row for row, text in enumerate(ids)})


def pool_features(bench: Workbench, task: Task, pool: PoolTexts) -> PoolFeatures:
    """The features of the whole pool, made once and kept in the workspace."""
    stored = bench.pools.get(task.pool)
    folder = bench.folder / "features"
    make_folder(folder)
    key = hashlib.sha256(f"{stored.name}\0{stored.encoder}\0{FEATURES_VERSION}".encode()).hexdigest()[:16]
    path = folder / f"{key}-{len(pool.ids)}.npy"
    space = folder / f"{key}.safetensors"
    if not space.exists():
        # Made once and kept while the pool grows: models stand on it.
        drawn = np.random.default_rng(0).permutation(len(pool.ids))[:SPACE_SAMPLE]
        sample = bench.pools.texts(task.pool, [pool.ids[row] for row in drawn])
        bench.progress("learning the pool's words", 0, len(sample))
        bench.make_feature_space([text.text for text in sample], stored.encoder, space)
    if not path.exists():
        _write_features(bench, stored, len(pool.ids), space=space, path=path)
    return PoolFeatures(rows=np.load(path, mmap_mode="r"), path=path, space=space)


def _write_features(bench: Workbench, pool: Pool, count: int, *, space: Path, path: Path) -> None:
    """Write the features block by block, as an array file that is there whole or not at all."""
    with replacing(path) as file:
        for start in range(0, count, TEXTS_PER_CALL):
            texts = bench.pools.iter_texts(pool.name, start=start, size=TEXTS_PER_CALL)
            block = bench.submit_features([text.text for text in texts], pool.encoder, space).result()
            if start == 0:
                form = np.lib.format.dtype_to_descr(block.dtype)
                header = {"descr": form, "fortran_order": False, "shape": (count, block.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(block).tobytes())
            bench.progress("making features", start + len(texts), count)


def zero_shot(bench: Workbench, task: Task, pool: PoolTexts | None = None) -> Probabilities:
    """The (n, C) zero-shot probabilities of the pool; computed once for a guideline version and pool size.

    `pool` is that of the task, where the caller has read it.
    """
    stored = bench.pools.get(task.pool)
    path = zero_shot_file(bench, task, stored.texts if pool is None else len(pool.ids))
    if path.exists():
        return np.asarray(np.load(path), dtype=np.float32)
    pool = pool or pool_texts(bench, task)
    descriptions = class_descriptions(task)
    flat = [text for texts in descriptions for text in texts]
    encoded = bench.submit_encode(flat, stored.encoder).result()
    ends = np.cumsum([len(texts) for texts in descriptions])[:-1]
    probabilities = zero_shot_probabilities(
        bench.vectors.matrix(stored, pool.ids),
        np.split(encoded, ends),
        rest=None if task.rest is None else task.class_names.index(task.rest),
    )
    save_array(path, probabilities)
    return probabilities


def zero_shot_file(bench: Workbench, task: Task, size: int) -> Path:
    """Where the zero-shot pass over a pool of `size` texts is kept."""
    key = hashlib.sha256(f"{task.name}\0{task.guideline_version}\0{size}".encode()).hexdigest()[:16]
    return bench.folder / "zero_shot" / f"{key}.npy"


def known_probabilities(
    bench: Workbench, task: Task, ids: Sequence[TextId], *, scores: Path | None = None
) -> dict[TextId, Probabilities]:
    """What the latest model, or the zero-shot pass before there is one, makes of some texts: (C,) each.

    Only what was computed before, so that it is there at once; empty where nothing was. `scores` is the file, where
    the caller knows it.
    """
    scores = scores or scores_file(bench, task, bench.pools.get(task.pool), bench.rounds.models(task.name))
    places = bench.pools.places(task.pool, ids)
    with suppress(OSError, ValueError, EOFError):
        stored = np.load(scores, mmap_mode="r")
        return {i: np.asarray(stored[place], dtype=np.float32) for i, place in places.items() if place < len(stored)}
    return {}


def scores_file(bench: Workbench, task: Task, pool: Pool, models: Sequence[ModelRecord]) -> Path:
    """Where the scores of the pool by the latest of these models lie, or the zero-shot pass; it may not be there."""
    return bench.model_folder(models[-1].id) / "pool.npy" if models else zero_shot_file(bench, task, pool.texts)


def training_labels(bench: Workbench, task: Task) -> dict[TextId, str]:
    """The label of each text that models learn from: those of the seed and of every round, never of the gold sample."""
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    current = bench.labels.current(task.name)
    picked = [pick.text_id for r in bench.rounds.rounds(task.name) for pick in bench.rounds.picks(task.name, r.number)]
    return {
        text: label
        for text in picked
        if text not in gold and text in current and (label := current[text].answer.label) is not None
    }


def model_id(task: Task, number: int) -> ModelId:
    """The id of the model that round `number` makes: readable, and unique among tasks."""
    return ModelId(f"{model_stem(task.name)}{number:03d}")


def train(  # noqa: PLR0913 - keyword-only, and a model depends on all of them
    bench: Workbench, task: Task, *, number: int, learner: str, seed: int, budget: float | None = None
) -> ModelRecord:
    """Fit `learner` to the task's training labels; the model lies in the workspace and is recorded.

    `budget` holds for a learner that costs dollars. Raises NotEnoughLabels when fewer than two classes have a label.
    """
    labels = training_labels(bench, task)
    if len(set(labels.values())) < 2:
        raise NotEnoughLabels(
            f"The {len(labels)} labels of task {task.name!r} are of {len(set(labels.values()))} class; at least 2 "
            "classes need one. Label some more, or make the definitions of the classes plainer for the zero-shot pass."
        )
    identity = model_id(task, number)
    record = ModelRecord(
        id=identity,
        task=task.name,
        round=number,
        learner=learner,
        path=str(bench.model_folder(identity)),
        classes=task.class_names,
        guideline_version=task.guideline_version,
        seed=seed,
        labels=len(labels),
        threshold=None if task.positive is None else POSITIVE_FROM,
        created_at=bench.clock(),
    )
    examples = training_set(bench, task, labels, seed=seed)
    told = {**manifest(bench, task, record), "held_out": labels}
    if learner == IN_CONTEXT:
        fitted = fit_in_context(
            bench, task, record, examples, told, budget=budget, score=lambda m: _of_pool(bench, task, m.probabilities)
        )
    else:
        fitted = bench.fit(learner, examples, bench.model_folder(record.id), told, seed=seed)
    record = replace(record, learner=fitted.learner)
    bench.rounds.save_model(record)
    return record


def best_learner(bench: Workbench, task: Task, model: ModelRecord) -> str:
    """The learner that suits the task best by what `model` makes of the pool; its own where it was chosen already."""
    if _manifest_of(bench, model).get("compared"):
        return model.learner
    positive = None if task.positive is None else task.class_names.index(task.positive)
    codes = decide_classes(score_pool(bench, task, model), positive=positive, threshold=model.threshold)
    return final_learner(labels=model.labels, predicted=codes, positive=positive)


def training_set(bench: Workbench, task: Task, labels: dict[TextId, str], *, seed: int) -> TrainingSet:
    """The labeled texts with their vectors, and a random sample of the pool's others, the gold sample left out.

    Labels of a source that was checked weigh as much as the checks say that they can be believed.
    """
    pool = pool_texts(bench, task)
    features = pool_features(bench, task, pool)
    texts = bench.pools.texts(task.pool, list(labels))
    current = bench.labels.current(task.name)
    known = labels.keys() | {item.text_id for item in bench.rounds.gold(task.name) or []}
    others = np.array([row for row, i in enumerate(pool.ids) if i not in known], dtype=np.int64)
    drawn = np.sort(np.random.default_rng([seed, 0xA11]).permutation(others)[:UNLABELED])
    rows = [pool.rows[i] for i in labels]
    guesses = zero_shot(bench, task, pool)
    return TrainingSet(
        texts=tuple(text.text for text in texts),
        features=np.asarray(features.rows[rows]),
        labels=np.array([task.class_names.index(label) for label in labels.values()], dtype=np.int64),
        classes=task.class_names,
        unlabeled=np.asarray(features.rows[drawn]),
        unlabeled_texts=tuple(text.text for text in bench.pools.texts(task.pool, [pool.ids[row] for row in drawn])),
        prior=Prior(labeled=guesses[rows], unlabeled=guesses[drawn]),
        space=features.space,
        pool=features.path,
        others=others,
        positive=None if task.positive is None else task.class_names.index(task.positive),
        weights=weights_of(bench, task, {text: current[text] for text in labels}),
    )


def manifest(bench: Workbench, task: Task, record: ModelRecord) -> dict[str, Any]:
    """What a model's folder says of where the model comes from."""
    encoder = bench.pools.get(task.pool).encoder
    return {
        "task": task.name,
        "description": task.description,
        "classes": list(task.class_names),
        "positive": task.positive,
        "guideline_version": task.guideline_version,
        "round": record.round,
        "labels": record.labels,
        "seed": record.seed,
        "encoder": encoder,
        **({"base_model": bench.settings.lora_model or encoder} if record.learner == "lora" else {}),
        "threshold": record.threshold,
    }


def score_pool(bench: Workbench, task: Task, model: ModelRecord) -> Probabilities:
    """The model's (n, C) probabilities for its task's pool; computed once and kept in the model's folder."""
    path = bench.model_folder(model.id) / "pool.npy"
    # A damaged or outgrown copy is made anew.
    with suppress(OSError, ValueError, EOFError):
        stored = np.asarray(np.load(path), dtype=np.float32)
        if len(stored) == bench.pools.get(task.pool).texts:
            return stored
    probabilities = _of_pool(bench, task, partial(predict, bench, model))
    save_array(path, probabilities)
    return probabilities


def _of_pool(bench: Workbench, task: Task, judge: Callable[[list[str], Features], Probabilities]) -> Probabilities:
    """What `judge` makes of all texts of the pool, given block by block with their features."""
    pool = pool_texts(bench, task)
    features = pool_features(bench, task, pool)
    blocks = []
    for start in range(0, len(pool.ids), TEXTS_PER_CALL):
        texts = [t.text for t in bench.pools.iter_texts(task.pool, start=start, size=TEXTS_PER_CALL)]
        blocks.append(judge(texts, np.asarray(features.rows[start : start + TEXTS_PER_CALL])))
        bench.progress("scoring the pool", start + len(texts), len(pool.ids))
    return np.concatenate(blocks)


def held_out(bench: Workbench, model: ModelRecord) -> tuple[list[TextId], NDArray[np.int64], Probabilities]:
    """The labeled texts, their codes, and their probabilities by models that had not seen them."""
    try:
        labels: dict[str, str] = _manifest_of(bench, model)["held_out"]
        codes = np.array([model.classes.index(label) for label in labels.values()], dtype=np.int64)
        probabilities = np.asarray(np.load(bench.model_folder(model.id) / "held_out.npy"), dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise _damaged(bench, model) from error
    return [TextId(i) for i in labels], codes, probabilities


def _manifest_of(bench: Workbench, model: ModelRecord) -> dict[str, Any]:
    try:
        return dict(json.loads((bench.model_folder(model.id) / "laud.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise _damaged(bench, model) from error


def _damaged(bench: Workbench, model: ModelRecord) -> UnreadableInput:
    return UnreadableInput(
        f"The model in {bench.model_folder(model.id)} is damaged: what it made of held-out texts cannot be read. "
        "Restore the workspace from a copy, or run the task under a new name."
    )


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array so that it is there whole or not at all."""
    with replacing(path) as file:
        np.save(file, array)
