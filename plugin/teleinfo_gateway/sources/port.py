"""A local serial port, read on the event loop."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import termios
from contextlib import suppress
from pathlib import Path

import serial

from teleinfo_gateway.sources.base import OPEN_TIMEOUT_S, Receive, SourceError
from teleinfo_gateway.sources.threads import in_thread

_CHUNK = 4096  # the size of the kernel's own buffer

_ADVICE = {
    errno.ENOENT: "there is no such port: is the adapter plugged in?",
    errno.EACCES: "permission denied: add your user to the group dialout and log in again",
    errno.EBUSY: "another program uses the port",
    errno.EAGAIN: "another program uses the port",
    errno.EWOULDBLOCK: "another program uses the port",
    errno.EIO: "the port does not answer: was it unplugged?",
    errno.ENXIO: "the port does not answer: was it unplugged?",
    errno.ENODEV: "the port does not answer: was it unplugged?",
    errno.ENOTTY: "this is not a serial port",
    errno.EINVAL: "this is not a serial port, or it refuses 7 bits with even parity",
    errno.EISDIR: "this is a folder, not a serial port",
}


class PortSource:
    """An open serial port, 7 bits, even parity; each wake-up hands over all that has come."""

    def __init__(self, path: str, port: serial.Serial, receive: Receive) -> None:
        self._port: serial.Serial | None = port
        self._fd = port.fileno()
        self._path = path
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[SourceError] = self._loop.create_future()
        self._loop.add_reader(self._fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._receive(data)
        else:
            self._end(OSError(errno.EIO, "end of file"))

    def _end(self, error: OSError) -> None:
        self.close()
        if not self.gone.done():
            self.gone.set_result(port_error(self._path, error))

    def close(self) -> None:
        """Give the port back."""
        if self._port is not None:
            self._loop.remove_reader(self._fd)
            _give_back(self._port)
            self._port = None


async def open_port(path: str, baudrate: int, receive: Receive) -> PortSource:
    """Open a port exclusively, without stopping the loop if its driver hangs.

    Every option goes into the constructor and nothing is changed afterwards: setting one on an
    open pty fails with EINVAL.
    """
    refusal = _not_a_port(path)  # spares a thread for each try on an absent adapter
    if refusal is not None:
        raise port_error(path, OSError(refusal, ""))
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            port = await in_thread(
                f"open {path}", lambda: _open(path, baudrate), discard=_give_back
            )
    except TimeoutError:
        raise SourceError(
            f"{path}: the port did not open within {OPEN_TIMEOUT_S:.0f} s: unplug it"
        ) from None
    except OSError as error:
        raise port_error(path, error) from error
    return PortSource(path, port, receive)


def _not_a_port(path: str) -> int | None:
    """The error number that opening ``path`` would end with, as far as a look can tell."""
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        return error.errno
    if stat.S_ISDIR(mode):
        return errno.EISDIR
    return None if stat.S_ISCHR(mode) else errno.ENOTTY


def _open(path: str, baudrate: int) -> serial.Serial:
    """A port at 7E1, or at 8N1 where the driver refuses that.

    At 8N1 the parity bit arrives as bit 7 and the decoder checks it. A pty refuses 7E1 from the
    second time on: the C library reports what the kernel had ignored.
    """
    try:
        try:
            port = _open_as(path, baudrate, serial.SEVENBITS, serial.PARITY_EVEN)
            _check_parity(port.fileno())
        except termios.error:
            port = _open_as(path, baudrate, serial.EIGHTBITS, serial.PARITY_NONE)
    except termios.error as error:
        raise OSError(*error.args) from error
    except serial.SerialException as error:
        if isinstance(error.__context__, termios.error):  # pyserial leaves its number out
            raise OSError(*error.__context__.args) from error
        raise
    fcntl.ioctl(port.fileno(), termios.TIOCEXCL)  # other programs too, not only those that lock
    return port


def _give_back(port: serial.Serial) -> None:
    """Close a port for others to open: a pty stays exclusive after its last user has left."""
    with suppress(OSError):  # it may be unplugged
        fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
    port.close()


def _check_parity(descriptor: int) -> None:
    """Have the kernel check parity, which pyserial switches off.

    A byte with wrong parity then arrives as NUL and spoils only its group; unseen, a flipped bit 6
    would pass the checksum.
    """
    settings = termios.tcgetattr(descriptor)
    settings[0] = settings[0] & ~(termios.IGNPAR | termios.PARMRK) | termios.INPCK
    with suppress(termios.error):  # a pty, which has no parity
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)


def _open_as(path: str, baudrate: int, bits: int, parity: str) -> serial.Serial:
    return serial.Serial(
        path,
        baudrate,
        bytesize=bits,
        parity=parity,
        stopbits=serial.STOPBITS_ONE,
        timeout=0,
        exclusive=True,
    )


def port_error(path: str, error: OSError) -> SourceError:
    """What happened to a port, in words that say what to do."""
    known = _ADVICE.get(error.errno or 0) or os.strerror(error.errno or errno.EIO)
    return SourceError(f"{path}: {known}")
