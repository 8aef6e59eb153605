"""The first version of the tables."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: an empty database gets the newest tables, and none is older than these."""
