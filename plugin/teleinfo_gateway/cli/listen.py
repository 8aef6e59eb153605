"""``teleinfo listen``: what a line says, live."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from teleinfo_gateway.cli._common import mode_option
from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.link import SILENT_S, Link
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.service import stop_signal
from teleinfo_gateway.sources import SourceError, has_speed
from tic import (
    BY_NAME,
    Breaker,
    Colour,
    Frame,
    FrameKind,
    Group,
    Horodate,
    Item,
    MeterIdentity,
    Mode,
    PhasePresence,
    Relays,
    Statistics,
    StatusRegister,
    Value,
    typed,
)

__all__ = ["listen"]

_EVERY_S = 0.5  # between two drawings of the table
_CONDITION_EVERY_S = 60.0  # between two lines on the line's condition, where frames are printed


@click.command(epilog="Example: teleinfo listen /dev/ttyUSB0")
@click.argument("device")
@mode_option
def listen(device: str, mode: str) -> None:
    """Show every label heard on DEVICE, its value and meaning, and the quality of the line.

    DEVICE is a port such as /dev/ttyUSB0, socket://host:port or udp://address:port. In a terminal,
    with the extra [rich], the table is drawn in place; otherwise each frame is printed below the
    one before.
    """
    heard = _Heard(None if mode == "auto" else Mode(mode))
    try:
        asyncio.run(_listen(device, heard))
    except SourceError as error:
        raise click.ClickException(str(error)) from error


@dataclass(frozen=True, slots=True)
class Row:
    """One label on the screen."""

    label: str
    value: str
    meaning: str


class _Heard:
    """What was heard so far."""

    def __init__(self, mode: Mode | None) -> None:
        self.mode = mode
        self.groups: dict[str, Group] = {}
        self.link = Link(lambda _state, _detail: None, time.monotonic())
        self.on_frame: Callable[[], object] = lambda: None

    def opened(self, now_s: float) -> None:
        """The port is open."""
        self.link.opened(now_s)

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        self.link.tick(now_s)

    def heard(self, items: Sequence[Item], now_s: float) -> None:
        """Keep each label's last group; a whole frame begins a new list."""
        for item in items:
            if isinstance(item, Frame) and item.kind is not FrameKind.PARTIAL:
                if item.kind is not FrameKind.INTERRUPTED:
                    if item.kind is FrameKind.LONG:
                        self.groups = {}
                    self.groups |= {group.label: group for group in item.groups}
                    self.link.frame(now_s, standby=item.kind is FrameKind.STANDBY)
                self.on_frame()

    def rows(self) -> list[Row]:
        """One row a label."""
        return [
            Row(group.label, group.value.strip() or (group.horodate or ""), meaning(group))
            for group in self.groups.values()
        ]


def meaning(group: Group) -> str:
    """The label's name, and its value in plain words where it is a code or has a unit."""
    label = BY_NAME.get(group.label)
    if label is None:
        return "not in the specification"
    words = label.meaning(group.value) or _words(typed(group), label.unit)
    return f"{label.en}: {words}" if words else label.en


def _words(value: Value, unit: str) -> str:
    """A typed value for a person; ``""`` where the text of the meter says it all."""
    match value:
        case int():
            return f"{value} {unit}".strip()
        case MeterIdentity():
            return f"{value.manufacturer}, {value.year}, {value.device}"
        case Horodate():
            return f"{value.time:%Y-%m-%d %H:%M:%S%z}" + (" (not set)" if value.degraded else "")
        case StatusRegister():
            return _status(value)
        case Relays():
            return "closed: " + (", ".join(map(str, sorted(value.closed))) or "none")
        case PhasePresence():
            return "absent: " + (", ".join(map(str, sorted(value.absent))) or "none")
        case _:
            return ""


def _status(status: StatusRegister) -> str:
    """What of STGE a person wants to know: the tariff, and what is not as usual."""
    words = [f"supplier index {status.supplier_tariff or 'unknown'}"]
    if status.colour_today is not Colour.NONE:
        words.append(f"today {status.colour_today}, tomorrow {status.colour_tomorrow}")
    if status.breaker is not Breaker.CLOSED:
        words.append(f"breaker {status.breaker}")
    unusual = {
        "cover open": status.cover_open,
        "over-voltage": status.over_voltage,
        "over the subscribed power": status.over_reference_power,
        "injecting": status.injecting,
        "clock not set": status.clock_degraded,
    }
    return ", ".join([*words, *(name for name, is_so in unusual.items() if is_so)])


