"""How good a line is, and what a person could do about it. Pure: time is passed in, monotonic."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from teleinfo_gateway.link import STANDBY_ADVICE
from teleinfo_gateway.sources import Trouble, Way
from teleinfo_gateway.speeds import JUNK, PATIENCE_S
from teleinfo_gateway.statuses import LinkState
from tic import Reason, Statistics

MINUTES = (1, 15, 60)
"""What an error rate is told over."""

_MARKS = 12
"""Marks in a window: it is longer than it says by a twelfth at most."""

_STRAY_S = 60.0
"""Bytes that would be junk in a second are stray ones after a minute."""

_TOO_FEW = 5
"""Damaged groups in a minute that say nothing yet: one now and then is normal."""

_WEAK = 0.02
_TOO_SLOW = 0.2
"""Shares of damaged groups: a weak signal costs some, an adapter that does not follow 9600 bit/s
many of them, all the time (fmartinou/teleinfo2mqtt issue 64)."""

_WELL_SENT = frozenset({Reason.SIZE, Reason.VALUE})
"""Refusals of groups that came whole: no wire is to blame."""


class Counts(NamedTuple):
    """What was heard, since some instant."""

    bytes: int = 0
    groups: int = 0  # sound ones
    damaged: int = 0  # refused, by a fault of the line
    unknown: int = 0  # refused, though they came as they were sent
    overruns: int = 0

    @property
    def error_rate(self) -> float | None:
        """The share of groups that were refused; ``None`` if there was none at all."""
        refused = self.damaged + self.unknown
        return refused / (refused + self.groups) if refused or self.groups else None

    def since(self, before: Counts) -> Counts:
        """What was heard after ``before``."""
        return Counts(*(now - then for now, then in zip(self, before, strict=True)))


class _Window:
    """The counts at the beginning of the last so many seconds; a few marks, whatever the time."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._marks: deque[tuple[float, Counts]] = deque(maxlen=_MARKS + 1)
        self._told_s = 0.0

    def mark(self, counts: Counts, now_s: float) -> None:
        """Time has passed; most calls do nothing."""
        if now_s - self._told_s > self._span_s:
            self._marks.clear()  # nobody listened: what was before is older than the window
        self._told_s = now_s
        if not self._marks or now_s - self._marks[-1][0] >= self._span_s / _MARKS:
            self._marks.append((now_s, counts))

    def begin(self, counts: Counts, now_s: float) -> tuple[float, Counts]:
        """The youngest mark that is old enough, else the first of all."""
        if now_s - self._told_s > self._span_s:
            return now_s, counts
        old = (mark for mark in reversed(self._marks) if now_s - mark[0] >= self._span_s)
        return next(old, self._marks[0])


