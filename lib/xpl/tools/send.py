"""xpl-send: broadcast one xPL message."""

import sys
from collections.abc import Sequence

import click

from xpl import Address, EncodeError, Message, MessageType, NetworkError, broadcast
from xpl.tools._options import EXIT_FAILED, interface_option, own_address, port_option

__all__ = ["main"]

_HELP_END = """\b
Examples:
  xpl-send xpl-stat sensor.basic device=outside type=temp current=12.5
  xpl-send --target acme-lamp.hall xpl-cmnd lighting.basic command=goto level=100
  xpl-send --interface lo xpl-cmnd hbeat.request command=request

\b
Exit codes: 0 sent, 1 the network refused it, 2 wrong use or not a legal message
(nothing is sent then).
"""


def _pairs(
    _context: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
        pairs.append((name, value))
    return tuple(pairs)


@click.command(epilog=_HELP_END)
@click.option("--source", metavar="ADDRESS", help="Sender, vendor-device.instance.  [pyxpl-send.*]")
@click.option(
    "--target",
    default="*",
    show_default=True,
    help="Receiver of a command: '*', an address, or xpl-group.NAME.",
)
@interface_option
@port_option
@click.argument("kind", metavar="TYPE", type=click.Choice([kind.value for kind in MessageType]))
@click.argument("schema")
@click.argument("pairs", metavar="NAME=VALUE...", nargs=-1, required=True, callback=_pairs)
def main(  # noqa: PLR0913  # one per option
    kind: str,
    schema: str,
    pairs: Sequence[tuple[str, str]],
    *,
    source: str | None,
    target: str,
    interface: str,
    port: int,
) -> None:
    """Broadcast one xPL message; TYPE is xpl-cmnd, xpl-stat or xpl-trig.

    No hub is needed to send. The message is checked first: what some receiver is known to
    refuse is not sent.
    """
    try:
        message = Message(
            MessageType(kind),
            source=own_address("send") if source is None else Address.parse(source),
            target=target,
            schema=schema,
            body=pairs,
        )
        broadcast(message, interface, port=port)
    except EncodeError as error:
        raise click.UsageError(str(error)) from error
    except NetworkError as error:
        click.echo(f"xpl-send: {error}", err=True)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
