"""The tables. A change here needs a migration and its number in `REVISION`; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Text as LongString
from sqlalchemy.types import TypeDecorator

REVISION = "0004"
"""The newest migration: what a database must be at for this code."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with time zone UTC; SQLite, which knows no zones, keeps it without."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC; raises ValueError for one without a zone, which could mean any hour."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as SQLAlchemy calls it
        """The stored moment, aware."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows by itself only in a column that is exactly INTEGER.
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

pools = Table(
    "pools",
    metadata,
    Column("name", String, primary_key=True),
    Column("encoder", String, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("pool", ForeignKey(pools.c.name), primary_key=True),
    Column("id", String, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("text", LongString, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("external_id", String),
    Column("fields", JSON, nullable=False),
    UniqueConstraint("pool", "ordinal"),
)

imports = Table(
    "imports",
    metadata,
    Column("pool", ForeignKey(pools.c.name), primary_key=True),
    Column("fingerprint", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("rows_done", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("finished", Boolean, nullable=False),
)

skipped_rows = Table(
    "skipped_rows",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("pool", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("row", Integer, nullable=False),
    Column("reason", String, nullable=False),
    ForeignKeyConstraint(["pool", "fingerprint"], [imports.c.pool, imports.c.fingerprint]),
    Index(None, "pool", "fingerprint"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("name", String, primary_key=True),
    Column("pool", ForeignKey(pools.c.name), nullable=False),
    Column("positive", String),
    Column("rest", String),
    Column("oracle", String),
    Column("budget", Double),
    Column("stop", JSON, nullable=False),
    Column("gold_drawn", Boolean, nullable=False, default=False),
    Column("desk", JSON(none_as_null=True)),
)

guidelines = Table(
    "guidelines",
    metadata,
    Column("task", ForeignKey(tasks.c.name), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("description", LongString, nullable=False),
    Column("classes", JSON, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("task", String, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("text_id", String, nullable=False),
    Column("role", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("label", String),
    Column("confidence", Double),
    Column("cost", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("source", String, nullable=False),
    Column("model", String),
    Column("prompt_hash", String),
    Column("note", LongString),
    ForeignKeyConstraint(["task", "guideline_version"], [guidelines.c.task, guidelines.c.version]),
    Index(None, "task", "text_id"),
)

opinions = Table(
    "opinions",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("task", String, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("text_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("label", String),
    Column("confidence", Double),
    Column("cost", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("note", LongString),
    Column("model", String),
    Column("prompt_hash", String),
    Column("variant", String),
    Column("suggested", String),
    Column("withheld", String),
    ForeignKeyConstraint(["task", "guideline_version"], [guidelines.c.task, guidelines.c.version]),
    Index(None, "task", "text_id"),
    Index(None, "task", "purpose"),
)

leases = Table(
    "leases",
    metadata,
    Column("task", ForeignKey(tasks.c.name), primary_key=True),
    Column("text_id", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
)

gold = Table(
    "gold",
    metadata,
    Column("task", ForeignKey(tasks.c.name), primary_key=True),
    Column("text_id", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("stratum", Integer, nullable=False),
    Column("weight", Double, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("task", ForeignKey(tasks.c.name), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("status", String, nullable=False),
    Column("strategy", String, nullable=False),
    Column("learner", String, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("labels", Integer, nullable=False),
    Column("oracle_calls", Integer, nullable=False),
    Column("cost", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("model_id", String),
    Column("scores", JSON(none_as_null=True)),
    Column("agreement", Double),
    Column("stop_rule", String),
    Column("stop_reason", String),
)

picks = Table(
    "picks",
    metadata,
    Column("task", String, primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("text_id", String, nullable=False),
    Column("score", Double, nullable=False),
    Column("strategy", String, nullable=False),
    ForeignKeyConstraint(["task", "round"], [rounds.c.task, rounds.c.number]),
)

models = Table(
    "models",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("task", ForeignKey(tasks.c.name), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("learner", String, nullable=False),
    Column("path", String, nullable=False),
    Column("classes", JSON, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("labels", Integer, nullable=False),
    Column("threshold", Double),
    Column("created_at", UtcDateTime, nullable=False),
)

answer_cache = Table(
    "answer_cache",
    metadata,
    Column("prompt", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("label", String),
    Column("confidence", Double),
    Column("cost", Double, nullable=False),
    Column("owed", Double, nullable=False),
    Column("input_bytes", Double, nullable=False),
    Column("input_tokens", Double),
    Column("output_tokens", Double),
    Index("ix_answer_cache_model_at", "model", "at"),
)

offline_batches = Table(
    "offline_batches",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("task", ForeignKey(tasks.c.name), nullable=False, index=True),
    Column("model", String, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("path", String, nullable=False),
    Column("texts", JSON, nullable=False),
    Column("most_dollars", Double, nullable=False),
    Column("state", String, nullable=False),
    Column("remote", String),
    Column("state_there", String),
    Column("answered", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("cost", Double, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("title", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("archived", Boolean, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("conversation", ForeignKey(conversations.c.id), nullable=False),
    Column("kind", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "conversation", "status"),
)

tool_results = Table(
    "tool_results",
    metadata,
    Column("call", String, primary_key=True),
    Column("result", JSON, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("conversation", ForeignKey(conversations.c.id)),
    Column("args", JSON, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("receipt", JSON(none_as_null=True)),
    Column("error", LongString),
    Column("at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("reported", Boolean, nullable=False, index=True),
)

events = Table(
    "events",
    metadata,
    Column("offset", _ROW_NUMBER, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("conversation", String),
    Column("job", String),
    Column("data", JSON, nullable=False),
    Index(None, "conversation", "offset"),
    sqlite_autoincrement=True,  # an offset is never used again
)

users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("token_digest", String, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)