@dataclass(frozen=True, slots=True)
class Quality:
    """A line at one instant.

    ``error_rates`` holds the share of groups that were refused in the last 1, 15 and 60 minutes,
    ``None`` where nothing was heard; ``overruns`` the bytes that the computer lost, ``None`` where
    the driver does not count them.
    """

    error_rates: Mapping[int, float | None]
    bytes_per_s: float  # over the last minute
    overruns: int | None
    advice: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an advice is drawn from."""

    link: LinkState
    trouble: Trouble | None = None  # of the port, if there is no port
    baudrate: int | None = None  # None: set by a server, not here
    searches: bool = True  # the other speed is tried as well
    way: Way = Way.PORT
    quiet_s: float = 0.0  # since a group verified
    junk: int = 0  # bytes since then
    minute: Counts = field(default_factory=Counts)

    @property
    def damage(self) -> float:
        """The share of groups that the line damaged in the last minute; 0 if too few to tell."""
        heard = self.minute
        return heard.damaged / (heard.damaged + heard.groups) if heard.damaged >= _TOO_FEW else 0.0

    @property
    def quiet(self) -> bool:
        """Whether a meter at any speed would have been heard by now."""
        return self.quiet_s > PATIENCE_S


_RULES: tuple[tuple[Callable[[Evidence], bool], str], ...] = (
    (
        lambda e: e.link is LinkState.NO_PORT and e.trouble is Trouble.ABSENT,
        "unplugged: plug the adapter in; it is then read by itself",
    ),
    (
        lambda e: e.link is LinkState.NO_PORT and e.trouble is Trouble.BUSY,
        "busy: stop the other program that uses the port",
    ),
    (
        lambda e: e.link is LinkState.NO_PORT and e.trouble is Trouble.DENIED,
        "no permission: add your user to the group dialout and log in again",
    ),
    (lambda e: e.link is LinkState.NO_PORT, ""),  # the link says what is known
    (lambda e: e.link is LinkState.STANDBY, STANDBY_ADVICE),
    (
        lambda e: e.quiet and e.junk == 0 and e.way is Way.DATAGRAMS,
        "no datagram arrives: check that one is sent to this port, and that no firewall keeps it",
    ),
    (
        lambda e: e.quiet and e.junk == 0 and e.way is Way.SERVER,
        "nothing arrives from the serial server: check the wires there, and which port it reads",
    ),
    (
        lambda e: e.quiet and e.junk == 0,
        "nothing arrives: check the wires at I1 and I2, and that this is the adapter's port",
    ),
    (
        lambda e: e.quiet and e.way is Way.DATAGRAMS,
        "datagrams arrive and none is a sound frame: check who sends them, and the wires there",
    ),
    (
        lambda e: e.quiet and e.junk > JUNK and e.baudrate is None,
        "wrong speed: set the serial server to 1200 bit/s (historique) or 9600 (standard)",
    ),
    (
        lambda e: e.quiet and e.junk > JUNK and not e.searches,
        "wrong speed: set mode: auto, or the mode that the display of the meter shows",
    ),
    (
        lambda e: e.quiet and e.junk > JUNK,
        "wrong speed, another talker or a very weak signal: nothing verifies at 1200 or 9600 bit/s",
    ),
    (
        lambda e: e.quiet_s > _STRAY_S,
        "only stray bytes arrive: check the wires, or ask Enedis to activate the meter's output",
    ),
    (
        lambda e: e.minute.overruns > 0 and e.damage >= _WEAK,
        "bytes are lost in the computer: take the adapter off its hub, or give it less to do",
    ),
    (
        lambda e: e.baudrate == 9600 and e.damage >= _TOO_SLOW,
        "adapter too slow for standard mode: take one made for 9600 bit/s, or shorten the wires",
    ),
    (
        lambda e: e.damage >= _WEAK and e.way is not Way.PORT,
        "weak signal: check the wires at the machine that reads the meter",
    ),
    (lambda e: e.damage >= _WEAK, "weak signal: check the wires"),
    (
        lambda e: e.minute.unknown >= _TOO_FEW and (e.minute.error_rate or 0) >= _WEAK,
        "the meter says something that is not in the specification: please report it",
    ),
)
"""The first rule that applies gives the advice."""


def advice(evidence: Evidence) -> str:
    """What to do, in plain words; nothing if all is well or it is too early to tell."""
    return next((text for applies, text in _RULES if applies(evidence)), "")


class QualityMeter:
    """Follows one line by what its decoder has counted; memory is bounded, whatever the time."""

    def __init__(self, statistics: Statistics, now_s: float, way: Way = Way.PORT) -> None:
        self.overruns: int | None = None
        self._way = way
        self._statistics = statistics
        self._windows = {minutes: _Window(60.0 * minutes) for minutes in MINUTES}
        self._proof = (now_s, Counts())  # when a group last verified, to a second
        self.tick(now_s)

    def tick(self, now_s: float) -> None:
        """Time has passed: to be told about once a second."""
        counts = self._counts()
        if counts.groups != self._proof[1].groups:
            self._proof = (now_s, counts)
        for window in self._windows.values():
            window.mark(counts, now_s)

    def restart(self, now_s: float) -> None:
        """The port is tried again, or for the first time: silence counts from now."""
        self.tick(now_s)
        self._proof = (now_s, self._counts())

    def report(
        self,
        link: LinkState,
        now_s: float,
        *,
        trouble: Trouble | None = None,
        baudrate: int | None = None,
        searches: bool = True,
    ) -> Quality:
        """How the line is now."""
        counts = self._counts()
        begins = {minutes: window.begin(counts, now_s) for minutes, window in self._windows.items()}
        minute = counts.since(begins[1][1])
        proof_s, proof = self._proof
        evidence = Evidence(
            link=link,
            trouble=trouble,
            baudrate=baudrate,
            searches=searches,
            way=self._way,
            quiet_s=0.0 if counts.groups != proof.groups else now_s - proof_s,
            junk=counts.bytes - proof.bytes,
            minute=minute,
        )
        return Quality(
            {minutes: counts.since(begin).error_rate for minutes, (_, begin) in begins.items()},
            minute.bytes / max(now_s - begins[1][0], 1.0),
            self.overruns,
            advice(evidence),
        )

    def _counts(self) -> Counts:
        seen = self._statistics
        unknown = sum(seen.refused[reason] for reason in _WELL_SENT)
        damaged = seen.refused.total() - unknown
        return Counts(seen.bytes, seen.groups, damaged, unknown, self.overruns or 0)
