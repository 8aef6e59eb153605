"""What the gateway believes and tells: readings and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tic import FrameKind, Mode


@dataclass(frozen=True, slots=True)
class Reading:
    """One believed frame of a meter.

    ``meter`` is its configured name, ``address`` its ADCO or ADSC, ``time`` aware UTC.
    ``values`` holds every label as sent; ``historique`` the historique labels, which in standard
    mode are derived; both map label to value as text. ``kind`` is ``long``, ``short``,
    ``interrupted`` or ``partial`` (groups outside a whole frame). ``complete`` means that the frame
    was whole and nothing of it refused: what is absent was not sent. ``horodates`` holds the
    meter's own time of those ``values`` that it dates.
    """

    meter: str
    address: str
    time: datetime
    mode: Mode
    kind: FrameKind
    complete: bool
    values: Mapping[str, str]
    historique: Mapping[str, str]
    horodates: Mapping[str, str] = field(default_factory=dict)


class EventKind(StrEnum):
    """What an event is about."""

    STATUS = "status"  # of a meter or of the gateway (meter "")
    LINK = "link"  # the state of a meter's line
    CHANGE = "change"  # another meter, mode or contract; an index that starts anew
    REFUSED = "refused"  # a value that was not believed
    OVERLOAD = "overload"  # phases or the power over what is subscribed, or none any more
    TARIFF = "tariff"  # another tariff period
    TOMORROW = "tomorrow"  # the Tempo colour of tomorrow, announced or taken back
    PEAK = "peak"  # a mobile peak (of EJP, too): notice, beginning, end


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: ``value`` is the new state, ``detail`` its reason in plain words.

    Of a refused value, ``value`` is ``LABEL value`` and ``detail`` says why and what was expected;
    of a change, ``value`` is its kind and ``detail`` what was before and is now. An overload, a
    tariff, a colour and a peak come right after the reading that tells them, with its time; their
    values are those of :class:`~teleinfo_gateway.announcements.Announcement`.
    """

    kind: EventKind
    meter: str
    time: datetime
    value: str
    detail: str = ""


Item = Reading | Event
"""What travels on the bus."""
