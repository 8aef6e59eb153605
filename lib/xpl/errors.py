"""Everything that can go wrong, under one base.

A DecodeError is the sender's fault, an EncodeError the caller's, a NetworkError the machine's.
"""

__all__ = [
    "DecodeError",
    "EmptyBodyError",
    "EmptyValueError",
    "EncodeError",
    "HubPortTakenError",
    "IllegalAddressError",
    "IllegalFilterError",
    "IllegalHopError",
    "IllegalIntervalError",
    "IllegalNameError",
    "IllegalSchemaError",
    "IllegalTargetError",
    "IllegalValueError",
    "InterfaceError",
    "MessageTooLongError",
    "NetworkError",
    "ValueTooLongError",
    "XplError",
]


class XplError(Exception):
    """The base of every error of this library; `offending` is what could not be accepted."""

    def __init__(self, message: str, offending: object = None) -> None:
        super().__init__(message)
        self.offending = offending


class DecodeError(XplError):
    """A datagram is not an xPL message; `offending` is the whole datagram."""


class EncodeError(XplError):
    """What the caller wants to say is not legal xPL; nothing has been sent."""


class IllegalAddressError(EncodeError):
    """Not vendor-device.instance; vendor 3-8, device 1-8, instance 1-16 characters."""


class IllegalTargetError(EncodeError):
    """Not `*`, an address or a group; or a status or trigger message not meant for everyone."""


class IllegalSchemaError(EncodeError):
    """Not class.type with 1 to 8 of a-z, 0-9 and `-` on each side of the dot."""


class IllegalHopError(EncodeError):
    """A hop count outside 1 to 9."""


class IllegalNameError(EncodeError):
    """A name that is not 1 to 16 of a-z, 0-9 and `-`."""


class EmptyValueError(EncodeError):
    """A value without a character: leave the pair out instead."""


class ValueTooLongError(EncodeError):
    """A value of more than 128 characters: repeat the name with the rest."""


class IllegalValueError(EncodeError):
    """A value with a character outside printable ASCII."""


class EmptyBodyError(EncodeError):
    """A message without any pair."""


class MessageTooLongError(EncodeError):
    """A message of more than 1472 bytes; `offending` is its size."""


class IllegalIntervalError(EncodeError):
    """A heartbeat interval outside 5 to 30 minutes."""


class IllegalFilterError(XplError):
    """Not msgtype.vendor.device.instance.class.type, each part a word or `*`."""


class NetworkError(XplError):
    """The machine's network does not allow what was asked; `offending` is the system's error."""


class InterfaceError(NetworkError):
    """No usable interface has that name; the message lists those that exist."""


class HubPortTakenError(NetworkError):
    """The hub's port is in use, so another hub runs here; `offending` is the port."""
