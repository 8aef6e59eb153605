"""Which outputs a configuration asks for, and what each of them is made of.

One function for each kind of output, at the end a table of them. What an output needs is imported
in its function: a gateway without it neither carries it nor needs it installed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import Config, DeviceConfig
from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs import Output
from teleinfo_gateway.outputs.xpl import XplOutput

if TYPE_CHECKING:
    from teleinfo_gateway.forwarding import Target
    from teleinfo_gateway.history.output import HistoryOutput

__all__ = ["KINDS", "Host", "changed_kinds", "durable_outputs", "make_outputs"]

log = logging.getLogger(__name__)

_EXTRAS = {"paho": "mqtt", "urllib3": "http", "sqlalchemy": "sql", "alembic": "sql"}
"""The package whose absence says that an extra is not installed."""


class Host(Protocol):
    """What an output may know of the gateway it runs in: the plugin manager."""

    bus: Bus

    @property
    def config(self) -> Config:
        """What it runs."""
        raise NotImplementedError

    @property
    def meters(self) -> Mapping[str, Meter]:
        """The meters by name."""
        raise NotImplementedError

    @property
    def history(self) -> HistoryOutput | None:
        """The history, unless it is switched off or not installed."""
        raise NotImplementedError

    def device(self, name: str) -> DeviceConfig | None:
        """The settings of a meter; its last reading may still travel when it is gone."""
        raise NotImplementedError

    def interval_s(self, name: str) -> float:
        """The interval of a meter."""
        raise NotImplementedError

    def request_reload(self) -> asyncio.Task[int] | None:
        """Have the configuration read again; gives the number of its faults, later."""
        raise NotImplementedError


def make_outputs(kind: str, host: Host) -> list[Output]:
    """The outputs of a kind, not started yet; none if it is not wanted, or not installed."""
    try:
        return list(_TABLE[kind].make(host))
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        log.warning("no %s: %s", kind, MissingExtraError(f"the output {kind}", _EXTRAS[error.name]))
        return []


def changed_kinds(old: Config, new: Config) -> list[str]:
    """The kinds of outputs that two configurations do not ask for in the same way."""
    return [
        kind
        for kind, each in _TABLE.items()
        if any(getattr(old, section) != getattr(new, section) for section in each.sections)
    ]


def durable_outputs(config: Config) -> frozenset[str]:
    """The names of the durable outputs: each reads the history behind a cursor of its own."""
    sections = ("sql", "influxdb", "emoncms", "files")
    return frozenset(
        [name for name in sections if getattr(config, name) is not None]
        + [f"push-{each.name}" for each in config.push]
        + [f"extension-{name}" for name in config.extensions]
    )


# --- live: from the bus


def _xpl(host: Host) -> Iterator[Output]:
    if (config := host.config.xpl) is not None:
        yield XplOutput(config, host.bus, host.interval_s)


def _mqtt(host: Host) -> Iterator[Output]:
    if (config := host.config.mqtt) is not None:
        from teleinfo_gateway.outputs.mqtt import MqttOutput  # noqa: PLC0415  # see the top

        yield MqttOutput(config, host.config.domoticz, host.bus, host)


def _domoticz(host: Host) -> Iterator[Output]:
    config = host.config.domoticz
    if config is None or config.url is None:  # without one, the output mqtt tells it
        return
    from teleinfo_gateway.outputs.domoticz import DomoticzOutput  # noqa: PLC0415  # see the top

    def estimate(name: str) -> Estimate:
        meter = host.meters.get(name)
        return Estimate() if meter is None else meter.estimator.estimate(time.monotonic())

    yield DomoticzOutput(config, host.bus, host.interval_s, estimate)


def _jeedom(host: Host) -> Iterator[Output]:
    if (config := host.config.jeedom) is not None:
        from teleinfo_gateway.outputs.jeedom import JeedomOutput  # noqa: PLC0415  # see the top

        yield JeedomOutput(config, host.bus, host.interval_s)


def _udp(host: Host) -> Iterator[Output]:
    if (config := host.config.udp) is not None:
        from teleinfo_gateway.outputs.udp import UdpOutput  # noqa: PLC0415  # see the top

        yield UdpOutput(config, host.bus, host.device)


# --- the history, and what is durable: from the history


def _history(host: Host) -> Iterator[Output]:
    if (config := host.config.history) is not None:
        from teleinfo_gateway.history.output import HistoryOutput  # noqa: PLC0415  # see the top

        yield HistoryOutput(config, host.bus, host.device, durable_outputs(host.config))


def _sql(host: Host) -> Iterator[Output]:
    if (config := host.config.sql) is not None:
        from teleinfo_gateway.outputs.sql import SqlTarget  # noqa: PLC0415  # see the top

        yield from _forwarder("sql", SqlTarget(config), host, from_start=True)


def _influxdb(host: Host) -> Iterator[Output]:
    if (config := host.config.influxdb) is not None:
        from teleinfo_gateway.outputs.influxdb import InfluxdbTarget  # noqa: PLC0415  # see the top

        yield from _forwarder("influxdb", InfluxdbTarget(config), host)


def _emoncms(host: Host) -> Iterator[Output]:
    if (config := host.config.emoncms) is not None:
        from teleinfo_gateway.outputs.emoncms import EmoncmsTarget  # noqa: PLC0415  # see the top

        yield from _forwarder("emoncms", EmoncmsTarget(config), host)


def _push(host: Host) -> Iterator[Output]:
    for config in host.config.push:
        from teleinfo_gateway.outputs.push import PushTarget  # noqa: PLC0415  # see the top

        yield from _forwarder(f"push-{config.name}", PushTarget(config), host)


def _files(host: Host) -> Iterator[Output]:
    if (config := host.config.files) is not None:
        from teleinfo_gateway.outputs.files import FilesTarget  # noqa: PLC0415  # see the top

        yield from _forwarder("files", FilesTarget(config), host)


def _forwarder(
    name: str, target: Target, host: Host, *, from_start: bool = False
) -> Iterator[Output]:
    """An output that reads the history, from now on or all that is kept; none without a history."""
    if host.history is None:
        log.error("no %s: it sends what the history keeps, and there is none", name)
        return
    from teleinfo_gateway.forwarding.forwarder import Forwarder  # noqa: PLC0415  # see the top

    yield Forwarder(name, target, host.history, from_start=from_start)


# --- those of other packages: live or durable


def _extensions(host: Host) -> Iterator[Output]:
    for name, settings in host.config.extensions.items():
        from teleinfo_gateway.extension import extension_output  # noqa: PLC0415  # see the top

        output = extension_output(name, settings, _GuestOf(host))
        if output is not None:
            yield output


class _GuestOf:
    """What extensions may use of a gateway, and nothing more."""

    def __init__(self, host: Host) -> None:
        self.bus = host.bus
        self._host = host

    def interval_s(self, name: str) -> float:
        """The interval of a meter."""
        return self._host.interval_s(name)

    def forward(self, name: str, target: Target) -> Output | None:
        """A durable output to ``target``."""
        return next(_forwarder(f"extension-{name}", target, self._host), None)


# --- all of them


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of output: how it is made, and the sections that it is made from."""

    make: Callable[[Host], Iterator[Output]]
    sections: tuple[str, ...]


_TABLE: Mapping[str, _Kind] = {
    "xpl": _Kind(_xpl, ("xpl",)),
    "mqtt": _Kind(_mqtt, ("mqtt", "domoticz")),
    "domoticz": _Kind(_domoticz, ("domoticz",)),
    "jeedom": _Kind(_jeedom, ("jeedom",)),
    "udp": _Kind(_udp, ("udp",)),
    "history": _Kind(_history, ("history",)),
    "sql": _Kind(_sql, ("sql", "history")),
    "influxdb": _Kind(_influxdb, ("influxdb", "history")),
    "emoncms": _Kind(_emoncms, ("emoncms", "history")),
    "push": _Kind(_push, ("push", "history")),
    "files": _Kind(_files, ("files", "history")),
    "extensions": _Kind(_extensions, ("extensions", "history")),
}

KINDS: tuple[str, ...] = tuple(_TABLE)
"""The kinds of outputs, in the order of their start: the history before those that read it."""
