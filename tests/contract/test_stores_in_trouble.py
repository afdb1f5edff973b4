"""The stores with many writers at once, and with storage that fails."""

import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.support.postgres import Server
from tests.support.stored import make_label, make_text
from tools.adapters.sql import Database, open_database
from tools.engine.errors import AskAgain, CannotDo, StorageFailed


def _append_many(url: str, first: int, count: int) -> None:
    database = open_database(url)
    for number in range(first, first + count):
        database.labels.append("babies", make_label(number))
    database.close()


def test_labels_of_two_processes_and_two_threads_are_all_kept(filled: Database, database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_append_many, args=(database_url, n * 1_000, 50)) for n in range(2)]
    workers += [threading.Thread(target=_append_many, args=(database_url, n * 1_000, 50)) for n in (2, 3)]  # type: ignore[misc] # both start and join
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(filled.labels.current("babies")) == 200


def test_what_was_stored_is_there_after_reopening(filled: Database, database_url: str) -> None:
    filled.labels.append("babies", make_label(1))
    again = open_database(database_url)
    assert again.labels.history("babies") == [make_label(1)]
    again.close()


def test_a_full_disk_is_named_and_loses_nothing(workspace: Path) -> None:
    database = open_database(f"sqlite:///{workspace / 'laud.db'}")
    database.pools.create("receipts", "tiny")
    database.pools.begin_import("receipts", "f", "file.csv")
    database.pools.add_rows("receipts", "f", [make_text(1)], [], rows_done=1)

    # SQLite then says exactly what it says on a full disk.
    @event.listens_for(database.engine, "checkout")
    def _no_more_pages(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=1")

    many = [make_text(n) for n in range(2, 3_000)]
    with pytest.raises(StorageFailed, match=r"The disk is full: .*laud\.db.*Free some space"):
        database.pools.add_rows("receipts", "f", many, [], rows_done=3_000)
    assert database.pools.texts("receipts") == [make_text(1)]
    assert database.pools.import_totals("receipts", "f").rows == 1
    database.close()


def test_a_read_only_database_can_be_read_and_says_why_it_takes_nothing(workspace: Path) -> None:
    path = workspace / "laud.db"
    database = open_database(f"sqlite:///{path}")
    database.pools.create("receipts", "tiny")
    database.close()
    database = open_database(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert database.pools.names() == ["receipts"]
    with pytest.raises(StorageFailed, match="cannot be written"):
        database.pools.create("more", "tiny")
    database.close()


def test_a_damaged_file_is_named(workspace: Path) -> None:
    path = workspace / "laud.db"
    path.write_bytes(b"this is no database at all " * 400)
    with pytest.raises(StorageFailed, match=r"laud\.db is damaged"):
        open_database(f"sqlite:///{path}")


def test_a_folder_that_is_not_there_is_named(workspace: Path) -> None:
    with pytest.raises(StorageFailed, match="Check that its folder exists"):
        open_database(f"sqlite:///{workspace / 'none' / 'laud.db'}")


@pytest.mark.parametrize("url", ["mysql://host/laud", "laud.db", "oracle+nothing://host/laud"])
def test_an_address_of_no_known_database_is_refused(url: str) -> None:
    with pytest.raises(CannotDo, match="LAUD_DATABASE_URL"):
        open_database(url)


@pytest.mark.postgres
def test_a_lost_server_is_named_without_the_password_and_found_again(postgres_server: Server) -> None:
    url = postgres_server.new_database()
    database = open_database(url.replace("postgres@", "postgres:secret@"))
    database.pools.create("receipts", "tiny")
    postgres_server.stop()
    try:
        with pytest.raises(StorageFailed, match="does not answer") as caught:
            database.pools.names()
        assert "secret" not in str(caught.value)
    finally:
        postgres_server.start()
    assert database.pools.names() == ["receipts"]
    database.close()


@pytest.mark.postgres
def test_a_character_that_a_database_cannot_hold_is_a_mistake_that_can_be_mended(postgres_server: Server) -> None:
    database = open_database(postgres_server.new_database())
    with pytest.raises(AskAgain, match="no NUL character"):
        database.conversations.create("a\0b", "ada")
    assert database.conversations.list() == []
    database.close()
