"""The section ``sql`` of the configuration."""

from pydantic import Field, field_validator

from teleinfo_gateway.config.history import HistoryConfig, database_url
from teleinfo_gateway.config.settings import Settings

__all__ = ["SqlConfig"]


class SqlConfig(Settings):
    """Another database that has all of the history; ``url`` may be a reference."""

    url: str = Field(
        repr=False,
        description="mariadb://, mysql:// or postgresql:// with user:password@host/database, or "
        "a reference such as file:/etc/teleinfo/sql.url",
    )

    _one_database = field_validator("url")(database_url)

    @property
    def database(self) -> HistoryConfig:
        """The settings with which it is opened."""
        return HistoryConfig(url=self.url)
