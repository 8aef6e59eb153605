"""The words for the state of the gateway, of a meter and of its line."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Domogik's words for the life of a plugin; a meter's reader uses the same."""

    UNKNOWN = "unknown"
    STARTING = "starting"
    ALIVE = "alive"
    STOP_REQUEST = "stop-request"
    STOPPED = "stopped"
    NOT_CONFIGURED = "not-configured"  # no meter in the configuration
    INVALID = "invalid"  # a configuration that was refused
    DEAD = "dead"  # ended by a fault of its own; it is started again


class LinkState(StrEnum):
    """What is known of the line between a meter and its reader."""

    SEARCHING = "searching"  # no valid frame yet
    OK = "ok"
    STANDBY = "standby"  # the meter sends only its address
    SILENT = "silent"  # no valid frame for 10 s
    LOST = "lost"  # no address for 180 s, the timeout of the sensor adco
    NO_PORT = "no-port"  # the port is missing, busy or unplugged
