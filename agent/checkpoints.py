"""Where conversations stand: LangGraph's checkpoints, in the workspace's own database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from tools.workbench import Workbench

BUSY_SECONDS = 30
"""How long a writer waits for another one before it gives up."""
CONNECTIONS = 8
_KEEP_LATEST = "checkpoint_id < (SELECT MAX(checkpoint_id) FROM checkpoints WHERE thread_id = :thread)"


class WorkspaceSaver(SqliteSaver):
    """Checkpoints in SQLite that can be pruned: only where a conversation stands is kept, not how it came there."""

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Remove all checkpoints of these conversations but the latest; with the strategy `delete` that too."""
        for thread in thread_ids:
            if strategy == "delete":
                self.delete_thread(thread)
                continue
            with self.cursor() as cursor:
                # The writes first: they ask the checkpoints which one is the latest.
                for table in ("writes", "checkpoints"):
                    delete = f"DELETE FROM {table} WHERE thread_id = :thread AND {_KEEP_LATEST}"  # noqa: S608 - both constants
                    cursor.execute(delete, {"thread": thread})


@contextmanager
def open_checkpointer(bench: Workbench) -> Iterator[BaseCheckpointSaver[Any]]:
    """The saver over the workbench's database, SQLite or PostgreSQL, its tables made."""
    address = urlsplit(bench.settings.database_url or f"sqlite:///{bench.folder / 'laud.db'}")
    if address.scheme.startswith("postgres"):
        # SQLAlchemy names a driver in the scheme, which the driver itself does not take.
        with _postgres(address._replace(scheme="postgresql").geturl()) as saver:
            yield saver
        return
    path = Path(address.path.removeprefix("/"))
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)) as connection:
        # Each step is a commit. What it leads to and must last is committed after it, and makes it last too.
        connection.execute("PRAGMA synchronous=NORMAL")
        saver = WorkspaceSaver(connection, serde=_strict())
        saver.setup()
        yield saver


def _strict() -> JsonPlusSerializer:
    """Reads plain values and messages only: whoever can write to the database cannot have code run by it."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


@contextmanager
def _postgres(url: str) -> Iterator[BaseCheckpointSaver[Any]]:
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415 - an extra
    from psycopg import Connection  # noqa: PLC0415 - as above
    from psycopg.rows import DictRow, dict_row  # noqa: PLC0415 - as above
    from psycopg_pool import ConnectionPool  # noqa: PLC0415 - as above

    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool[Connection[DictRow]](url, kwargs=options, min_size=1, max_size=CONNECTIONS) as pool:
        saver = PostgresSaver(pool, serde=_strict())
        saver.setup()
        yield saver
