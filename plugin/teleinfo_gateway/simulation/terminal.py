"""A pty whose other end anybody may open like the port of a meter."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from teleinfo_gateway.simulation.errors import SimulationError

__all__ = ["Terminal", "make_link", "make_raw", "open_terminal", "remove_link"]

_LOOK_S = 0.02  # between two looks at what no event tells


class Terminal:
    """The writing end of a pty; who opens ``path`` reads."""

    def __init__(self, master: int, path: str) -> None:
        self.path = path
        self._master = master
        self._poll = select.poll()
        self._poll.register(master, 0)  # a hang-up is always told

    async def opened(self) -> None:
        """Wait until somebody has the terminal open."""
        while self._poll.poll(0):  # noqa: ASYNC110  # no event tells it
            await asyncio.sleep(_LOOK_S)

    async def send(self, data: bytes) -> None:
        """Write as fast as somebody reads; if nobody has the terminal open, the bytes are lost."""
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                await asyncio.sleep(_LOOK_S)
            except OSError:  # EIO: nobody has it open
                return


@contextmanager
def open_terminal(link: Path | None = None) -> Iterator[Terminal]:
    """A terminal for as long as the block lasts, with a symbolic link to it if ``link`` is given.

    The link may replace one that leads nowhere or to another terminal, nothing else. Raises
    :class:`SimulationError`.
    """
    try:
        master, slave = os.openpty()
    except OSError as error:
        raise SimulationError(f"no pseudo-terminal: {error.strerror}") from error
    try:
        os.set_blocking(master, False)
        path = os.ttyname(slave)
        make_raw(slave)
        os.close(slave)
        if link is not None:
            make_link(link, path)
        try:
            yield Terminal(master, path)
        finally:
            if link is not None:
                remove_link(link, path)
    finally:
        os.close(master)


def make_raw(terminal: int) -> None:
    """Bytes pass as they are, none comes back; a pty refuses 7E1 and has no parity anyway."""
    attributes = termios.tcgetattr(terminal)
    attributes[0] = attributes[1] = attributes[3] = 0  # input, output, local modes
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def make_link(link: Path, path: str) -> None:
    """Make ``link`` lead to the terminal ``path``; raise :class:`SimulationError`."""
    try:
        if link.is_symlink() and _is_replaceable(link):
            link.unlink()
        link.symlink_to(path)
    except FileExistsError as error:
        raise SimulationError(
            f"{link} exists and is no link to a terminal: remove it, or choose another place"
        ) from error
    except OSError as error:
        raise SimulationError(f"{link} cannot be made: {error.strerror}") from error


def _is_replaceable(link: Path) -> bool:
    """Whether the link leads nowhere, or to a terminal as those of earlier simulations do."""
    try:
        target = link.stat()
    except FileNotFoundError:
        return True
    return stat.S_ISCHR(target.st_mode) and str(link.readlink()).startswith("/dev/pts/")


def remove_link(link: Path, path: str) -> None:
    """Remove the link if it is still this one."""
    try:
        if str(link.readlink()) == path:
            link.unlink()
    except OSError:  # someone else removed or replaced it: not ours any more
        pass
