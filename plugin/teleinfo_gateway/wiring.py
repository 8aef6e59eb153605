"""Which outputs a configuration asks for. What an output needs is imported when it is wanted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
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

__all__ = ["SECTIONS", "Host", "make_outputs"]

log = logging.getLogger(__name__)

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "xpl": ("xpl",),
    "mqtt": ("mqtt", "domoticz"),
    "domoticz": ("domoticz",),
    "jeedom": ("jeedom",),
    "udp": ("udp",),
    "history": ("history",),
    "sql": ("sql", "history"),
    "influxdb": ("influxdb", "history"),
    "emoncms": ("emoncms", "history"),
    "push": ("push", "history"),
    "files": ("files", "history"),
    "extensions": ("extensions", "history"),
}
"""The kinds of outputs, in the order of their start, and the sections each is made from."""

_DURABLE: tuple[str, ...] = ("sql", "influxdb", "emoncms", "files")
"""The outputs that read the history, each behind a cursor of its own."""

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

    def device(self, name: str) -> DeviceConfig | None:
        """The settings of a meter; its last reading may still travel when it is gone."""
        raise NotImplementedError

    def interval_s(self, name: str) -> float:
        """The interval of a meter."""
        raise NotImplementedError

    @property
    def history(self) -> HistoryOutput | None:
        """The history, unless it is switched off or not installed."""
        raise NotImplementedError

    def request_reload(self) -> asyncio.Task[int] | None:
        """Have the configuration read again; gives the number of its faults, later."""
        raise NotImplementedError


def make_outputs(kind: str, config: Config, host: Host) -> list[Output]:
    """The outputs of a kind, not started yet; none if it is not wanted, or not installed."""
    try:
        made = _MAKERS[kind](config, host)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        log.warning("no %s: %s", kind, MissingExtraError(f"the output {kind}", _EXTRAS[error.name]))
        return []
    outputs = made if isinstance(made, list) else [made]
    return [output for output in outputs if output is not None]


def _xpl(config: Config, host: Host) -> Output | None:
    return None if config.xpl is None else XplOutput(config.xpl, host.bus, host.interval_s)


def _mqtt(config: Config, host: Host) -> Output | None:
    if config.mqtt is None:
        return None
    from teleinfo_gateway.outputs.mqtt import MqttOutput  # noqa: PLC0415  # see above

    return MqttOutput(config.mqtt, config.domoticz, host.bus, host)


def _domoticz(config: Config, host: Host) -> Output | None:
    if config.domoticz is None or config.domoticz.url is None:
        return None
    from teleinfo_gateway.outputs.domoticz import DomoticzOutput  # noqa: PLC0415  # see above

    def estimate(name: str) -> Estimate:
        meter = host.meters.get(name)
        return Estimate() if meter is None else meter.estimator.estimate(time.monotonic())

    return DomoticzOutput(config.domoticz, host.bus, host.interval_s, estimate)


def _jeedom(config: Config, host: Host) -> Output | None:
    if config.jeedom is None:
        return None
    from teleinfo_gateway.outputs.jeedom import JeedomOutput  # noqa: PLC0415  # see above

    return JeedomOutput(config.jeedom, host.bus, host.interval_s)


def _udp(config: Config, host: Host) -> Output | None:
    if config.udp is None:
        return None
    from teleinfo_gateway.outputs.udp import UdpOutput  # noqa: PLC0415  # see above

    return UdpOutput(config.udp, host.bus, host.device)


def _history(config: Config, host: Host) -> Output | None:
    if config.history is None:
        return None
    from teleinfo_gateway.history.output import HistoryOutput  # noqa: PLC0415  # see above

    return HistoryOutput(config.history, host.bus, host.device, lambda: _readers(config))


def _readers(config: Config) -> set[str]:
    """The names of the durable outputs of a configuration."""
    readers = {name for name in _DURABLE if getattr(config, name) is not None}
    return (
        readers
        | {f"push-{each.name}" for each in config.push}
        | {f"extension-{name}" for name in config.extensions}
    )


def _sql(config: Config, host: Host) -> Output | None:
    if config.sql is None:
        return None
    from teleinfo_gateway.outputs.sql import SqlTarget  # noqa: PLC0415  # see above

    return _forwarder("sql", SqlTarget(config.sql), host, from_start=True)


def _influxdb(config: Config, host: Host) -> Output | None:
    if config.influxdb is None:
        return None
    from teleinfo_gateway.outputs.influxdb import InfluxdbTarget  # noqa: PLC0415  # see above

    return _forwarder("influxdb", InfluxdbTarget(config.influxdb), host)


def _emoncms(config: Config, host: Host) -> Output | None:
    if config.emoncms is None:
        return None
    from teleinfo_gateway.outputs.emoncms import EmoncmsTarget  # noqa: PLC0415  # see above

    return _forwarder("emoncms", EmoncmsTarget(config.emoncms), host)


def _push(config: Config, host: Host) -> list[Output | None]:
    if not config.push:
        return []
    from teleinfo_gateway.outputs.push import PushTarget  # noqa: PLC0415  # see above

    return [_forwarder(f"push-{each.name}", PushTarget(each), host) for each in config.push]


def _files(config: Config, host: Host) -> Output | None:
    if config.files is None:
        return None
    from teleinfo_gateway.outputs.files import FilesTarget  # noqa: PLC0415  # see above

    return _forwarder("files", FilesTarget(config.files), host)


def _extensions(config: Config, host: Host) -> list[Output | None]:
    if not config.extensions:
        return []
    from teleinfo_gateway.extension import extension_output  # noqa: PLC0415  # see above

    guest_of = _GuestOf(host)
    return [
        extension_output(name, settings, guest_of) for name, settings in config.extensions.items()
    ]


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
        return _forwarder(f"extension-{name}", target, self._host)


def _forwarder(name: str, target: Target, host: Host, *, from_start: bool = False) -> Output | None:
    """An output that reads the history, from now on or all that is kept."""
    if host.history is None:
        log.error("no %s: it sends what the history keeps, and there is none", name)
        return None
    from teleinfo_gateway.forwarding.forwarder import Forwarder  # noqa: PLC0415  # see above

    return Forwarder(name, target, host.history, from_start=from_start)


_MAKERS: Mapping[str, Callable[[Config, Host], Output | list[Output | None] | None]] = {
    "xpl": _xpl,
    "mqtt": _mqtt,
    "domoticz": _domoticz,
    "jeedom": _jeedom,
    "udp": _udp,
    "history": _history,
    "sql": _sql,
    "influxdb": _influxdb,
    "emoncms": _emoncms,
    "push": _push,
    "files": _files,
    "extensions": _extensions,
}
