"""``teleinfo hallard``: for scripts that call the ``teleinfo`` of Charles-Henri Hallard (1.0.8)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from teleinfo_gateway.cli._hallard_settings import FILE, HallardSettings, hallard_settings
from teleinfo_gateway.cli._hallard_statistics import HallardStatistics
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.outputs.udp.sender import UdpError, UdpSender
from teleinfo_gateway.raw_frames import FrameCutter
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.service import stop_signal
from teleinfo_gateway.sources import open_source
from tic import Item

__all__ = ["hallard"]

_PATIENCE_S = 10.0  # for the frame of receive mode
_WAITING = 100  # datagrams; they are taken as they come
_RULE = "=" * 26

_PRINTABLE = bytes(byte for byte in range(128) if byte == 0x0A or 0x20 <= byte < 0x7F)
_OTHERS = bytes(set(range(256)) - set(_PRINTABLE))


@click.command(epilog="Example: teleinfo hallard -m send -y /dev/ttyUSB0 -p 1200")
@click.option(
    "-m", "--mode", metavar="MODE", help="send, receive or test; the first letter is enough."
)
@click.option("-y", "--tty", metavar="DEVICE", help="The port of the meter (send and test).")
@click.option("-p", "--port", metavar="PORT", help="The UDP port, 1024 to 65534, and the next one.")
@click.option("-g", "--get", metavar="LABEL", help="Receive a frame and print the value of LABEL.")
@click.option("-v", "--verbose", is_flag=True, help="Print settings and frames; no password.")
@click.option("-d", "--daemon", is_flag=True, help="Receive frames until a signal comes.")
@click.option("-l", "--nolock", is_flag=True, help="No effect: the kernel locks the port.")
@click.option("-q", "--mysql", is_flag=True, help="Refused: the gateway has outputs for it.")
@click.option("-u", "--user", help="Of MySQL: no effect.")
@click.option("-w", "--password", help="Of MySQL: no effect.")
@click.option("-s", "--server", help="Of MySQL: no effect.")
@click.option("-b", "--database", help="Of MySQL: no effect.")
@click.option("-t", "--table", help="Of MySQL: no effect.")
@click.option("-e", "--emoncms", is_flag=True, help="Refused: the gateway has outputs for it.")
@click.option("-r", "--url", help="Of EmonCMS: no effect.")
@click.option("-k", "--apikey", help="Of EmonCMS: no effect.")
@click.option("-n", "--node", help="Of EmonCMS: no effect.")
@click.option(
    "--conf",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    show_default=True,
    metavar="FILE",
    help="The file of KEY = VALUE lines, read if it is there; options go first.",
)
@click.pass_context
def hallard(context: click.Context, /, conf: Path, **options: str | bool | None) -> None:
    """Do what hallard's teleinfo 1.0.8 does, with the same options, for scripts that call it.

    send: each frame of the port leaves by UDP, to PORT and PORT + 1 of the address "network" in
    the file (127.0.0.1). receive: wait for one frame, at most 10 s. test: show what the port says.
    SIGUSR1 prints the statistics on standard error, and so does every end. Exit code 0: done, or
    ended by a signal; 1: nothing good was received, or it failed.
    """
    given = {key: str(value).strip() for key, value in options.items() if value}
    statistics = HallardStatistics()
    try:
        settings = hallard_settings(given, conf)
        good = asyncio.run(_run(settings, statistics))
    except GatewayError as error:
        raise click.ClickException(str(error)) from error
    finally:
        click.echo(str(statistics), err=True)
    context.exit(0 if good else 1)


async def _run(settings: HallardSettings, statistics: HallardStatistics) -> bool:
    """Whether it went well; a signal that ends it is no fault."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: click.echo(str(statistics), err=True))
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    stopped = asyncio.create_task(stop_signal().wait())
    if settings.verbose:
        for key, value in asdict(settings).items():
            click.echo(f"{key}: {value}", err=True)
    if settings.daemon:
        click.echo("It stays in the foreground: systemd, or &, makes a service of it.", err=True)
    working = asyncio.ensure_future(_MODES[settings.mode](settings, statistics))
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        stopped.cancel()
        return working.result()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return True