def quality(device: str, reader: LineReader, link: Link) -> str:
    """One line on the state of the line."""
    statistics = reader.decoder.statistics
    refused = statistics.refused.total()
    speed = f", {reader.speeds.baudrate} bit/s" if has_speed(device) else ""
    text = (
        f"{device}{speed}: {link.state}; "
        f"{_frames(statistics)}, {statistics.groups} groups, {refused} refused"
    )
    if refused:
        reasons = ", ".join(f"{count} {reason}" for reason, count in statistics.refused.items())
        text += f" ({reasons}; {refused / (refused + statistics.groups):.1%})"
    return f"{text}. {link.detail}" if link.detail else text


def _frames(statistics: Statistics) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in statistics.frames.items())
    return f"{statistics.frames.total()} frames" + (f" ({kinds})" if kinds else "")


def condition(reader: LineReader, link: Link, now_s: float) -> str:
    """One line on how good the line has been for an hour, and what to do about it."""
    quality = reader.quality(link.state, now_s)
    rates = ", ".join("-" if r is None else f"{r:.1%}" for r in quality.error_rates.values())
    lost = "" if quality.overruns is None else f"{quality.overruns} overruns, "
    text = (
        f"{quality.bytes_per_s:.0f} bytes/s, {reader.decoder.statistics.eots} EOT, {lost}"
        f"refused in {', '.join(map(str, quality.error_rates))} min: {rates}"
    )
    advice = "" if quality.advice in link.detail else quality.advice
    return f"{text}. {advice}" if advice else text


async def _listen(device: str, heard: _Heard) -> None:
    """Until a signal; raises ``SourceError`` when the port cannot be read."""
    reader = LineReader(device, heard.mode, heard)
    reading = asyncio.create_task(reader.read())
    stopped = asyncio.create_task(stop_signal().wait())
    click.echo(f"Listening on {device}; Ctrl-C ends.", err=True)
    showing = asyncio.create_task(_show(device, reader, heard))
    done, running = await asyncio.wait(
        {reading, stopped, showing}, return_when=asyncio.FIRST_COMPLETED
    )
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for task in done:
        task.result()


async def _show(device: str, reader: LineReader, heard: _Heard) -> None:
    if sys.stdout.isatty():
        try:
            from teleinfo_gateway.cli._table import live_table  # noqa: PLC0415  # extra [rich]
        except ModuleNotFoundError:
            click.echo(str(MissingExtraError("a table drawn in place", "rich")), err=True)
        else:
            with live_table() as draw:
                while True:
                    lines = (
                        quality(device, reader, heard.link),
                        condition(reader, heard.link, time.monotonic()),
                    )
                    draw("\n".join(lines), heard.rows())
                    await asyncio.sleep(_EVERY_S)
    await _print_frames(device, reader, heard)


async def _print_frames(device: str, reader: LineReader, heard: _Heard) -> None:
    """Print each frame, and after a silence how the line is; raises ``OSError`` (``| head``).

    Its condition goes to standard error now and then, and at each new advice.
    """
    texts: asyncio.Queue[str] = asyncio.Queue()  # as many as one read brought
    heard.on_frame = lambda: texts.put_nowait(
        _text(quality(device, reader, heard.link), heard.rows())
    )
    told_s, advice = time.monotonic(), ""
    while True:
        try:
            async with asyncio.timeout(SILENT_S):
                text = await texts.get()
        except TimeoutError:
            click.echo(quality(device, reader, heard.link), err=True)
        else:
            click.echo(text)
        now_s = time.monotonic()
        new = reader.quality(heard.link.state, now_s).advice
        if now_s - told_s >= _CONDITION_EVERY_S or new not in {"", advice}:
            click.echo(condition(reader, heard.link, now_s), err=True)
            told_s, advice = now_s, new


def _text(headline: str, rows: Sequence[Row]) -> str:
    lines = [f"{row.label:<10} {row.value:<16} {row.meaning}" for row in rows]
    return "\n".join([*lines, headline, ""])
