"""What single sources said of texts, which texts are with whom, and how people label a task."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("desk", sa.JSON(), nullable=True))
    op.create_table(
        "opinions",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("prompt_hash", sa.String(), nullable=True),
        sa.Column("variant", sa.String(), nullable=True),
        sa.Column("suggested", sa.String(), nullable=True),
        sa.Column("withheld", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task", "guideline_version"],
            ["guidelines.task", "guidelines.version"],
            name="fk_opinions_task_guideline_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_opinions"),
    )
    op.create_index("ix_opinions_task_text_id", "opinions", ["task", "text_id"], unique=False)
    op.create_index("ix_opinions_task_purpose", "opinions", ["task", "purpose"], unique=False)
    op.create_table(
        "leases",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("text_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name="fk_leases_task"),
        sa.PrimaryKeyConstraint("task", "text_id", "person", name="pk_leases"),
    )
