"""A group of commands of which each is loaded when it is called."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

__all__ = ["Commands"]

_INTERRUPTED = 128 + signal.SIGINT


class Commands(click.Group):
    """Commands in modules of their own, so that one does not pay for the others.

    ``modules`` maps each command, in the order in which a newcomer meets them, to its module; the
    command object there has the name of the module.
    """

    def __init__(self, *arguments: Any, modules: Mapping[str, str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        """The commands in their order."""
        return list(self._modules)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C ends it without a word, as shells expect it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's interface
        cmd_name: str,
    ) -> click.Command | None:
        """The command object of a module."""
        if cmd_name not in self._modules:
            return None
        module = import_module(self._modules[cmd_name])
        command = getattr(module, module.__name__.rpartition(".")[2])
        assert isinstance(command, click.Command)  # noqa: S101  # for the type checker
        return command
