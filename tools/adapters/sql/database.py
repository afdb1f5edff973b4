"""Opens a database by its URL, brings its tables up to date, and holds the stores over it."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from tools.adapters.sql.activity import SqlEvents, SqlJobs
from tools.adapters.sql.answer_cache import SqlAnswerCache
from tools.adapters.sql.conversations import SqlConversations
from tools.adapters.sql.labels import SqlLabels
from tools.adapters.sql.leases import SqlLeases
from tools.adapters.sql.offline_batches import SqlOfflineBatches
from tools.adapters.sql.opinions import SqlOpinions
from tools.adapters.sql.pools import SqlPools
from tools.adapters.sql.rounds import SqlRounds
from tools.adapters.sql.schema import REVISION
from tools.adapters.sql.tasks import SqlTasks
from tools.adapters.sql.transactions import LASTING, WRITES, reading, writing
from tools.adapters.sql.users import SqlUsers
from tools.adapters.sql.wal import BUSY_SECONDS, into_wal
from tools.engine.errors import CannotDo

_MIGRATION_LOCK = 0x4C415544
"""The advisory lock under which PostgreSQL's tables are brought up to date: "LAUD" in ASCII."""


class Database:
    """An open database: the engine and the stores over it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.pools = SqlPools(engine, clock=clock)
        self.tasks = SqlTasks(engine)
        self.labels = SqlLabels(engine)
        self.opinions = SqlOpinions(engine)
        self.leases = SqlLeases(engine)
        self.paid = SqlAnswerCache(engine, clock=clock)
        self.offline = SqlOfflineBatches(engine)
        self.rounds = SqlRounds(engine)
        self.conversations = SqlConversations(engine, clock=clock)
        self.jobs = SqlJobs(engine, clock=clock)
        self.events = SqlEvents(engine, clock=clock)
        self.users = SqlUsers(engine, clock=clock)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _now() -> datetime:
    return datetime.now(UTC)


def open_database(url: str, *, clock: Callable[[], datetime] = _now) -> Database:
    """The database at `url` (SQLite or PostgreSQL), made or brought up to date.

    SQLite runs in WAL mode, so that readers never wait for a writer, with `synchronous=FULL`: a label that was
    reported as stored, and may have been paid for, survives a power cut too, at the price of one fsync a commit. What
    only tells of such things, as events do, is committed without.

    Args:
        url: an SQLAlchemy URL, such as `sqlite:////data/laud.db` or `postgresql://user@host/laud`.
        clock: tells when something was created or happened.

    Raises:
        CannotDo: the database was written by a newer version of LAUD, or the URL is of no kind that can be opened.
        StorageFailed: it cannot be read or written.
    """
    engine = _engine(url)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        _bring_up_to_date(engine)
        undo.pop_all()
    return Database(engine, clock=clock)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed)
        if parsed.get_backend_name() != "postgresql":
            raise CannotDo(
                f"LAUD stores its data in SQLite or PostgreSQL, not in {parsed.get_backend_name()!r}. "
                "Change LAUD_DATABASE_URL, or unset it to use SQLite in the workspace."
            )
        return create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise CannotDo(
            "LAUD_DATABASE_URL is no URL of a database. Write it like postgresql://user:password@host/name, or unset "
            "it to use SQLite in the workspace."
        ) from error
    except ModuleNotFoundError as error:
        raise CannotDo(
            f"The driver for PostgreSQL is not installed ({error}). Install it: pip install 'laud[postgres]'."
        ) from error


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: it would begin them only at the first write.
        connection.isolation_level = None
        into_wal(connection)
        for setting in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another one wrote in between; one that
        # takes the write lock at its start waits instead.
        options = connection.get_execution_options()
        if options.get(WRITES, False):
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(LASTING, True) else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES, False) else "BEGIN")

    return engine


def _bring_up_to_date(engine: Engine) -> None:
    with reading(engine) as connection:
        if _revision(connection) == REVISION:
            return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        # Imported here: loading Alembic takes as long as all the rest, and an up-to-date database needs none of it.
        from tools.adapters.sql.migrations import migrate  # noqa: PLC0415 - see above

        migrate(connection, found=_revision(connection))


def _revision(connection: Connection) -> str | None:
    """The migration that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
