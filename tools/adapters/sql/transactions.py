"""Transactions over one engine, and the one place where a database's errors become words for the person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from tools.engine.errors import AskAgain, StorageFailed

WRITES = "laud_writes"
"""The execution option that marks a transaction which writes; SQLite then takes its write lock at the start."""
LASTING = "laud_lasting"
"""The execution option that says whether a transaction which writes must survive a power cut once it is committed."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database; raises StorageFailed when it cannot be read."""
    with _in_words(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine, *, lasting: bool = True) -> Iterator[Connection]:
    """A transaction that is committed whole or not at all; raises StorageFailed when it cannot be written.

    One that need not be `lasting` is there after a kill, but a power cut may take it back, with all that was committed
    after it, as if it had come a moment earlier; the next lasting one makes it last too. It costs SQLite no fsync.
    """
    with (
        _in_words(engine),
        engine.connect().execution_options(**{WRITES: True, LASTING: lasting}) as connection,
        connection.begin(),
    ):
        yield connection


def replace(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Set `values` in the row of `key`, which is inserted when it does not exist."""
    where = and_(*(table.c[name] == value for name, value in key.items()))
    if connection.execute(table.update().where(where).values(**values)).rowcount == 0:
        connection.execute(table.insert().values(**key, **values))


@contextmanager
def _in_words(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (IntegrityError, ProgrammingError):
        # A wrong statement, or a broken rule of the schema, is a fault of this code, not of the storage.
        raise
    except DataError as error:
        raise AskAgain(
            "The database cannot hold a character or number in this; PostgreSQL, for one, takes no NUL character. "
            "Leave it out and try again."
        ) from error
    except DBAPIError as error:
        raise StorageFailed(_explain(engine, error)) from error


def _explain(engine: Engine, error: DBAPIError) -> str:
    cause = " ".join(str(error.orig).split())
    name = engine.url.render_as_string(hide_password=True)
    place = engine.url.database if engine.dialect.name == "sqlite" else name
    match cause.casefold():
        case c if "disk is full" in c or "no space left" in c:
            return (
                f"The disk is full: {place} takes no more ({cause}). What was stored before is kept. "
                "Free some space and run the same command again: it goes on from there."
            )
        case c if "locked" in c:
            return (
                f"{place} was held by another program for too long ({cause}). Close the program that works on it "
                "and run the same command again."
            )
        case c if "readonly" in c or "read-only" in c:
            return f"{place} cannot be written ({cause}). Make the file and its folder writable, or use another place."
        case c if "malformed" in c or "not a database" in c or "disk i/o error" in c:
            return (
                f"{place} is damaged or its disk fails ({cause}). Restore it from a copy, or start again in another "
                "workspace."
            )
        case _ if engine.dialect.name == "sqlite":
            return f"{place} cannot be used ({cause}). Check that its folder exists and may be written."
        case _:
            return (
                f"The database {place} does not answer as it should ({cause}). Check that its server runs and that "
                "LAUD_DATABASE_URL is right, then run the same command again."
            )
