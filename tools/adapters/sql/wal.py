"""Turning an SQLite file to its write-ahead log, also where another program does the same at that moment."""

import sqlite3

from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

BUSY_SECONDS = 30
"""How long a writer waits for another one before it gives up."""
LONGEST_PAUSE = 0.04
"""Seconds between two tries, at most."""


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


@retry(
    retry=retry_if_exception(_is_busy),
    stop=stop_after_delay(BUSY_SECONDS),
    wait=wait_random(max=LONGEST_PAUSE),
    reraise=True,
)
def into_wal(connection: sqlite3.Connection) -> None:
    """Turn the file to WAL; a file that is in it already stays as it is.

    Of two connections that turn a new file at once SQLite refuses one, without the waiting that all else is given.
    """
    connection.execute("PRAGMA journal_mode=WAL")
