"""What a target refuses for good: set aside in a file, with the reason."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from teleinfo_gateway.forwarding.target import Row
from teleinfo_gateway.state import default_folder

__all__ = ["Refusals"]

log = logging.getLogger(__name__)

_MAX_BYTES = 1_000_000
"""Some thousand rows: more of them mean one fault, which the first ones show."""


class Refusals:
    """The file ``refused-NAME.jsonl`` in the state folder, one JSON object for each row."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.path: Path = default_folder() / f"refused-{name}.jsonl"
        self.count = 0
        self.reason = ""

    def add(self, row: Row, reason: str) -> None:
        """Set a row aside; beyond the ceiling, and where nothing can be written, it is counted."""
        self.count += 1
        if reason != self.reason:
            self.reason = reason
            log.error(
                "%s: a row of %s is refused and set aside in %s: %s",
                self._name,
                row.adco or "the gateway",
                self.path,
                reason,
            )
        line = json.dumps({"reason": reason, **asdict(row)}, default=str) + "\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if os.fstat(file).st_size + len(line) <= _MAX_BYTES:
                    os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError as error:
            log.warning("%s: %s cannot be written: %s", self._name, self.path, error.strerror)
