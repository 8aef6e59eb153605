"""Versions of the tables, oldest first; Alembic is imported only to bring an older one up to date.

To change the tables: change ``schema``, add ``versions/NNNN_what_changes.py`` and its number here.
"""

REVISIONS = ("0001",)

VERSION_TABLE = "ti_version"