async def _send(settings: HallardSettings, statistics: HallardStatistics) -> bool:
    sender = UdpSender(settings.network, settings.port)
    problem = ""

    def pass_on(frame: bytes) -> None:
        nonlocal problem
        try:
            sender.send(frame)
        except UdpError as error:
            if str(error) != problem:
                problem = str(error)
                click.echo(problem, err=True)
            return
        problem = ""
        statistics.sent += 1
        if settings.verbose:
            click.echo(_lines(frame))

    await _Line(settings.tty, pass_on).reader.read()


async def _test(settings: HallardSettings, statistics: HallardStatistics) -> bool:
    def show(frame: bytes) -> None:
        if statistics.check(frame):
            now = datetime.now().astimezone()
            click.echo(f"\n{_RULE}\nTeleinfo Frame of {len(frame)} char\n{now:%Y-%m-%d %H:%M:%S}")
            click.echo(f"{_RULE}\n{_lines(frame)}")

    await _Line(settings.tty, show, lambda data: click.echo(_shown(data), nl=False)).reader.read()


async def _receive(settings: HallardSettings, statistics: HallardStatistics) -> bool:
    datagrams: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)

    def take(data: bytes) -> None:
        with suppress(asyncio.QueueFull):
            datagrams.put_nowait(data)

    source = await open_source(f"udp://0.0.0.0:{settings.port}", 0, take)
    try:
        while True:
            try:
                async with asyncio.timeout(None if settings.daemon else _PATIENCE_S):
                    data = await datagrams.get()
            except TimeoutError:
                click.echo(f"No frame came within {_PATIENCE_S:.0f} s.", err=True)
                return False
            good = _tell(data, settings, statistics)
            if not settings.daemon:
                return good
    finally:
        source.close()


def _tell(data: bytes, settings: HallardSettings, statistics: HallardStatistics) -> bool:
    """Print what is wanted of a frame; whether all was there."""
    frame = statistics.check(data)
    if settings.verbose:
        click.echo(_lines(data))
    if frame is None:
        return False
    if settings.get:
        value = frame.value(settings.get)
        click.echo(
            f"The frame has no {settings.get}." if value is None else value, err=value is None
        )
        return value is not None
    return True


class _Line:
    """A port; its frames are given to ``take`` as they came, and all bytes of it to ``echo``."""

    def __init__(
        self,
        device: str,
        take: Callable[[bytes], object],
        echo: Callable[[bytes], object] = lambda _data: None,
    ) -> None:
        self.reader = LineReader(device, None, self)
        self._take = take
        self._echo = echo
        self._cutter = FrameCutter()

    def opened(self, now_s: float) -> None:  # noqa: ARG002  # the interface
        """What was begun before belongs to another stream."""
        self._cutter = FrameCutter()

    def tick(self, now_s: float) -> None:
        """Nothing to do."""

    def heard(self, items: Sequence[Item], now_s: float) -> None:  # noqa: ARG002  # the interface
        """Nothing of what a wrong speed makes of frames is passed on."""
        self._echo(self.reader.received)
        for frame in self._cutter.feed(self.reader.received):
            if self.reader.speeds.settled:
                self._take(frame)


def _shown(data: bytes) -> str:
    """What of it a terminal may show: printable characters and ends of lines."""
    return data.translate(None, _OTHERS).decode("ascii")


def _lines(frame: bytes) -> str:
    return _shown(frame).strip("\n")


_MODES: dict[str, Callable[[HallardSettings, HallardStatistics], Awaitable[bool]]] = {
    "send": _send,
    "receive": _receive,
    "test": _test,
}
