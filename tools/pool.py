"""Pools: read texts from anywhere, fold duplicates, embed, describe and search."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from tools.engine import overview
from tools.engine.errors import EmptyPool, UnreadableInput
from tools.engine.ports import Vectors
from tools.engine.records import Pool, SkippedRow, Text, TextId
from tools.engine.scripts import encoder_warning, script_shares
from tools.workbench import Workbench

if TYPE_CHECKING:
    from tools.adapters.readers import Input, Row

ROWS_PER_CHUNK = 2_000
"""Rows committed in one transaction, and texts embedded in one call: what a kill can cost, at most."""
SEARCH_CANDIDATES = 2_000
"""How many of the nearest texts the exact-word filter looks through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAdded:
    """What an input brought: distinct texts added, rows folded into known texts, rows skipped with their reason."""

    pool: str
    source: str
    text_column: str
    rows: int
    added: int
    duplicates: int
    skipped: tuple[SkippedRow, ...]
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A text found, with its cosine similarity to what was asked for."""

    text: Text
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolDescription:
    """What a pool looks like; shares are of its distinct texts."""

    pool: Pool
    rows: int
    duplicates: int
    columns: tuple[str, ...]
    lengths: overview.LengthSummary
    scripts: dict[str, float]
    languages: dict[str, float]
    near_duplicates: overview.NearDuplicates
    outliers: tuple[Hit, ...]
    themes: tuple["ThemeShown", ...]
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeShown:
    """A theme of the pool: its share, its distinguishing words, and typical texts."""

    size: int
    share: float
    words: tuple[str, ...]
    examples: tuple[str, ...]


def normal_form(text: str) -> str:
    """What two texts share when they are duplicates: Unicode form NFKC, case and white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def text_id(text: str) -> TextId:
    """The stable id of a text: 20 hex digits of the SHA-256 of its normal form."""
    return TextId(hashlib.sha256(normal_form(text).encode()).hexdigest()[:20])


def add_texts(
    bench: Workbench, *, source: str, name: str, text_column: str | None = None, id_column: str | None = None
) -> PoolAdded:
    """Read `source` into the pool `name` and embed what is new.

    A killed call leaves whole chunks behind; the same call goes on after the last one. Raises UnreadableInput, or
    EmptyPool when the input holds no text (then nothing is stored).
    """
    started = perf_counter()
    warm = bench.submit_encode([name])
    data = bench.open_input(source, text_column=text_column, id_column=id_column)
    first = _first_texts(data, name) if name not in bench.pools.names() else None
    warm.result()
    if first is not None:
        bench.pools.create(name, bench.settings.encoder)
    _store_rows(bench, data, name)
    embed(bench, bench.pools.get(name))
    totals = bench.pools.import_totals(name, data.fingerprint)
    return PoolAdded(
        pool=name,
        source=data.source,
        text_column=data.text_column,
        rows=totals.rows,
        added=totals.added,
        duplicates=totals.duplicates,
        skipped=tuple(totals.skipped),
        notes=tuple(data.notes),
        seconds=perf_counter() - started,
    )


def _first_texts(data: "Input", name: str) -> "Row":
    """The first row that holds a text; a pool without any is not made."""
    skipped = 0
    reason = "no rows"
    for row in data.rows(0):
        if not isinstance(row, SkippedRow):
            return row
        skipped += 1
        reason = row.reason
    raise EmptyPool(
        f"{data.source} holds no text that can be used: {skipped:,} rows were skipped, the last one for: {reason}. "
        f"Pool {name!r} was not made."
    )


def _store_rows(bench: Workbench, data: "Input", name: str) -> None:
    done = bench.pools.begin_import(name, data.fingerprint, data.source)
    if bench.pools.import_totals(name, data.fingerprint).finished:
        return
    for rows in _chunks(data.rows(done)):
        texts = [
            Text(id=text_id(row.text), text=row.text, external_id=row.external_id, fields=row.fields)
            for row in rows
            if not isinstance(row, SkippedRow)
        ]
        skipped = [row for row in rows if isinstance(row, SkippedRow)]
        done += len(rows)
        bench.pools.add_rows(name, data.fingerprint, texts, skipped, rows_done=done)
        bench.progress("reading", done, data.rows_total)
    bench.pools.finish_import(name, data.fingerprint)


def _chunks(rows: "Iterator[Row | SkippedRow]") -> "Iterator[list[Row | SkippedRow]]":
    while chunk := list(islice(rows, ROWS_PER_CHUNK)):
        yield chunk


def embed(bench: Workbench, pool: Pool) -> None:
    """Encode the pool's texts that have no vector yet, the next chunk while the last one is being stored."""
    done = bench.vectors.count(pool)
    waiting: tuple[list[TextId], Future[Vectors]] | None = None
    while done < pool.texts or waiting is not None:
        texts = bench.pools.iter_texts(pool.name, start=done, size=ROWS_PER_CHUNK)
        following = (
            ([t.id for t in texts], bench.submit_encode([t.text for t in texts], pool.encoder)) if texts else None
        )
        done += len(texts)
        if waiting is not None:
            bench.vectors.append(pool, waiting[0], waiting[1].result())
            bench.progress("embedding", bench.vectors.count(pool), pool.texts)
        waiting = following


