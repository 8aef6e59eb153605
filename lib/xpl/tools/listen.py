"""xpl-listen: show the messages of the xPL network."""

import json
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from xpl import (
    Filter,
    HubPortTakenError,
    HubServer,
    IllegalFilterError,
    Message,
    NetworkError,
    XplClient,
)
from xpl._text import printable
from xpl.filters import passes
from xpl.net import Stop, run
from xpl.tools._options import (
    EXIT_FAILED,
    EXIT_HUB_RUNS,
    interface_option,
    own_address,
    port_option,
)

__all__ = ["Options", "main"]

_HUB_PATIENCE_S = 5.0  # a hub echoes within milliseconds; the second heartbeat leaves after 3 s
_SHOWN = 200  # characters of a value on a terminal; --json has all of them

_HELP_END = """\b
Examples:
  xpl-listen                                          everything, until Ctrl-C
  xpl-listen --filter '*.domogik.teleinfo.*.*.*'      what one program says
  xpl-listen --filter 'xpl-trig.*.*.*.*.*' --json     changes, one JSON object per line
  xpl-listen --interface lo --count 1 --timeout 60    one message, or exit code 1

\b
Each --json line has: time (UTC), type, hop, source, target, schema, body
(a list of [name, value] pairs, since a name may come twice).

\b
Exit codes: 0 done, 1 failed, or fewer messages than --count before --timeout,
2 wrong use, 3 --standalone while a hub runs.
"""


def _filters(
    _context: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> tuple[Filter, ...]:
    try:
        return tuple(Filter.parse(text) for text in texts)
    except IllegalFilterError as error:
        raise click.BadParameter(str(error)) from error


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    interface: str = "auto"
    port: int = 0
    filters: Sequence[Filter] = ()
    as_json: bool = False
    count: int | None = None
    timeout_s: float | None = None
    standalone: bool = False


@click.command(epilog=_HELP_END)
@interface_option
@port_option
@click.option(
    "--filter",
    "filters",
    multiple=True,
    callback=_filters,
    metavar="FILTER",
    help="Show only msgtype.vendor.device.instance.class.type, each part a word or '*'; "
    "given several times, what fits any of them.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object per line.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End after so many seconds.",
)
@click.option("--standalone", is_flag=True, help="Be the hub of this machine while listening.")
def main(**options: Any) -> None:
    """Show every xPL message that a hub on this machine forwards, one per line.

    Heartbeats are shown too, only the program's own are not.
    """
    logging.basicConfig(level=logging.WARNING, format="xpl-listen: %(message)s", stream=sys.stderr)
    sys.exit(run(lambda stop: listen(Options(**options), stop)))


async def listen(options: Options, stop: Stop) -> int:
    """Show messages until there are enough, it takes too long, or somebody ends it."""
    printer = _Printer(options, stop)
    client = XplClient(
        own_address("listen"),
        options.interface,
        port=options.port,
        on_message=printer.receive,
        everything=True,
    )
    async with AsyncExitStack() as started:
        try:
            if options.standalone:
                hub = HubServer(options.port)
                await hub.start()
                started.push_async_callback(hub.stop)
            await client.start()
            started.push_async_callback(client.stop)
        except HubPortTakenError as error:
            _say(f"{error}; leave out --standalone")
            return EXIT_HUB_RUNS
        except NetworkError as error:
            _say(str(error))
            return EXIT_FAILED
        stop.when_unread(sys.stdout.fileno())
        await _wait(client, options, stop)
    return printer.exit_code


async def _wait(client: XplClient, options: Options, stop: Stop) -> None:
    timeout_s = options.timeout_s
    patience_s = _HUB_PATIENCE_S if timeout_s is None else min(timeout_s, _HUB_PATIENCE_S)
    await stop.wait(patience_s)
    if not stop.requested and not client.hub_found:
        _say(
            f"nothing heard: it seems that no hub runs on this machine (UDP port {options.port}). "
            "Start one (xpl-hub &), or listen without one (--standalone)"
        )
    await stop.wait(None if timeout_s is None else timeout_s - patience_s)


class _Printer:
    """Writes messages to standard output, and knows when it is enough."""

    def __init__(self, options: Options, stop: Stop) -> None:
        self._options = options
        self._stop = stop
        self._shown = 0
        self._broken = False

    @property
    def exit_code(self) -> int:
        wanted = self._options.count or 0
        unfinished = self._options.timeout_s is not None and self._shown < wanted
        return EXIT_FAILED if self._broken or unfinished else 0

    def receive(self, message: Message) -> None:
        if self._stop.requested or not passes(message, self._options.filters):
            return
        now = datetime.now(UTC)
        line = as_json(message, now) if self._options.as_json else as_text(message, now)
        try:
            click.echo(line)
        except BrokenPipeError:
            self._give_up()  # the reader has seen enough
        except OSError as error:
            _say(f"cannot write: {error.strerror}")
            self._broken = True
            self._give_up()
        else:
            self._shown += 1
            if self._shown == self._options.count:
                self._stop.request()

    def _give_up(self) -> None:
        # What is still buffered would be written, and fail again, at exit.
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device, not a path
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        self._stop.request()


def as_text(message: Message, received: datetime) -> str:
    """Return one line for people: local time, type, source -> target, schema, pairs."""
    pairs = (shlex.quote(f"{name}={printable(value, _SHOWN)}") for name, value in message.body)
    head = (
        f"{received.astimezone():%H:%M:%S} {message.type.value} "
        f"{message.source} -> {message.target} {message.schema}"
    )
    return " ".join((printable(head, _SHOWN), *(printable(pair, 2 * _SHOWN) for pair in pairs)))


def as_json(message: Message, received: datetime) -> str:
    """Return one line for programs; nothing is cut."""
    return json.dumps(
        {
            "time": received.isoformat(timespec="milliseconds"),
            "type": message.type.value,
            "hop": message.hop,
            "source": str(message.source),
            "target": str(message.target),
            "schema": message.schema,
            "body": message.body,
        }
    )


def _say(text: str) -> None:
    click.echo(f"xpl-listen: {text}", err=True)


if __name__ == "__main__":
    main()
