"""A pool's vectors in Chroma, for search, and as one matrix, for whole-pool mathematics."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration
from chromadb.config import Settings
from chromadb.errors import ChromaError

from tools.adapters.matrix import MatrixFile, in_words
from tools.engine.errors import CannotDo, StorageFailed
from tools.engine.ports import Vectors
from tools.engine.records import Pool, TextId

# Chroma's own values are ef_construction 100, batch_size 100 and sync_threshold 1,000. Over 48,232 product names these
# cost 22 instead of 28 s of processor time to build, and of the ten nearest 99 % are found. A higher threshold is
# hardly faster, and what was not synced is indexed again by every process that opens the collection.
_CONFIGURATION: CreateCollectionConfiguration = {
    "hnsw": {"space": "cosine", "ef_construction": 64, "batch_size": 1_000, "sync_threshold": 2_000}
}

HELD = 20_000
"""Vectors that `vectors` holds."""


class ChromaIndex:
    """The `VectorIndex` over Chroma in the workspace's folder `chroma`, or over the Chroma server at `url`.

    Vectors go into Chroma first and into the matrix after it, so the matrix never holds a row that Chroma lacks. A
    server holds one collection a pool name and encoder: let one database use it.
    """

    def __init__(self, folder: Path, *, url: str | None = None) -> None:
        self._folder = folder
        self._url = url
        self._held: dict[tuple[str, str, TextId], Vectors] = {}

    def count(self, pool: Pool) -> int:
        """How many of the pool's texts, in order of arrival, have a vector."""
        rows = len(self._matrix(pool))
        if rows:
            return rows
        with self._in_words():
            return int(self._collection(pool).count())

    def append(self, pool: Pool, ids: Sequence[TextId], vectors: Vectors) -> None:
        """Store the vectors of the next texts in order of arrival; the same call again changes nothing.

        Raises StorageFailed when they cannot be written.
        """
        matrix = self._matrix(pool)
        new = matrix.lacking(ids)
        if not new.any():
            return
        ids, vectors = [i for i, lacks in zip(ids, new, strict=True) if lacks], vectors[new]
        with self._in_words():
            collection = self._collection(pool)
            held = collection.count()
            size = self._client.get_max_batch_size()
            for start in range(0, len(ids), size):
                some = slice(start, start + size)
                collection.upsert(ids=list[str](ids[some]), embeddings=vectors[some].astype(np.float32))
        # Without the rows of what Chroma held before, these would stand in the wrong place; `matrix` fetches them all.
        if held == 0 or len(matrix) > 0:
            matrix.append(ids, vectors)

    def matrix(self, pool: Pool, ids: Sequence[TextId]) -> Vectors:
        """All vectors as a read-only memory map, row i for `ids[i]`; rebuilt from Chroma when the file is absent.

        A file that is short, or that belongs to other ids, is mended from Chroma too. Raises StorageFailed when Chroma
        cannot be read or lacks some of the vectors.
        """
        matrix = self._matrix(pool)
        if not matrix.agrees(ids):
            matrix.remove()
        if len(matrix) < len(ids):
            self._fetch(pool, matrix, ids[len(matrix) :])
        return matrix.read(len(ids))

    def vectors(self, pool: Pool, ids: Sequence[TextId]) -> dict[TextId, Vectors]:
        """The vectors of some texts, (dimension,) each, without reading those of the others; what has none is left out.

        The latest ones asked for are held, as a person who labels has the same texts around for a while.
        """
        if len(self._matrix(pool)) == 0:
            return {}
        key = (pool.name, pool.encoder)
        known = {i: row for i in ids if (row := self._held.get((*key, i))) is not None}
        wanted = [i for i in dict.fromkeys(ids) if i not in known]
        with self._in_words():
            size = self._client.get_max_batch_size() if wanted else 1
            for start in range(0, len(wanted), size):
                found = self._collection(pool).get(ids=list[str](wanted[start : start + size]), include=["embeddings"])
                rows = np.asarray(found["embeddings"], dtype=np.float16)
                known.update({TextId(i): row for i, row in zip(found["ids"], rows, strict=True)})
        self._held.update({(*key, i): known[i] for i in wanted if i in known})
        for oldest in list(self._held)[: max(0, len(self._held) - HELD)]:
            self._held.pop(oldest, None)
        return known

    def search(self, pool: Pool, vector: Vectors, *, limit: int) -> list[tuple[TextId, float]]:
        """The nearest texts with their cosine similarity, best first. `vector` has one row."""
        with self._in_words():
            found = self._collection(pool).query(
                query_embeddings=vector.astype(np.float32), n_results=limit, include=["distances"]
            )
        distances = found["distances"] or [[]]
        return [(TextId(i), 1.0 - float(d)) for i, d in zip(found["ids"][0], distances[0], strict=True)]

    def close(self) -> None:
        """Close the connection to Chroma."""
        if "_client" in vars(self):
            self._client.close()
            del self._client

    @cached_property
    def _client(self) -> Client:
        # Without this Chroma would read a `.env` of the folder that the person happens to be in.
        # Its connections to a server are never closed but by the server; without keep-alive each ends with its request.
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg] # an argument of pydantic-settings
            anonymized_telemetry=False,
            chroma_http_max_keepalive_connections=0,
        )
        if self._url is None:
            return cast("Client", chromadb.PersistentClient(path=self._folder / "chroma", settings=settings))
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CannotDo(f"LAUD_CHROMA_URL is {self._url!r}, no address of a server. Write it like http://host:8000.")
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 8000)
        try:
            client = chromadb.HttpClient(host=parts.hostname, port=port, ssl=secure, settings=settings)
        except ValueError as error:  # how Chroma's client says that no server answers
            raise self._failed(error) from error
        return cast("Client", client)

    def _collection(self, pool: Pool) -> chromadb.Collection:
        return self._client.get_or_create_collection(
            _name(pool),
            configuration=_CONFIGURATION,
            embedding_function=None,
            metadata={"pool": pool.name, "encoder": pool.encoder},
        )

    def _matrix(self, pool: Pool) -> MatrixFile:
        return MatrixFile(self._folder / "vectors" / _name(pool), pool)

    def _fetch(self, pool: Pool, matrix: MatrixFile, ids: Sequence[TextId]) -> None:
        """Append the rows of `ids` to the matrix from Chroma."""
        with self._in_words():
            collection = self._collection(pool)
            size = self._client.get_max_batch_size()
            for start in range(0, len(ids), size):
                some = list(ids[start : start + size])
                found = collection.get(ids=list[str](some), include=["embeddings"])
                place = {i: row for row, i in enumerate(found["ids"])}
                if len(place) < len(some):
                    raise StorageFailed(
                        f"{len(some) - len(place):,} texts of pool {pool.name!r} have no vector in the index. Add the "
                        "file of the pool again: that embeds what is missing."
                    )
                rows = np.asarray(found["embeddings"], dtype=np.float16)
                matrix.append(some, rows[[place[i] for i in some]])

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            with in_words(self._folder / "chroma"):
                yield
        except (ChromaError, httpx.HTTPError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StorageFailed:
        cause = " ".join(str(error).split())[:300] or type(error).__name__
        if self._url is not None:
            return StorageFailed(
                f"The Chroma server at {self._url} does not answer as it should: {cause}. Start it, or unset "
                "LAUD_CHROMA_URL to keep the vectors in the workspace, then run the same command again."
            )
        if "disk is full" in cause or "No space left" in cause:
            return StorageFailed(
                f"The disk is full: the vectors in {self._folder / 'chroma'} cannot be stored ({cause}). Free some "
                "space and run the same command again: it goes on from there."
            )
        return StorageFailed(
            f"The vector index in {self._folder / 'chroma'} cannot be read or written: {cause}. Make the folder "
            f"writable; if it is damaged, delete it together with {self._folder / 'vectors'} and add the file "
            "of the pool again, which embeds the texts anew."
        )


def _name(pool: Pool) -> str:
    """A name that Chroma and file systems take, different for every pool name and encoder."""
    digest = hashlib.sha256(f"{pool.name}\0{pool.encoder}".encode()).hexdigest()[:24]
    readable = re.sub(r"[^a-z0-9]+", "-", pool.name.lower())[:40].strip("-")
    return f"{readable}-{digest}" if readable else digest
