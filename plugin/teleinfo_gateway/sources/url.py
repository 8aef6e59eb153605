"""The URLs of pyserial that have no descriptor, such as ``rfc2217://``: one thread each."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import serial

from teleinfo_gateway.sources.base import OPEN_TIMEOUT_S, Receive, SourceError
from teleinfo_gateway.sources.threads import hangs, in_thread

_POLL_S = 0.5  # how long a read waits, hence how long a thread may outlive its source


class UrlSource:
    """An open URL, read by a thread."""

    def __init__(self, device: str, port: serial.SerialBase, receive: Receive) -> None:
        self._device = device
        self._port = port
        self._receive = receive
        self._closed = threading.Event()
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[SourceError] = self._loop.create_future()
        self.overruns = None  # the server may know
        threading.Thread(target=self._read, name=f"read {device}", daemon=True).start()

    def _read(self) -> None:
        reason = "its reader failed"
        try:
            while not self._closed.is_set():
                data = self._port.read(max(1, self._port.in_waiting))  # type: ignore[attr-defined]  # every URL has it
                if data:
                    self._on_loop(self._hand_over, data)
        except (OSError, serial.SerialException) as error:
            reason = str(error)
        finally:
            with suppress(OSError):  # the server may be gone
                self._port.close()
            self._on_loop(self._end, reason)

    def _on_loop(self, call: object, argument: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, argument)  # type: ignore[arg-type]  # ours below
        except RuntimeError:  # the loop has ended
            self._closed.set()

    def _hand_over(self, data: bytes) -> None:
        if not self._closed.is_set():
            self._receive(data)

    def _end(self, reason: str) -> None:
        if not self.gone.done():
            self.gone.set_result(SourceError(f"{self._device}: {reason}"))

    def close(self) -> None:
        """Stop handing over; the thread ends at its next wake-up."""
        self._closed.set()


async def open_url(device: str, baudrate: int, receive: Receive) -> UrlSource:
    """Open a URL of pyserial, with every option in the call."""

    def open_it() -> serial.SerialBase:
        return serial.serial_for_url(
            device,
            baudrate=baudrate,
            bytesize=serial.SEVENBITS,
            parity=serial.PARITY_EVEN,
            timeout=_POLL_S,
        )

    call = f"open {device}"
    try:
        if hangs(call, OPEN_TIMEOUT_S):  # a thread each time would be too many
            raise TimeoutError
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            port = await in_thread(call, open_it, discard=serial.SerialBase.close)
    except TimeoutError:
        raise SourceError(f"{device}: no answer within {OPEN_TIMEOUT_S:.0f} s") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{device}: {error}") from error
    return UrlSource(device, port, receive)
