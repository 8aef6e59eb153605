"""xpl-hub: one per machine, it lets several xPL programs share the port."""

import logging
import signal
import sys

import click

from xpl import HubPortTakenError, HubServer, NetworkError
from xpl.net import Stop, run
from xpl.tools._options import EXIT_FAILED, EXIT_HUB_RUNS, port_option

__all__ = ["main"]

_HELP_END = """\b
Examples:
  xpl-hub                        run in the foreground, end with Ctrl-C
  xpl-hub --verbose &            say who comes and goes
  pkill -USR1 -x xpl-hub         show the clients of the running hub

\b
Exit codes: 0 ended by a signal, 1 failed, 2 wrong use,
3 another hub runs on this machine already (programs simply use that one).
"""


@click.command(epilog=_HELP_END)
@port_option
@click.option("--verbose", is_flag=True, help="Say on standard error who registers and leaves.")
def main(port: int, *, verbose: bool) -> None:
    """Repeat each xPL message to every xPL program of this machine.

    SIGUSR1 writes the list of clients to standard output.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="xpl-hub: %(message)s", stream=sys.stderr)
    sys.exit(run(lambda stop: serve(HubServer(port), stop)))


async def serve(hub: HubServer, stop: Stop) -> int:
    """Run a hub until asked to stop; return the exit code."""
    try:
        await hub.start()
    except HubPortTakenError as error:
        click.echo(f"xpl-hub: {error}; nothing to do", err=True)
        return EXIT_HUB_RUNS
    except NetworkError as error:
        click.echo(f"xpl-hub: {error}", err=True)
        return EXIT_FAILED
    stop.on_signal(signal.SIGUSR1, lambda: _show_clients(hub))
    click.echo(f"xpl-hub: listening on UDP port {hub.port}", err=True)
    await stop.wait()
    await hub.stop()
    return 0


def _show_clients(hub: HubServer) -> None:
    for client in hub.clients():
        click.echo(str(client))
    click.echo(f"xpl-hub: {len(hub.clients())} client(s)", err=True)


if __name__ == "__main__":
    main()
