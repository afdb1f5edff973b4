"""The databases that the contracts of the stores run over."""

from collections.abc import Iterator

import pytest

from tests.support.stored import NOW, TASK
from tools.adapters.sql import Database, open_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def filled(database: Database) -> Database:
    """A database that holds the task and its pool."""
    database.pools.create("receipts", "tiny")
    database.tasks.save(TASK)
    return database
