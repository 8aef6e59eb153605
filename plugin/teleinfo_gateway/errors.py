"""Every error the gateway raises on purpose, under one base."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ConfigError", "Fault", "GatewayError", "MissingExtraError"]


class GatewayError(Exception):
    """Base of every error the gateway raises on purpose; its text is meant for the user."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration file.

    ``path`` is the dotted place (``devices[1].interval``), empty when the file as a whole is
    at fault; ``line`` counts from 1 and is None when the file could not be read at all.
    """

    path: str
    line: int | None
    message: str


class ConfigError(GatewayError):
    """A configuration file cannot be used: correct every fault listed, then start again.

    ``faults`` holds all of them in the order of the file. As text: one line for each,
    ``FILE:LINE: PATH: message``, without the parts a fault does not have.
    """

    def __init__(self, file: Path, faults: tuple[Fault, ...]) -> None:
        self.file = file
        self.faults = faults
        super().__init__("\n".join(self._as_text(fault) for fault in faults))

    def _as_text(self, fault: Fault) -> str:
        place = str(self.file) if fault.line is None else f"{self.file}:{fault.line}"
        return ": ".join(part for part in (place, fault.path, fault.message) if part)


class MissingExtraError(GatewayError):
    """A part of the gateway needs packages that are not installed: ``extra`` brings them."""

    def __init__(self, part: str, extra: str) -> None:
        self.extra = extra
        super().__init__(
            f"{part} is not installed, the extra [{extra}] brings it: "
            f"pip install -e '.[{extra}]' in the clone, or pip install './WHEEL[{extra}]', "
            f"with the pip that installed the gateway"
        )
