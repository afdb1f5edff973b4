"""Answers of language models that outlive their task, and batches that an endpoint answers in its own time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "answer_cache",
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("owed", sa.Double(), nullable=False),
        sa.Column("input_bytes", sa.Double(), nullable=False),
        sa.Column("input_tokens", sa.Double(), nullable=True),
        sa.Column("output_tokens", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("prompt", "model", "item", name="pk_answer_cache"),
    )
    op.create_index("ix_answer_cache_model_at", "answer_cache", ["model", "at"], unique=False)
    op.create_table(
        "offline_batches",
        sa.Column("row", ROW_NUMBER, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("most_dollars", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("remote", sa.String(), nullable=True),
        sa.Column("state_there", sa.String(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_offline_batches_task"),
        sa.PrimaryKeyConstraint("row", name="pk_offline_batches"),
        sa.UniqueConstraint("id", name="uq_offline_batches_id"),
    )
    op.create_index("ix_offline_batches_task", "offline_batches", ["task"], unique=False)
