"""What a target refuses for good: set aside in a file, with the reason."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from teleinfo_gateway.forwarding.target import Row

__all__ = ["Refusals"]

log = logging.getLogger(__name__)

_MAX_BYTES = 1_000_000
"""Some thousand rows: more of them mean one fault, which the first ones show."""

_MAX_LOGGED = 20  # reasons: a target may word each one differently


class Refusals:
    """The file ``refused-NAME.jsonl`` in a folder, one JSON object for each row.

    ``count`` and ``reason``, the last one, are of this run; the file stays.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._logged: set[str] = set()
        self.path = folder / f"refused-{name}.jsonl"
        self.count = 0
        self.reason = ""

    def add(self, row: Row, reason: str) -> None:
        """Set a row aside; beyond the ceiling, and where nothing can be written, it is counted."""
        self.count += 1
        self.reason = reason
        if reason not in self._logged and len(self._logged) < _MAX_LOGGED:
            self._logged.add(reason)
            log.error(
                "%s: a row of %s is refused and set aside in %s: %s",
                self._name,
                row.name or row.adco or "the gateway",
                self.path,
                reason,
            )
        line = json.dumps({"reason": reason, **asdict(row)}) + "\n"
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
