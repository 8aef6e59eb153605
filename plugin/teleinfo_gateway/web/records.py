"""The shapes of the HTTP API, in the field's own names: one class for each answer and event.

The OpenAPI description is made from these classes, and the commands read answers back into them.
Times are UTC, ISO 8601 with a ``Z``. ``adco`` is the meter's address in both modes (ADCO or ADSC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from teleinfo_gateway.errors import Fault
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.statuses import LinkState, Status
from tic import FrameKind, Kind, Mode, Reason

__all__ = [
    "Announced",
    "Configuration",
    "Failure",
    "GatewayStatus",
    "Health",
    "Index",
    "LabelTold",
    "LinkChange",
    "MeterChange",
    "MeterState",
    "MeterStatus",
    "ReadingRefused",
    "ReadingTold",
    "Reloaded",
    "SensorState",
    "Session",
    "StatusChange",
    "Taken",
    "ValueRefused",
]


@dataclass(frozen=True, slots=True)
class Index:
    """What is found here."""

    name: str
    version: str
    routes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the gateway is at work."""

    status: Status


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """The plugin, its meters and its outputs; ``since`` when it has this status.

    ``demonstration`` says that the meters are simulated and what is told of their past is invented.
    """

    name: str
    version: str
    status: Status
    since: datetime
    uptime_s: int
    demonstration: bool
    meters: Mapping[str, Status]
    outputs: Mapping[str, Mapping[str, str | int | bool]]


@dataclass(frozen=True, slots=True)
class MeterState:
    """One meter: its device in the configuration, its reader and its line.

    ``mode``, ``adco`` and ``last_received`` (of a frame that was believed) are null until known;
    ``replaces`` is the address of the meter before, as the configuration tells it.
    ``bytes``, ``groups``, ``frames`` by kind, ``eots`` that broke a frame off, and ``refused``
    groups by reason, of which ``parity_hits`` by wrong parity, count what was heard since the
    gateway started. ``overruns`` are the bytes that the computer lost, null where its driver does
    not count them. ``error_rate`` is the share of groups refused in the last 1, 15 and 60 minutes,
    null where nothing was heard; ``bytes_per_second`` is of the last minute. ``advice`` says what
    to do about the line, in plain words. ``estimate`` is reckoned, not told by the meter.
    """

    name: str
    type: str
    device: str
    interval: int
    mode: Mode | None
    status: Status
    since: datetime
    link: LinkState
    link_since: datetime
    link_detail: str
    adco: str | None
    replaces: str | None
    last_received: datetime | None
    frames: Mapping[FrameKind, int]
    groups: int
    refused: Mapping[Reason, int]
    parity_hits: int
    eots: int
    overruns: int | None
    bytes: int
    bytes_per_second: float
    error_rate: Mapping[str, float | None]
    advice: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class SensorState:
    """One sensor that a meter has fed, as text, the way Domogik's REST interface gives it.

    ``timeout`` is in seconds, 0 for never; ``lost`` says whether it has passed. ``last_value`` is
    null once the event that a sensor tells (ADPS, ADIRn, PEJP) is over.
    """

    meter: str
    adco: str | None
    reference: str
    name: str
    data_type: str
    unit: str
    timeout: int
    last_value: str | None
    last_received: datetime | None
    lost: bool


@dataclass(frozen=True, slots=True)
class MeterStatus:
    """What a request to start or stop a meter led to."""

    name: str
    status: Status


@dataclass(frozen=True, slots=True)
class Session:
    """What who asks may do: ``scopes`` are some of ``read``, ``control`` and ``ingest``.

    ``login`` says whether they logged in, ``required`` whether there is a password at all.
    """

    login: bool
    required: bool
    scopes: Sequence[str]


@dataclass(frozen=True, slots=True)
class LabelTold:
    """A label of the specification: its words in English and French, and those of its values."""

    name: str
    mode: Mode
    kind: Kind
    unit: str
    en: str
    fr: str
    meanings: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration file as it is now, without its secrets, and what is wrong with it.

    ``path`` is null and ``text`` empty where the gateway runs without a file. ``loaded_at`` tells
    when the settings that are in use were read.
    """

    path: str | None
    text: str
    faults: Sequence[Fault]
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What reading the configuration file again led to: with a fault, nothing changed."""

    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request was not served, in plain words."""

    error: str


@dataclass(frozen=True, slots=True)
class ReadingTold:
    """Event ``reading``: a frame that was believed, as text.

    ``values`` holds the labels as sent; ``historique`` the historique labels, which in standard
    mode are derived. ``complete`` is false if a group was refused: what is absent may be damaged.
    """

    meter: str
    adco: str
    time: datetime
    mode: Mode
    kind: FrameKind
    complete: bool
    values: Mapping[str, str]
    historique: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Event ``status``: a new status of a meter, or of the gateway if ``meter`` is null."""

    meter: str | None
    status: Status
    since: datetime


@dataclass(frozen=True, slots=True)
class MeterChange:
    """Event ``change``: ``exchange``, ``mode``, ``contract`` or ``rebase`` of a meter."""

    meter: str
    change: str
    detail: str
    time: datetime


@dataclass(frozen=True, slots=True)
class ValueRefused:
    """Event ``refused``: a value that was not believed, why, and what was expected."""

    meter: str
    label: str
    value: str
    detail: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Announced:
    """Events ``overload``, ``tariff``, ``tomorrow`` and ``peak``: a new state of a meter.

    ``value`` is for programs: the phases in overload (``1,3``) and ``power``; PTEC or NTARF;
    DEMAIN; ``notice``, ``peak`` or both; an overload or a peak that is over is ``none``.
    ``detail`` says it in plain words. ``time`` is that of the reading that told it.
    """

    meter: str
    value: str
    detail: str
    time: datetime


@dataclass(frozen=True, slots=True)
class LinkChange:
    """Event ``link``: a new state of the line of a meter, and its reason if there is one."""

    meter: str
    link: LinkState
    link_since: datetime
    link_detail: str


@dataclass(frozen=True, slots=True)
class ReadingRefused:
    """A sent reading, by its place among them from 0, and why it was not taken."""

    reading: int
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of sent readings: each is counted once.

    ``known`` had been stored before: the same meter and second. ``closed`` are of days whose single
    readings were let go already. ``reasons`` are of the first ones ``refused``.
    """

    stored: int
    known: int
    closed: int
    refused: int
    reasons: Sequence[ReadingRefused]
