"""The section ``files`` of the configuration."""

from typing import Literal

from pydantic import Field, field_validator

from teleinfo_gateway.config.settings import Settings

__all__ = ["FilesConfig"]


class FilesConfig(Settings):
    """Where files of readings, labels and events are kept, one a day of each."""

    folder: str = Field(description="the whole path of a folder, such as /srv/teleinfo")
    format: Literal["csv", "jsonl"] = Field(default="csv", description="csv or jsonl")
    compress: bool = Field(default=True, description="true or false")
    keep_days: int | None = Field(
        default=None, ge=1, le=36_500, description="whole days from 1 to 36500, or null for ever"
    )

    @field_validator("folder")
    @classmethod
    def _whole(cls, folder: str) -> str:
        if not folder.startswith("/"):
            raise ValueError("the path is written whole, from its first /")
        return folder
