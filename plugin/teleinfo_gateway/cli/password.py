"""``teleinfo password``: the hash of a password, for the configuration."""

from __future__ import annotations

import sys

import click

from teleinfo_gateway.password import PASSWORD_MAX, PASSWORD_MIN, hash_password

__all__ = ["password"]


@click.command(epilog="Example: teleinfo password")
@click.option("--stdin", is_flag=True, help="Read the password from the first line of input.")
def password(stdin: bool) -> None:
    """Ask for the password of the page, twice, and print its hash.

    The hash goes into the configuration, under web.password. It takes some seconds to make on a
    small machine, as does every login, so that nobody can try many. Exit code 0: done; 2: the
    password is too short or too long, or nobody can be asked.
    """
    click.echo(hash_password(_checked(_first_line() if stdin else _asked())))
    click.echo(
        "Write this line into the configuration (web: {password: ...}), or into a file that the "
        "configuration names (password: file:/etc/teleinfo/web.password).",
        err=True,
    )


def _asked() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: use --stdin")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _first_line() -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.UsageError("the password is no text in the encoding of this system") from None


def _checked(text: str) -> str:
    if not PASSWORD_MIN <= len(text) <= PASSWORD_MAX:
        raise click.UsageError(
            f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters, this one has {len(text)}"
        )
    return text
