"""The map of a pool: its texts in two dimensions, colored by what is known of them, and the texts in a part of it."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.engine.binning import SINGLE, Box, Marks, Outline, gather
from tools.engine.decisions import decide_classes
from tools.engine.errors import EmptyPool, UnknownLabel
from tools.engine.ports import Probabilities
from tools.engine.projection import Layout, Places, lay_out, place
from tools.engine.records import Label, Pool, Task, TextId
from tools.files import make_folder, replacing
from tools.training import pool_texts, save_array, score_pool, scores_file, zero_shot
from tools.workbench import Workbench

Color = Literal["prediction", "label", "uncertainty", "round"]
"""What the texts of a map are told apart by."""
SAMPLE = 20_000
"""Texts drawn at random, at most, that a layout is made from."""
PER_CALL = 8_192
"""Texts placed in one call of the lane."""
LAYOUT_VERSION = 1
"""Raised whenever a map comes out otherwise, so that a workspace makes it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMap:
    """A part of the map of a pool.

    `texts` of the pool's `pool` lie in it; `binned` says that marks stand for several. `names` are what the groups of
    the marks mean, in order; -1 stands for texts without, such as those that nobody labeled. Colored by `uncertainty`
    there are no groups, and the value of a mark is the mean uncertainty: 0 where the model is sure, 1 where it is torn
    between two classes.
    """

    color: Color
    texts: int
    pool: int
    binned: bool
    names: tuple[str, ...]
    marks: Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class MapText:
    """A text of the map: what the model calls it and how sure it is; its label and since which round, if it has one."""

    id: TextId
    text: str
    predicted: str
    probability: float
    label: str | None
    round: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTexts:
    """Texts in a part of the map, least sure first: some of `total`, beside `judging` of the gold sample, not shown.

    `classes` counts all of these by what the model calls them.
    """

    total: int
    judging: int
    classes: Mapping[str, int]
    texts: tuple[MapText, ...]


def places(bench: Workbench, task: Task) -> Places:
    """Where the texts of the task's pool lie; computed once in the compute lane and kept in the workspace."""
    pool = bench.pools.get(task.pool)
    path = places_file(bench, pool)
    with suppress(OSError, ValueError, EOFError):
        stored = np.load(path, mmap_mode="r")
        if len(stored) == pool.texts:
            return np.asarray(stored, dtype=np.float32)
    ids = pool_texts(bench, task).ids
    if not ids:
        raise EmptyPool(f"Pool {pool.name!r} holds no text, so there is nothing to draw a map of. Add texts to it.")
    vectors = bench.vectors.matrix(pool, ids)
    layout = _layout(bench, pool, vectors)
    blocks = [
        bench.compute.run(place, layout, np.asarray(vectors[start : start + PER_CALL]))
        for start in range(0, len(ids), PER_CALL)
    ]
    found = np.concatenate(blocks)
    save_array(path, found)
    return found


def places_file(bench: Workbench, pool: Pool) -> Path:
    """Where the places of a pool of its present size are kept, beside its vectors."""
    return bench.folder / "maps" / f"{_key(pool)}-{pool.texts}.npy"


def pool_map(bench: Workbench, task: Task, *, color: Color, box: Box) -> PoolMap:
    """The part of the map in the box. Texts of the gold sample count as unlabeled, as nobody is to look at them."""
    every = places(bench, task)
    rows = np.flatnonzero(box.holds(every))
    view = _view(bench, task)
    labels = _shown_labels(bench, task)
    names, groups = _groups(bench, task, view, labels, color, len(every))
    binned = len(rows) > SINGLE
    marks = gather(every[rows], groups[rows], uncertainty(view.probabilities)[rows], box, binned=binned)
    return PoolMap(color=color, texts=len(rows), pool=len(every), binned=binned, names=names, marks=marks)


