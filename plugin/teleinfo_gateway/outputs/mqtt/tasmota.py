"""The message SENSOR of Tasmota with its teleinfo driver. Pure.

Telemetry is ``{"Time", "ENERGY": {...}, "TIC": {...}}``, where a value of digits is a number;
an overload is ``{"TIC": {"ADPS": 1}}`` or ``{"TIC": {"ADIR2": 2}}``, the number being the phase.
``Time`` is French legal time without a zone. ``ENERGY`` holds what is true: ``Total`` in kWh,
``Power`` in W as estimated from the indexes (the driver fills in VA), ``ApparentPower``,
``Voltage`` and ``Current`` (lists on three phases), ``Load`` in percent; not Tasmota's own counts
of a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.texts import (
    Telemetry,
    as_json,
    as_number,
    kwh,
    labels,
    total_wh,
)
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind
from tic import Mode, usual_name
from tic.horodate import legal_zone

__all__ = ["Tasmota"]

_NEVER_SENT = {"PJOURF+1", "MSG1"}


class Tasmota(Telemetry):
    """Telemetry when it is due, and a message for each phase that is overloaded."""

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        local = view.time and view.time.astimezone(legal_zone(view.time))
        telemetry = {
            "Time": local and f"{local:%Y-%m-%dT%H:%M:%S}",
            "ENERGY": _energy(view),
            "TIC": {
                label: as_number(label, value)
                for label, value in labels(view).items()
                if value and label not in _NEVER_SENT
            },
        }
        yield Message(topic, as_json(telemetry))

    def happened(self, view: View, event: Event) -> Iterable[Message]:
        """An overload, phase by phase; one of the power alone (STGE) has no phase."""
        if event.kind is not EventKind.OVERLOAD or not view.key:
            return
        for phase in filter(str.isdigit, event.value.split(",")):
            label = f"ADIR{phase}" if view.three_phase else "ADPS"
            # By QoS 1 none takes the place of another that waits.
            yield Message(self.topic(view), as_json({"TIC": {label: int(phase)}}), qos=1)


def _energy(view: View) -> dict[str, object]:
    values = {usual_name(label): value for label, value in view.values.items()}
    total = total_wh(view)
    apparent = values.get("SINSTS", values.get("PAPP"))
    energy = {
        "Total": None if total is None else kwh(total),
        "Power": view.estimate.active_power_w,
        "ApparentPower": None if apparent is None else int(apparent),
        "Voltage": _phases(values, "URMS"),
        "Current": _phases(values, "IRMS") or _phases(values, "IINST"),
        "Load": _load_percent(view),
    }
    return {name: value for name, value in energy.items() if value is not None}


def _phases(values: Mapping[str, str], stem: str) -> int | list[int] | None:
    """One number, or those of three phases; ``None`` while some are not known."""
    told = {n: int(values[label]) for n in ("", 1, 2, 3) if (label := f"{stem}{n}") in values}
    if len(told) == 3:
        return list(told.values())
    return next(iter(told.values())) if told.keys() in ({""}, {1}) else None


def _load_percent(view: View) -> int | None:
    """The current of the worst phase in that of the subscription.

    In standard mode it is estimated from the power: there a current has no direction.
    """
    if view.mode is Mode.STANDARD:
        return view.estimate.load_percent
    limit_a = int(view.values.get("ISOUSC", "0"))
    drawn = _phases(view.values, "IINST")
    if drawn is None or not limit_a:
        return None
    worst_a = max(drawn) if isinstance(drawn, list) else drawn
    return 100 * worst_a // limit_a
