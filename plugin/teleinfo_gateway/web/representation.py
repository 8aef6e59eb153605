"""The objects of the manager as records of the API: the only place that knows both."""

from __future__ import annotations

import time

from teleinfo_gateway import __version__
from teleinfo_gateway.info import data_type
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.readings import Event, EventKind, Item, Reading
from teleinfo_gateway.sensors import Sensor
from teleinfo_gateway.statuses import LinkState, Status
from teleinfo_gateway.web.records import (
    Announced,
    GatewayStatus,
    LabelTold,
    LinkChange,
    MeterChange,
    MeterState,
    ReadingTold,
    SensorState,
    StatusChange,
    ValueRefused,
)
from tic import LABELS, Reason

NAME = "teleinfo"
"""The name of the plugin, as Domogik knows it."""


def gateway_status(manager: PluginManager) -> GatewayStatus:
    """The gateway as a whole."""
    return GatewayStatus(
        name=NAME,
        version=__version__,
        status=manager.status,
        since=manager.since,
        uptime_s=int(manager.uptime_s),
        demonstration=manager.demonstration,
        meters={name: meter.status for name, meter in manager.meters.items()},
        outputs={name: output.state() for name, output in manager.outputs.items()},
    )


def labels_told() -> list[LabelTold]:
    """Every label of both modes, in the order of the specification."""
    return [
        LabelTold(
            name=label.name,
            mode=label.mode,
            kind=label.kind,
            unit=label.unit,
            en=label.en,
            fr=label.fr,
            meanings=dict(label.meanings),
        )
        for label in LABELS
    ]


def meter_states(manager: PluginManager) -> list[MeterState]:
    """Every meter, in the order of the configuration."""
    return [_meter_state(meter) for meter in manager.meters.values()]


def sensor_states(meter: Meter) -> list[SensorState]:
    """The sensors that a meter has fed, in the order of info.json."""
    now_s = time.monotonic()
    return [_sensor_state(meter, sensor, now_s) for sensor in meter.sensors.seen()]


EventRecord = ReadingTold | StatusChange | LinkChange | MeterChange | ValueRefused | Announced


def event(item: Item) -> tuple[str, EventRecord]:
    """The name and the data of the event that tells an item of the bus."""
    if isinstance(item, Reading):
        return "reading", ReadingTold(
            meter=item.meter,
            adco=item.address,
            time=item.time,
            mode=item.mode,
            kind=item.kind,
            complete=item.complete,
            values=item.values,
            historique=item.historique,
        )
    return item.kind.value, _event_record(item)


def _event_record(event: Event) -> EventRecord:
    match event.kind:
        case EventKind.STATUS:
            return StatusChange(event.meter or None, Status(event.value), event.time)
        case EventKind.LINK:
            return LinkChange(event.meter, LinkState(event.value), event.time, event.detail)
        case EventKind.CHANGE:
            return MeterChange(event.meter, event.value, event.detail, event.time)
        case EventKind.REFUSED:
            label, _, value = event.value.partition(" ")
            return ValueRefused(event.meter, label, value, event.detail, event.time)
        case EventKind.OVERLOAD | EventKind.TARIFF | EventKind.TOMORROW | EventKind.PEAK:
            return Announced(event.meter, event.value, event.detail, event.time)


def _meter_state(meter: Meter) -> MeterState:
    heard = meter.statistics
    quality = meter.quality(time.monotonic())
    return MeterState(
        name=meter.name,
        type=meter.config.type,
        device=meter.config.device,
        interval=meter.config.interval,
        mode=meter.mode,
        status=meter.status,
        since=meter.since,
        link=meter.link.state,
        link_since=meter.link_since,
        link_detail=meter.link.detail,
        adco=meter.address,
        replaces=meter.config.replaces,
        last_received=meter.sensors["ADCO"].last_received,
        frames=heard.frames,
        groups=heard.groups,
        refused=heard.refused,
        parity_hits=heard.refused[Reason.PARITY],
        eots=heard.eots,
        overruns=quality.overruns,
        bytes=heard.bytes,
        bytes_per_second=round(quality.bytes_per_s, 1),
        error_rate={
            str(minutes): None if rate is None else round(rate, 4)
            for minutes, rate in quality.error_rates.items()
        },
        advice="" if meter.status is Status.STOPPED else quality.advice,
        estimate=meter.estimator.estimate(time.monotonic()),
    )


def _sensor_state(meter: Meter, sensor: Sensor, now_s: float) -> SensorState:
    return SensorState(
        meter=meter.name,
        adco=meter.address,
        reference=sensor.reference,
        name=sensor.label.en,
        data_type=data_type(sensor.label),
        unit=sensor.label.unit,
        timeout=sensor.timeout_s,
        last_value=sensor.last_value,
        last_received=sensor.last_received,
        lost=sensor.is_lost(now_s),
    )
