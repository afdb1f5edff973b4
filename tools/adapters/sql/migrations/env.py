"""Run by Alembic: applies the migrations over the connection that the caller put into the settings."""

from alembic import context

from tools.adapters.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column only by copying its table
)
context.run_migrations()