def describe(bench: Workbench, name: str, *, seed: int = 0) -> PoolDescription:
    """What the pool looks like: sizes, languages, duplicates, outliers and themes, computed with `seed`."""
    pool = ready_pool(bench, name)
    rng = np.random.default_rng(seed)
    everything = bench.pools.texts(name)
    by_id = {text.id: text for text in everything}
    ids = [text.id for text in everything]
    texts = [text.text for text in everything]
    vectors = bench.vectors.matrix(pool, ids)
    bench.progress("looking for themes", 0, None)
    scripts = script_shares(texts)
    languages = bench.languages(texts, rng=rng)
    themes = overview.themes(ids=ids, texts=texts, vectors=vectors, rng=rng)
    strange = overview.outliers(ids=ids, vectors=vectors, limit=10, rng=rng)
    return PoolDescription(
        pool=pool,
        rows=sum(text.copies for text in everything),
        duplicates=sum(text.copies - 1 for text in everything),
        columns=tuple(bench.pools.columns(name)),
        lengths=overview.length_summary(texts),
        scripts=scripts,
        languages=languages,
        near_duplicates=overview.near_duplicates(ids=ids, vectors=vectors, rng=rng),
        outliers=tuple(Hit(text=by_id[one.id], similarity=1 - one.score) for one in strange),
        themes=tuple(
            ThemeShown(
                size=theme.size,
                share=theme.share,
                words=theme.words,
                examples=tuple(by_id[i].text for i in theme.examples),
            )
            for theme in themes
        ),
        warning=encoder_warning(
            scripts=scripts, languages=languages, encoder_languages=bench.encoder_languages(pool.encoder)
        ),
    )


def search(bench: Workbench, name: str, *, words: str, limit: int = 10, exact: Sequence[str] = ()) -> list[Hit]:
    """The texts nearest in meaning to `words`, best first; with `exact`, only those that hold each of these words."""
    pool = ready_pool(bench, name)
    if not words.strip():
        raise UnreadableInput("Nothing to search for: give one or more words.")
    vector = bench.submit_encode([words], pool.encoder).result()
    found = bench.vectors.search(pool, vector, limit=min(pool.texts, SEARCH_CANDIDATES if exact else limit))
    texts = bench.pools.texts(name, [i for i, _ in found])
    needed = [normal_form(word) for word in exact]
    hits = [
        Hit(text=text, similarity=similarity)
        for text, (_, similarity) in zip(texts, found, strict=True)
        if all(_holds_word(text.text, word) for word in needed)
    ]
    return hits[:limit]


def similar(bench: Workbench, name: str, text: TextId, *, limit: int = 10) -> list[Hit]:
    """The texts of the pool nearest in meaning to one of its own, best first; raises UnknownName for another id."""
    pool = ready_pool(bench, name)
    bench.pools.texts(name, [text])
    ids = bench.pools.text_ids(name)
    vector = bench.vectors.matrix(pool, ids)[[ids.index(text)]]
    found = bench.vectors.search(pool, vector, limit=min(pool.texts, limit + 1))
    others = [(other, similarity) for other, similarity in found if other != text][:limit]
    texts = bench.pools.texts(name, [other for other, _ in others])
    return [Hit(text=one, similarity=similarity) for one, (_, similarity) in zip(texts, others, strict=True)]


def show_texts(bench: Workbench, name: str, *, limit: int = 10, words: Sequence[str] = (), seed: int = 0) -> list[Text]:
    """Some texts of the pool, drawn at random; only those that hold each of `words`, if any are named."""
    needed = [normal_form(word) for word in words]
    ids = bench.pools.text_ids(name)
    drawn = iter(np.random.default_rng(seed).permutation(len(ids)).tolist())
    shown: list[Text] = []
    while len(shown) < limit and (rows := list(islice(drawn, max(limit, ROWS_PER_CHUNK if needed else 0)))):
        texts = bench.pools.texts(name, [ids[row] for row in rows])
        shown += [text for text in texts if all(_holds_word(text.text, word) for word in needed)]
    if not ids:
        bench.pools.get(name)  # tells that it does not exist
    return shown[:limit]


def _holds_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", normal_form(text)) is not None


def ready_pool(bench: Workbench, name: str, *, complete: bool = False) -> Pool:
    """The pool with all its vectors; with `complete`, missing ones are made now.

    Raises EmptyPool when it holds no text, or not all of them have a vector.
    """
    pool = bench.pools.get(name)
    if pool.texts == 0:
        raise EmptyPool(f"Pool {name!r} holds no text. Add a file to it.")
    if complete:
        embed(bench, pool)
    elif (embedded := bench.vectors.count(pool)) < pool.texts:
        raise EmptyPool(
            f"{embedded:,} of the {pool.texts:,} texts of pool {name!r} have a vector: adding a file was stopped "
            "half way or is still at work. Wait for it, or add the same file again."
        )
    return pool
