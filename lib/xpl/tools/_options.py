"""What the tools share: options, exit codes, and an address of their own."""

import os
import platform

import click

from xpl import PORT, Address, instance_from_hostname

__all__ = ["EXIT_FAILED", "EXIT_HUB_RUNS", "interface_option", "own_address", "port_option"]

EXIT_FAILED = 1
EXIT_HUB_RUNS = 3

_INSTANCE_LENGTH = 16

port_option = click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="UDP port of the xPL network.",
)

interface_option = click.option(
    "--interface",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Network interface, such as eth0 or lo; auto is that of the default route, else lo.",
)


def own_address(device: str) -> Address:
    """Return an address no other program has: two tools may run on one machine."""
    process = str(os.getpid())
    host = instance_from_hostname(platform.node())[: _INSTANCE_LENGTH - len(process)]
    return Address("pyxpl", device, host + process)
