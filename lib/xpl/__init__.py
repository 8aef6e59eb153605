"""xPL: a home-automation protocol of small text messages, broadcast over UDP.

Messages, addresses, filters, heartbeats and the hub are plain data and state machines, which
take the time as an argument; :mod:`xpl.net` alone has sockets.
"""

from xpl.address import EVERYONE, Address, Target, instance_from_hostname
from xpl.configuration import Configuration, Item, Kind
from xpl.endpoint import Endpoint, Heard
from xpl.errors import (
    DecodeError,
    EmptyBodyError,
    EmptyValueError,
    EncodeError,
    HubPortTakenError,
    IllegalAddressError,
    IllegalFilterError,
    IllegalHopError,
    IllegalIntervalError,
    IllegalNameError,
    IllegalSchemaError,
    IllegalTargetError,
    IllegalValueError,
    InterfaceError,
    MessageTooLongError,
    NetworkError,
    ValueTooLongError,
    XplError,
)
from xpl.filters import Filter, is_for
from xpl.hub import PORT, Client, Hub
from xpl.interface import Interface
from xpl.message import Message, MessageType
from xpl.net import HubServer, XplClient, broadcast, find_interface, interfaces

__all__ = [
    "EVERYONE",
    "PORT",
    "Address",
    "Client",
    "Configuration",
    "DecodeError",
    "EmptyBodyError",
    "EmptyValueError",
    "EncodeError",
    "Endpoint",
    "Filter",
    "Heard",
    "Hub",
    "HubPortTakenError",
    "HubServer",
    "IllegalAddressError",
    "IllegalFilterError",
    "IllegalHopError",
    "IllegalIntervalError",
    "IllegalNameError",
    "IllegalSchemaError",
    "IllegalTargetError",
    "IllegalValueError",
    "Interface",
    "InterfaceError",
    "Item",
    "Kind",
    "Message",
    "MessageTooLongError",
    "MessageType",
    "NetworkError",
    "Target",
    "ValueTooLongError",
    "XplClient",
    "XplError",
    "broadcast",
    "find_interface",
    "instance_from_hostname",
    "interfaces",
    "is_for",
]
