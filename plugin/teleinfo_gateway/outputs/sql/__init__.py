"""A copy of the history in a database on a server."""

from teleinfo_gateway.outputs.sql.target import SqlTarget

__all__ = ["SqlTarget"]
