"""Drafts of classes: their names from a person's sentence or the pool's themes, their definitions from its words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.engine.borderline import different_words, near, telling_words
from tools.engine.overview import WORDS_PER_THEME, Theme, themes
from tools.engine.ports import Vectors
from tools.engine.records import ClassDefinition, Pool, TextId
from tools.engine.wish import Wish
from tools.labeling import example_of
from tools.pool import ready_pool
from tools.task import ClassSpec, TaskSpec, make_spec, with_inferred_roles
from tools.workbench import Workbench

THEMES = 8
"""Classes proposed where the person names neither classes nor their number."""
SMALL_THEME = 0.02
"""Share of the pool below which a theme is left to `other`."""
EXAMPLES_PER_THEME = 3
SAMPLE = 10_000
"""Texts that stand for a larger pool where all would take too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """A pool as it is looked at: ids and unit vectors, and the seed of what is drawn."""

    pool: Pool
    ids: list[TextId]
    vectors: Vectors
    seed: int


def view_of(bench: Workbench, pool: str, seed: int) -> PoolView:
    """The pool of that name with all its vectors; raises UnknownName or EmptyPool."""
    ready = ready_pool(bench, pool)
    ids = bench.pools.text_ids(pool)
    return PoolView(pool=ready, ids=ids, vectors=bench.vectors.matrix(ready, ids), seed=seed)


def draft_classes(
    bench: Workbench, view: PoolView, wish: Wish, given: Sequence[ClassSpec]
) -> tuple[list[ClassDefinition], list[str]]:
    """The classes that are wished for, `given` ones as they are, and how the sentence was read.

    Raises InvalidTask for names that contradict each other.
    """
    if wish.target or len(wish.classes) == 1:
        target = wish.target or wish.classes[0]
        names, note = [target, "other"], f"Read as: find {target!r}; all the rest is 'other'."
    elif wish.classes:
        names, note = list(wish.classes), f"Read as: sort into {', '.join(map(repr, wish.classes))}."
    else:
        return _themes(bench, view, wish)
    spec_of(view.pool.name, "draft", "", [ClassDefinition(name=name) for name in names])  # before anything is encoded
    return _defined(bench, view, names, given), [note]


def _defined(
    bench: Workbench, view: PoolView, names: Sequence[str], given: Sequence[ClassSpec]
) -> list[ClassDefinition]:
    """The classes with the definitions they were given, else with words of the pool."""
    spelled = {one.name: one for one in given}
    roles = with_inferred_roles(spec_of(view.pool.name, "draft", "", [ClassDefinition(name=name) for name in names]))
    open_ = [name for name in names if name != roles.rest and not (name in spelled and spelled[name].definition)]
    words = _words(bench, view, open_)
    return [
        ClassDefinition(
            name=name,
            definition=", ".join(words[name]) if name in words else spelled[name].definition if name in spelled else "",
            examples=tuple(spelled[name].examples) if name in spelled else (),
        )
        for name in names
    ]


def _words(bench: Workbench, view: PoolView, names: Sequence[str]) -> dict[str, list[str]]:
    """For each class the words of the pool that say what it is, each word for the class it is nearest to."""
    if not names:
        return {}
    encoded = encode(bench, view, names)
    usual = [text.text for text in bench.pools.texts(view.pool.name, [view.ids[i] for i in sample_rows(view, SAMPLE)])]
    weights: list[dict[str, float]] = []
    bounds: list[float] = []
    for vector, name in zip(encoded, names, strict=True):
        similar = _similar(view, vector)
        rows = near(similar)
        here = [text.text for text in bench.pools.texts(view.pool.name, [view.ids[i] for i in rows])]
        weights.append(telling_words(here, usual, of=len(view.ids), request=name))
        bounds.append(float(similar[rows[-1]]))
    every = sorted({word for one in weights for word in one})
    if not every:
        return {name: [] for name in names}
    to_words = encode(bench, view, every) @ encoded.T
    place = {word: row for row, word in enumerate(every)}
    words: dict[str, list[str]] = {}
    for code, name in enumerate(names):
        fitting = [
            (-weight * float(to_words[place[word], code]), word)
            for word, weight in weights[code].items()
            if to_words[place[word], code] >= bounds[code] and to_words[place[word]].argmax() == code
        ]
        chosen = different_words([word for _, word in sorted(fitting)], WORDS_PER_THEME)
        # One word alone would narrow the class to it: pet food to dogs.
        words[name] = chosen if len(chosen) > 1 else []
    return words


def _themes(bench: Workbench, view: PoolView, wish: Wish) -> tuple[list[ClassDefinition], list[str]]:
    """The themes of the pool as classes, small ones left to the rest."""
    found = themes(
        ids=view.ids,
        texts=[text.text for text in bench.pools.texts(view.pool.name)],
        vectors=view.vectors,
        rng=np.random.default_rng(view.seed),
        count=wish.count or THEMES,
    )
    kept = [theme for theme in found if theme.share >= SMALL_THEME and theme.words] or found[:1]
    names: list[str] = []
    for theme in kept:
        names.append(_theme_name(theme, names))
    classes = [
        ClassDefinition(
            name=name,
            definition=", ".join(theme.words),
            examples=tuple(
                example_of(text.text) for text in bench.pools.texts(view.pool.name, theme.examples[:EXAMPLES_PER_THEME])
            ),
        )
        for name, theme in zip(names, kept, strict=True)
    ]
    by = f"by {wish.facet!r} " if wish.facet else ""
    note = (
        f"No classes are named, so the {len(kept)} largest themes of the pool are proposed; the local encoder groups "
        f"texts by what they are about. To sort {by}otherwise, name the classes: sort into a, b, c."
    )
    return [*classes, ClassDefinition(name="other")], [note]


def _theme_name(theme: Theme, taken: Sequence[str]) -> str:
    """One word more than it takes to tell the theme from those before, two as a rule."""
    words = theme.words or ("theme",)
    tries = (" & ".join(words[:length]) for length in range(min(2, len(words)), len(words) + 1))
    return next((name for name in tries if name not in {*taken, "other"}), f"{words[0]} {len(taken) + 1}")


def spec_of(pool: str, name: str, description: str, classes: Sequence[ClassDefinition]) -> TaskSpec:
    """The checked spec of these parts; raises InvalidTask."""
    described = [{"name": c.name, "definition": c.definition, "examples": list(c.examples)} for c in classes]
    return make_spec({"name": name, "pool": pool, "description": description, "classes": described})


def encode(bench: Workbench, view: PoolView, texts: Sequence[str]) -> NDArray[np.float32]:
    """The (n, d) unit vectors of texts, by the pool's encoder."""
    return bench.submit_encode(list(texts), view.pool.encoder).result().astype(np.float32)


def sample_rows(view: PoolView, size: int) -> NDArray[np.intp]:
    """Rows drawn at random, in order."""
    drawn = np.random.default_rng([view.seed, size]).permutation(len(view.ids))[:size]
    return np.sort(drawn).astype(np.intp)


def _similar(view: PoolView, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    starts = range(0, len(view.ids), SAMPLE)
    return np.concatenate([np.asarray(view.vectors[i : i + SAMPLE], dtype=np.float32) @ vector for i in starts])
