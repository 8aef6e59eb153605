"""One module for each version, as Alembic reads them."""