def texts_in(
    bench: Workbench, task: Task, *, part: Box | Outline, called: str | None = None, limit: int = 50
) -> MapTexts:
    """The texts in a part of the map, or those of them that the model gives the class `called`.

    Texts that have a label come last. Raises UnknownLabel for another class.
    """
    if called is not None and called not in task.class_names:
        raise UnknownLabel(f"{called!r} is no class of task {task.name!r}. Its classes: {', '.join(task.class_names)}.")
    view = _view(bench, task)
    judging = _rows_of(bench, task, [item.text_id for item in bench.rounds.gold(task.name) or []])
    inside = np.flatnonzero(part.holds(places(bench, task)))
    rows = np.setdiff1d(inside, list(judging.values()), assume_unique=True)
    counts = np.bincount(view.codes[rows], minlength=len(task.class_names))
    if called is not None:
        rows = rows[view.codes[rows] == task.class_names.index(called)]
    labels = _shown_labels(bench, task)
    labeled = np.zeros(len(view.codes), dtype=np.bool_)
    labeled[list(labels)] = True
    order = np.lexsort((-uncertainty(view.probabilities)[rows], labeled[rows]))
    shown = rows[order][:limit]
    ids = pool_texts(bench, task).ids
    texts = bench.pools.texts(task.pool, [ids[row] for row in shown])
    return MapTexts(
        total=len(rows),
        judging=len(inside) - int(counts.sum()),
        classes={name: int(count) for name, count in zip(task.class_names, counts, strict=True)},
        texts=tuple(
            MapText(
                id=text.id,
                text=text.text,
                predicted=task.class_names[view.codes[row]],
                probability=float(view.probabilities[row, view.codes[row]]),
                label=None if row not in labels else labels[row].answer.said,
                round=None if row not in labels else labels[row].round,
            )
            for text, row in zip(texts, map(int, shown), strict=True)
        ),
    )


def uncertainty(probabilities: Probabilities) -> NDArray[np.float32]:
    """(n,) how torn a model is between the two likeliest classes: 0 sure, 1 equally likely (Scheffer et al. 2001)."""
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What the latest model, or the zero-shot pass before there is one, makes of the pool."""

    probabilities: Probabilities
    codes: NDArray[np.int64]


def _view(bench: Workbench, task: Task) -> _View:
    pool, models = bench.pools.get(task.pool), bench.rounds.models(task.name)
    probabilities = np.empty((0, 0), dtype=np.float32)
    with suppress(OSError, ValueError, EOFError):
        probabilities = np.asarray(np.load(scores_file(bench, task, pool, models)), dtype=np.float32)
    if len(probabilities) != pool.texts:
        probabilities = score_pool(bench, task, models[-1]) if models else zero_shot(bench, task)
    positive = None if task.positive is None else task.class_names.index(task.positive)
    threshold = models[-1].threshold if models else None
    return _View(
        probabilities=probabilities, codes=decide_classes(probabilities, positive=positive, threshold=threshold)
    )


def _groups(  # noqa: PLR0913, PLR0917 - what is known of the pool, and what of it is asked for
    bench: Workbench, task: Task, view: _View, labels: Mapping[int, Label], color: Color, size: int
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The names of the groups, and the (n,) group of each text."""
    groups = np.full(size, -1, dtype=np.int64)
    if color == "prediction":
        return task.class_names, view.codes
    if color == "label":
        for row, label in labels.items():
            if label.answer.label is not None:
                groups[row] = task.class_names.index(label.answer.label)
        return task.class_names, groups
    if color == "round":
        rounds = bench.rounds.rounds(task.name)
        for one in rounds:
            picked = _rows_of(bench, task, [pick.text_id for pick in bench.rounds.picks(task.name, one.number)])
            groups[list(picked.values())] = one.number
        return tuple(f"round {one.number}" for one in rounds), groups
    return (), groups


def _shown_labels(bench: Workbench, task: Task) -> dict[int, Label]:
    """The answers that hold, by row of the pool; those of the gold sample left out."""
    judging = {item.text_id for item in bench.rounds.gold(task.name) or []}
    current = {i: one for i, one in bench.labels.current(task.name).items() if i not in judging}
    return {row: current[text] for text, row in _rows_of(bench, task, list(current)).items()}


def _rows_of(bench: Workbench, task: Task, ids: list[TextId]) -> dict[TextId, int]:
    return bench.pools.places(task.pool, ids)


def _layout(bench: Workbench, pool: Pool, vectors: NDArray[np.float16]) -> Layout:
    """How the pool is laid out; made once and kept while the pool grows, so that the map stays what it was."""
    folder = bench.folder / "maps"
    make_folder(folder)
    path = folder / f"{_key(pool)}.npz"
    with suppress(OSError, ValueError, EOFError, KeyError), np.load(path) as stored:
        return Layout(**{name: stored[name] for name in stored.files})
    drawn = np.random.default_rng(0).permutation(len(vectors))[:SAMPLE]
    bench.progress("laying out the map", 0, len(vectors))
    layout = bench.compute.run(lay_out, np.asarray(vectors[drawn]))
    with replacing(path) as file:
        np.savez(file, **asdict(layout))
    return layout


def _key(pool: Pool) -> str:
    return hashlib.sha256(f"{pool.name}\0{pool.encoder}\0{LAYOUT_VERSION}".encode()).hexdigest()[:16]
