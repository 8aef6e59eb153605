"""Where a gateway keeps what must outlive it: in the folder of its history."""

from __future__ import annotations

import os
from pathlib import Path

from teleinfo_gateway.config.history import HistoryConfig

__all__ = ["default_folder", "state_folder"]


def default_folder() -> Path:
    """The state folder of the service or of the user."""
    if folder := os.environ.get("STATE_DIRECTORY"):  # systemd's StateDirectory=
        return Path(folder.split(":")[0])
    state = os.environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # others are to be ignored (XDG Base Directory Specification)
        return Path(state, "teleinfo")
    if os.geteuid() == 0 or "HOME" not in os.environ:
        return Path("/var/lib/teleinfo")
    return Path(os.environ["HOME"], ".local/state/teleinfo")


def state_folder(history: HistoryConfig | None) -> Path:
    """The folder of the history's file; the default one if it has none."""
    if history is None or history.url is not None or history.path == "auto":
        return default_folder()
    return Path(history.path).parent
