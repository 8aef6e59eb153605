"""What meters and their lines tell, as samples. Pure: monotonic time is passed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from teleinfo_gateway.meter import WHOLE, Meter
from teleinfo_gateway.snapshot import Snapshot
from teleinfo_gateway.statuses import LinkState, Status
from teleinfo_gateway.web.metric_table import Sample
from tic import (
    CALENDARS,
    INDEX_SLOTS,
    PERIODS,
    FrameKind,
    Mode,
    Reason,
)

__all__ = ["SILENT_S", "line_samples", "meter_samples"]

SILENT_S = 300.0
"""What a meter said longer ago is not told any more: Prometheus takes its series for ended."""

_JOULES_PER_WH = 3600
_VA_PER_KVA = 1000
_TOTAL = "total"
_PHASES = ("1", "2", "3")
_POWER = "power"  # what is exceeded beside phases: the reference power

_BY_PHASE: Mapping[str, tuple[str, str]] = {
    "PAPP": ("teleinfo_apparent_power_voltamperes", _TOTAL),
    "SINSTS": ("teleinfo_apparent_power_voltamperes", _TOTAL),
    "SINST1": ("teleinfo_apparent_power_voltamperes", _TOTAL),  # of pilot meters
    **{f"SINSTS{n}": ("teleinfo_apparent_power_voltamperes", n) for n in _PHASES},
    "SINSTI": ("teleinfo_injected_apparent_power_voltamperes", _TOTAL),
    "IINST": ("teleinfo_current_amperes", "1"),
    **{f"IINST{n}": ("teleinfo_current_amperes", n) for n in _PHASES},
    **{f"IRMS{n}": ("teleinfo_current_amperes", n) for n in _PHASES},
    **{f"URMS{n}": ("teleinfo_voltage_volts", n) for n in _PHASES},
}
"""Label to metric and phase."""

_INDEXES: Mapping[str, tuple[str, str]] = {
    **{label: ("import", str(slot)) for label, slot in INDEX_SLOTS.items()},
    **{f"EASF{slot:02}": ("import", str(slot)) for slot in range(1, 11)},
    "EAIT": ("export", _TOTAL),
}
"""Index to direction and slot. Those of the distributor, and EAST, count the same energy again."""


def meter_samples(meters: Iterable[Meter], now_s: float) -> Iterator[Sample]:
    """What every meter says; of a silent one, only when it last did."""
    newest: dict[str, Meter] = {}  # one meter may be read at two ports: it is told once
    for meter in sorted(meters, key=lambda meter: meter.said_s or 0.0):
        if meter.address is not None:
            newest[meter.address] = meter
    for address, meter in newest.items():
        heard = meter.sensors["ADCO"].last_received
        if heard is not None:
            yield Sample("teleinfo_last_frame_timestamp_seconds", (address,), heard.timestamp())
        if meter.said_s is not None and now_s - meter.said_s <= SILENT_S and meter.said.values:
            yield from _said(address, meter.said)
            yield from _reckoned(address, meter, now_s)


def _said(address: str, said: Snapshot) -> Iterator[Sample]:
    values = said.values
    yield Sample("teleinfo_meter_info", (address, said.mode or "", _option(said), _phases(said)), 1)
    for label, value in values.items():
        if label in _INDEXES:
            labels = (address, *_INDEXES[label], label)
            yield Sample("teleinfo_energy_joules_total", labels, int(value) * _JOULES_PER_WH)
            yield Sample("teleinfo_index_watt_hours", labels, int(value))
        elif label in _BY_PHASE:
            family, phase = _BY_PHASE[label]
            yield Sample(family, (address, phase), int(value))
    if "ISOUSC" in said.historique:
        subscribed_a = int(said.historique["ISOUSC"])
        yield Sample("teleinfo_subscribed_current_amperes", (address,), subscribed_a)
    if "PREF" in values:
        pref_va = int(values["PREF"]) * _VA_PER_KVA
        yield Sample("teleinfo_subscribed_power_voltamperes", (address,), pref_va)
    over = said.overload.split(",")
    for phase in _PHASES[: int(_phases(said))]:
        yield Sample("teleinfo_overload", (address, phase), phase in over)
    if "STGE" in values:
        yield Sample("teleinfo_overload", (address, _TOTAL), _POWER in over)
    for period, counts in _periods(said).items():
        yield Sample("teleinfo_tariff_period", (address, period), counts)


def _reckoned(address: str, meter: Meter, now_s: float) -> Iterator[Sample]:
    estimate = meter.estimator.estimate(now_s)
    if estimate.active_power_w is not None:
        labels = (address, "index")
        yield Sample("teleinfo_active_power_watts", labels, estimate.active_power_w)
    if estimate.injected_power_w is not None:
        labels = (address, "index")
        yield Sample("teleinfo_injected_active_power_watts", labels, estimate.injected_power_w)
    load = meter.estimator.load(now_s)
    if load is not None:
        for phase, drawn_a in zip(_PHASES, load.drawn_a, strict=False):
            yield Sample("teleinfo_load_ratio", (address, phase), drawn_a / load.limit_a)


def _phases(said: Snapshot) -> str:
    return "3" if said.three_phase else "1"


def _option(said: Snapshot) -> str:
    """OPTARIF; in standard mode the name of the calendar."""
    told = said.values.get("NGTF" if said.mode is Mode.STANDARD else "OPTARIF", "")
    return " ".join(told.split())


def _periods(said: Snapshot) -> Mapping[str, bool]:
    """Every period of the contract, and whether it counts now.

    Of a calendar of the supplier's own only the one that counts is known, by its name (LTARF).
    """
    if said.mode is Mode.STANDARD and _option(said).upper() not in CALENDARS:
        name = " ".join(said.values.get("LTARF", "").split())
        return {name: True} if name else {}
    now = said.historique.get("PTEC")
    if now is None:
        return {}
    known = next((periods for periods in PERIODS.values() if now in periods), ())
    return {period: period == now for period in known}


def line_samples(meters: Iterable[Meter]) -> Iterator[Sample]:
    """What was heard at every port, and what became of it."""
    for meter in meters:
        yield from _line(meter)


def _line(meter: Meter) -> Iterator[Sample]:
    port = meter.config.device
    heard = meter.statistics
    whole = sum(heard.frames[kind] for kind in WHOLE)
    faultless = whole - meter.damaged_frames
    interrupted, partial = heard.frames[FrameKind.INTERRUPTED], heard.frames[FrameKind.PARTIAL]
    yield Sample("teleinfo_port_info", (port, meter.name, meter.address or ""), 1)
    up = meter.status is Status.ALIVE and meter.link.state is LinkState.OK
    yield Sample("teleinfo_link_up", (port,), up)
    results = {
        "ok": faultless,
        "damaged": meter.damaged_frames,
        "interrupted": interrupted,
        "partial": partial,
    }
    for result, count in results.items():
        yield Sample("teleinfo_frames_total", (port, result), count)
    yield Sample("teleinfo_groups_total", (port,), heard.groups)
    for reason in Reason:
        yield Sample("teleinfo_groups_rejected_total", (port, reason), heard.refused[reason])
    for refusal, count in meter.refusals.items():
        yield Sample("teleinfo_values_refused_total", (port, refusal), count)
    yield Sample("teleinfo_publication_delay_seconds", (port,), meter.delays)
    # The names and the errors of goteleinfo.
    yield Sample("teleinfo_frames_read_total", (port,), whole)
    yield Sample("teleinfo_frames_decoded_total", (port,), faultless)
    name = "teleinfo_frames_read_errors_total"
    yield Sample(name, (port, "no_frame_start_marker"), partial)
    yield Sample(name, (port, "no_frame_end_marker"), interrupted)
    bad_checksum = heard.refused[Reason.CHECKSUM]
    name = "teleinfo_frames_decode_errors_total"
    yield Sample(name, (port, "checksum_error"), bad_checksum)
    yield Sample(name, (port, "invalid_field"), heard.refused.total() - bad_checksum)
