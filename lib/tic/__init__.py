"""TIC ("téléinfo"): what French electricity meters say on two wires.

Bytes to groups, frames and typed values, and back, in both modes. No I/O and no clock here: the
caller owns the port. ::

    decoder = Decoder()
    for item in decoder.feed(data):
        if isinstance(item, Frame):
            print(item.kind, item.meter, item.value("PAPP"))
"""

from tic.decoder import Decoder, Item, Statistics
from tic.encoder import encode_frame, encode_group
from tic.errors import EncodeError, TicError
from tic.frames import Frame, FrameKind
from tic.groups import Group, Reason, Refusal
from tic.historique import HistoriqueView
from tic.horodate import Horodate
from tic.identity import MeterIdentity
from tic.labels import BY_NAME, LABELS, Kind, Label, Mode, Phases, usual_name
from tic.registers import (
    Breaker,
    Colour,
    Contact,
    Euridis,
    PhasePresence,
    PowerLine,
    Relays,
    StatusRegister,
    Switching,
    TempoContacts,
    parse_profile,
)
from tic.tariffs import CALENDARS, INDEX_LABELS, INDEX_SLOTS, PERIOD_SLOTS, PERIODS
from tic.values import Value, stamp, typed

__all__ = [
    "BY_NAME",
    "CALENDARS",
    "INDEX_LABELS",
    "INDEX_SLOTS",
    "LABELS",
    "PERIODS",
    "PERIOD_SLOTS",
    "Breaker",
    "Colour",
    "Contact",
    "Decoder",
    "EncodeError",
    "Euridis",
    "Frame",
    "FrameKind",
    "Group",
    "HistoriqueView",
    "Horodate",
    "Item",
    "Kind",
    "Label",
    "MeterIdentity",
    "Mode",
    "PhasePresence",
    "Phases",
    "PowerLine",
    "Reason",
    "Refusal",
    "Relays",
    "Statistics",
    "StatusRegister",
    "Switching",
    "TempoContacts",
    "TicError",
    "Value",
    "encode_frame",
    "encode_group",
    "parse_profile",
    "stamp",
    "typed",
    "usual_name",
]
