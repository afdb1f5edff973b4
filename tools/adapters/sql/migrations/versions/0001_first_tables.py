"""The first tables: pools, tasks, labels, rounds and models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _pools()
    _tasks()
    _rounds()


def _pools() -> None:
    op.create_table(
        "pools",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pools"),
    )
    op.create_table(
        "texts",
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["pool"], ["pools.name"], name="fk_texts_pool"),
        sa.PrimaryKeyConstraint("pool", "id", name="pk_texts"),
        sa.UniqueConstraint("pool", "ordinal", name="uq_texts_pool_ordinal"),
    )
    op.create_table(
        "imports",
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["pool"], ["pools.name"], name="fk_imports_pool"),
        sa.PrimaryKeyConstraint("pool", "fingerprint", name="pk_imports"),
    )
    op.create_table(
        "skipped_rows",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool", "fingerprint"], ["imports.pool", "imports.fingerprint"], name="fk_skipped_rows_pool_fingerprint"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_skipped_rows"),
    )
    op.create_index("ix_skipped_rows_pool_fingerprint", "skipped_rows", ["pool", "fingerprint"], unique=False)


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("positive", sa.String(), nullable=True),
        sa.Column("rest", sa.String(), nullable=True),
        sa.Column("oracle", sa.String(), nullable=True),
        sa.Column("budget", sa.Double(), nullable=True),
        sa.Column("stop", sa.JSON(), nullable=False),
        sa.Column("gold_drawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["pool"], ["pools.name"], name="fk_tasks_pool"),
        sa.PrimaryKeyConstraint("name", name="pk_tasks"),
    )
    op.create_table(
        "guidelines",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_guidelines_task"),
        sa.PrimaryKeyConstraint("task", "version", name="pk_guidelines"),
    )
    op.create_table(
        "labels",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("prompt_hash", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task", "guideline_version"],
            ["guidelines.task", "guidelines.version"],
            name="fk_labels_task_guideline_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
    )
    op.create_index("ix_labels_task_text_id", "labels", ["task", "text_id"], unique=False)
    op.create_table(
        "gold",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("text_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_gold_task"),
        sa.PrimaryKeyConstraint("task", "text_id", name="pk_gold"),
    )


def _rounds() -> None:
    op.create_table(
        "rounds",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("learner", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("oracle_calls", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=True),
        sa.Column("scores", sa.JSON(), nullable=True),
        sa.Column("agreement", sa.Double(), nullable=True),
        sa.Column("stop_rule", sa.String(), nullable=True),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_rounds_task"),
        sa.PrimaryKeyConstraint("task", "number", name="pk_rounds"),
    )
    op.create_table(
        "picks",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text_id", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["task", "round"], ["rounds.task", "rounds.number"], name="fk_picks_task_round"),
        sa.PrimaryKeyConstraint("task", "round", "rank", name="pk_picks"),
    )
    op.create_table(
        "models",
        sa.Column("row", ROW_NUMBER, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_models_task"),
        sa.PrimaryKeyConstraint("row", name="pk_models"),
        sa.UniqueConstraint("id", name="uq_models_id"),
    )
    op.create_index("ix_models_task", "models", ["task"], unique=False)
