"""What Alembic runs around each migration."""

from __future__ import annotations

from alembic import context

from teleinfo_gateway.history.migrations import VERSION_TABLE
from teleinfo_gateway.history.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
