"""What the history answers: meters, series of values, energy by period, events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.history.periods import Grain, end_of, start_of
from teleinfo_gateway.history.rollup import Outage, Sum, Tariff
from teleinfo_gateway.history.schema import event, meter, outage, period, reading
from teleinfo_gateway.history.sums import code

__all__ = [
    "Happening",
    "KnownMeter",
    "Period",
    "UnknownMeterError",
    "energy",
    "events",
    "known_meters",
    "meter_ids",
    "optarif_near",
    "subscribed_kva",
]


_LOOK_BACK_S = 7 * 24 * 3600
"""How far the subscribed power is looked for: each whole reading tells it."""


class UnknownMeterError(GatewayError):
    """The history has nothing of such a meter; the text lists those it knows."""


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """A meter that was heard between two instants (unix seconds); ``name`` as last configured."""

    id: int
    adco: str
    name: str | None
    mode: str | None
    phases: int | None
    replaces: str | None
    first_seen: int
    last_seen: int
    kept_from: int


@dataclass(frozen=True, slots=True)
class Period:
    """Energy and power from ``start`` to ``end`` by tariff.

    ``outages`` holds energy that was counted while nobody listened and that may belong to this
    period or to its neighbours: it is not in ``sums``, and stands at the period it began in.
    """

    start: int
    end: int
    sums: Mapping[Tariff, Sum]
    outages: Sequence[Outage]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the log; ``seq`` orders them, ``meter`` is ``""`` for the gateway itself."""

    seq: int
    ts: int
    meter: str
    adco: str | None
    kind: str
    value: str
    detail: str


def known_meters(connection: Connection) -> list[KnownMeter]:
    """Every meter, the last one heard first."""
    rows = connection.execute(select(meter).order_by(meter.c.last_seen.desc(), meter.c.id))
    return [KnownMeter(**row) for row in rows.mappings()]


def meter_ids(connection: Connection, key: str) -> list[int]:
    """The meter of a name or address and those it replaces, one after the other, as their ids.

    Raises :class:`UnknownMeterError`.
    """
    known = known_meters(connection)
    found = next((one for one in known if key in {one.adco, one.name}), None)
    if found is None:
        names = ", ".join(f"{one.name or '?'} ({one.adco})" for one in known) or "none yet"
        raise UnknownMeterError(f"the history knows no meter {key[:64]!r}; it has: {names}")
    by_adco = {one.adco: one for one in known}
    chain = [found]
    while (before := by_adco.get(chain[-1].replaces or "")) and before not in chain:
        chain.append(before)
    return [one.id for one in chain]


def subscribed_kva(connection: Connection, known: KnownMeter) -> int | None:
    """The subscribed power that a meter told last; an ampere of ISOUSC is 200 VA for each phase."""
    row = connection.execute(
        select(reading.c.pref, reading.c.isousc)
        .where(
            reading.c.meter_id == known.id,
            reading.c.ts.between(known.last_seen - _LOOK_BACK_S, known.last_seen),
            or_(reading.c.pref.is_not(None), reading.c.isousc.is_not(None)),
        )
        .order_by(reading.c.ts.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return int(row.pref or row.isousc * (known.phases or 1) * 200 // 1000)


def optarif_near(connection: Connection, meters: Collection[int], ts: int) -> str:
    """The contract of the last hour before ``ts`` that tells one, or of the first after it."""
    told = select(period.c.optarif).where(
        period.c.meter_id.in_(meters), period.c.grain == code(Grain.HOUR), period.c.optarif != ""
    )
    queries = (
        told.where(period.c.start_ts < ts).order_by(period.c.start_ts.desc()),
        told.where(period.c.start_ts >= ts).order_by(period.c.start_ts),
    )
    found = (connection.execute(query.limit(1)).scalar() for query in queries)
    return next((optarif for optarif in found if optarif is not None), "")


def energy(
    connection: Connection, meters: Collection[int], grain: Grain, start: int, end: int
) -> list[Period]:
    """The periods of ``[start, end)`` in which something was counted or heard, in order."""
    finest = Grain.DAY if grain is Grain.WEEK else grain
    begin, until = start_of(grain, start), end_of(grain, end - 1)
    sums: dict[int, dict[Tariff, Sum]] = defaultdict(dict)
    rows = connection.execute(
        select(period).where(
            period.c.meter_id.in_(meters),
            period.c.grain == code(finest),
            period.c.start_ts.between(begin, until - 1),
        )
    )
    for row in rows:
        of_period = sums[start_of(grain, row.start_ts)]
        one = Sum(row.wh, row.va_seconds, row.papp_min, row.papp_max, row.seconds)
        tariff = Tariff(row.optarif, row.slot)
        of_period[tariff] = of_period[tariff].plus(one) if tariff in of_period else one
    apart: dict[int, list[Outage]] = defaultdict(list)
    lost = connection.execute(
        select(outage)
        .where(outage.c.meter_id.in_(meters), outage.c.start_ts < until, outage.c.end_ts > begin)
        .order_by(outage.c.start_ts)
    )
    for row in lost:
        found = Outage(row.start_ts, row.end_ts, Tariff(row.optarif, row.slot), row.wh)
        first = start_of(grain, found.start)
        if first == start_of(grain, found.end - 1):
            if finest is not grain and start_of(finest, found.start) != start_of(
                finest, found.end - 1
            ):
                _add(sums[first], found)
        else:
            apart[max(first, begin)].append(found)
    return [
        Period(ts, end_of(grain, ts), sums.get(ts, {}), apart.get(ts, []))
        for ts in sorted(sums.keys() | apart.keys())
    ]


def events(
    connection: Connection,
    meters: Collection[int] | None,
    kinds: Collection[str],
    before: int | None,
    limit: int,
    name: str | None = None,
) -> list[Happening]:
    """The newest events, latest first: of some meters or all, of some kinds or all.

    ``before`` is the ``seq`` of the last one already known. Of a meter, those count too that
    happened before it had told its address; ``name`` is that of one that never has.
    """
    query = (
        select(event, meter.c.adco)
        .outerjoin(meter, meter.c.id == event.c.meter_id)
        .order_by(event.c.seq.desc())
        .limit(limit)
    )
    if meters is not None:
        names = select(meter.c.name).where(meter.c.id.in_(meters))
        called = or_(event.c.name.in_(names), event.c.name == name)
        unknown = and_(event.c.meter_id.is_(None), called)
        query = query.where(or_(event.c.meter_id.in_(meters), unknown))
    if kinds:
        query = query.where(event.c.kind.in_(kinds))
    if before is not None:
        query = query.where(event.c.seq < before)
    return [
        Happening(row.seq, row.ts, row.name, row.adco, row.kind, row.value, row.detail)
        for row in connection.execute(query)
    ]


def _add(sums: dict[Tariff, Sum], found: Outage) -> None:
    if found.tariff not in sums:
        sums[found.tariff] = Sum()
    sums[found.tariff].add_wh(found.wh)
