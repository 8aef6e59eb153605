"""Secrets by reference: the configuration names where one is, and it is read when it is used.

``file:/path`` is the first line of a file; each ``${NAME}`` is an environment variable, also in the
path of a file, as in ``file:${CREDENTIALS_DIRECTORY}/token``. Any other text is itself. No message
here repeats a secret.
"""

import os
import re
from pathlib import Path

from teleinfo_gateway.errors import GatewayError

__all__ = [
    "TOKEN_MIN",
    "SecretError",
    "is_reference",
    "long_enough",
    "resolve",
    "resolve_token",
    "without_secret",
]

TOKEN_MIN = 16
"""Characters of a token; what is shorter can be guessed over a network."""

_FILE = "file:"
_MAX_BYTES = 4096  # no password and no URL of a database is longer
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")

# Up to the last @, for a password written without percent-encoding may hold one itself.
_PASSWORD = re.compile(r"(?<=://)([^:/?#@]*):.*@", re.DOTALL)
_PASSWORD_PARAMETER = re.compile(
    r"(?i)([?&](?:\w*password|passwd|pwd|token|secret|key|api_?key|apikey)=)[^&#]*"
)


class SecretError(GatewayError):
    """A secret cannot be had: its text says which reference failed, why, and what to do."""


def is_reference(text: str) -> bool:
    """Whether a text names where a secret is, in whole or in part."""
    return text.startswith(_FILE) or _VARIABLE.search(text) is not None


def resolve(text: str) -> str:
    """The text that is meant; raises SecretError if a file or a variable cannot be had."""
    expanded = _VARIABLE.sub(_of_environment, text)
    if text.startswith(_FILE):  # not what a variable holds: that is the secret itself
        return _first_line(Path(expanded.removeprefix(_FILE)))
    return expanded.rstrip("\r\n")  # with which secrets of containers often end


def resolve_token(text: str) -> str:
    """A token to compare with; raises SecretError also if it has less than TOKEN_MIN characters."""
    token = resolve(text)
    if len(token) < TOKEN_MIN:
        where = text if is_reference(text) else "the one in the configuration"
        raise SecretError(
            f"a token needs at least {TOKEN_MIN} characters, {where} has {len(token)}: "
            "make one with: openssl rand -hex 16"
        )
    return token


def long_enough(token: str) -> str:
    """A token as a configuration holds it; ValueError if it is no reference and can be guessed."""
    if not is_reference(token) and len(token) < TOKEN_MIN:
        raise ValueError("a shorter one can be guessed")
    return token


def without_secret(url: str) -> str:
    """A URL fit for a log or a state: every password in it is ``***``."""
    return _PASSWORD_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", url))


def _of_environment(found: re.Match[str]) -> str:
    name = found[1]
    value = os.environ.get(name)
    if not value:
        how = "empty" if value == "" else "not set"
        raise SecretError(
            f"the environment variable {name!r} is {how}: set it where the gateway is started"
        )
    return value


def _first_line(path: Path) -> str:
    if not path.is_absolute():
        raise SecretError(f"{_FILE}{path}: write the path whole, from its first /")
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "no file can have this name"
        raise SecretError(f"the secret in {path} cannot be read: {reason}") from error
    if len(raw) > _MAX_BYTES:
        raise SecretError(f"{path} is above {_MAX_BYTES} bytes, too large for a secret")
    try:
        secret = raw.decode("utf-8").partition("\n")[0].strip()
    except UnicodeDecodeError:
        # Without its cause: that one carries the bytes of the secret.
        raise SecretError(f"{path} is not UTF-8 text") from None
    if not secret:
        raise SecretError(f"the first line of {path} is empty: the secret belongs there")
    return secret
