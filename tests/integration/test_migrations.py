"""The migrations, over SQLite and over PostgreSQL."""

import multiprocessing
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from tools.adapters.sql import open_database
from tools.adapters.sql.migrations import config
from tools.adapters.sql.schema import REVISION, metadata
from tools.engine.errors import CannotDo


def test_the_code_expects_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == REVISION


def test_the_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    database = open_database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        columns = inspect(connection).get_columns("labels")
    assert {c["name"] for c in columns} == {c.name for c in metadata.tables["labels"].columns}
    database.close()


def test_a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds(database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        connection.execute(
            text("INSERT INTO pools (name, encoder, columns, created_at) VALUES ('p', 'tiny', '[]', :at)"),
            {"at": datetime(2026, 3, 4, tzinfo=UTC)},
        )
    engine.dispose()
    database = open_database(database_url)
    assert database.pools.get("p").encoder == "tiny"
    assert database.events.append("a", {}).offset == 1
    database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    database = open_database(database_url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CannotDo, match=r"newer version of LAUD .*9999.*Update LAUD"):
        open_database(database_url)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    database.close()


def _open(url: str, start: Barrier) -> None:
    start.wait()
    open_database(url).close()


def test_two_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2, timeout=60)
    processes = [spawn.Process(target=_open, args=(database_url, start)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]


def test_sqlite_keeps_what_a_power_cut_must_not_take(workspace: Path) -> None:
    database = open_database(f"sqlite:///{workspace / 'laud.db'}")
    with database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
        assert found == {"journal_mode": "wal", "synchronous": 2}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()
