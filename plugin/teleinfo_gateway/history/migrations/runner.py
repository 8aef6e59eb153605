"""Runs the migrations on a connection that is open."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

SCRIPTS = Path(__file__).parent
"""The folder with ``env.py`` and ``versions``."""


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest version, inside the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
