"""The truth of a workspace in SQL: pools, tasks, labels, rounds, conversations and jobs, in SQLite or PostgreSQL."""

from tools.adapters.sql.database import Database, open_database

__all__ = ["Database", "open_database"]
