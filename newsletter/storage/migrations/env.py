"""Alembic's entry: use the connection that `newsletter.storage.migrate` opened."""

from alembic import context

from newsletter.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
