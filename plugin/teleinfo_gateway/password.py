"""Passwords as scrypt hashes (RFC 7914), in one line of text: ``scrypt$n$r$p$salt$hash``.

``n``, ``r`` and ``p`` are the cost; salt and hash are URL-safe base64 without its padding.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

__all__ = ["PASSWORD_MAX", "PASSWORD_MIN", "PasswordHash", "hash_password"]

PASSWORD_MIN = 8
"""Characters; ten tries a minute would find a shorter one."""

PASSWORD_MAX = 128
"""Characters; a sentence has fewer, and all of it fits into the request of a login."""

_COST = (2**14, 8, 5)
"""16 MiB, five times over: one of the least costs that the OWASP Password Storage Cheat Sheet
names, and of those the one with the least memory, which a small machine has little of. Half a
second on a PC, some seconds on the smallest machines."""

_MAX_MEMORY = 128 << 20
_MAX_P = 16

_parts_of = re.compile(
    r"scrypt\$([0-9]{1,7})\$([0-9]{1,2})\$([0-9]{1,2})\$([\w-]{22,86})\$([\w-]{22,86})", re.ASCII
).fullmatch


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What is known of a password: its salted hash, and the cost of making it."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> PasswordHash:
        """The hash that is written; raises ValueError, which does not repeat it."""
        found = _parts_of(text)
        if found is None:
            raise ValueError("it is no such hash: six parts with $ between, the first is scrypt")
        n, r, p = (int(found[place]) for place in (1, 2, 3))
        if n < 2 or n & (n - 1) or not r or not 1 <= p <= _MAX_P or 128 * n * r > _MAX_MEMORY:
            raise ValueError("its cost cannot be: n is a power of two, and 128 n r at most 128 MiB")
        return cls(n, r, p, _decoded(found[4]), _decoded(found[5]))

    def matches(self, password: str) -> bool:
        """Whether it is that of this password; takes its time, which tells nothing of either."""
        digest = _digest(password, self.salt, (self.n, self.r, self.p), len(self.digest))
        return hmac.compare_digest(digest, self.digest)


def hash_password(password: str) -> str:
    """The line that stands for a password in the configuration, with a salt of its own."""
    n, r, p = _COST
    salt = secrets.token_bytes(16)
    return f"scrypt${n}${r}${p}${_encoded(salt)}${_encoded(_digest(password, salt, _COST, 32))}"


def _digest(password: str, salt: bytes, cost: tuple[int, int, int], size: int) -> bytes:
    n, r, p = cost
    # One keyboard writes an é as one character, another one as two.
    normal = unicodedata.normalize("NFKC", password).encode()
    return hashlib.scrypt(
        normal, salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY + (1 << 20), dklen=size
    )


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
