"""Which meter a question to the history means. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from teleinfo_gateway.history import queries
from teleinfo_gateway.history.queries import KnownMeter, UnknownMeterError

__all__ = ["AskedMeter", "asked_meter"]


@dataclass(frozen=True, slots=True)
class AskedMeter:
    """The meter that is meant: ``known`` is what the history has of it, then of those it replaces.

    Of a meter that is configured and was never heard there is nothing.
    """

    name: str | None
    adco: str | None
    known: Sequence[KnownMeter] = ()

    @property
    def ids(self) -> list[int]:
        """Those of its rows."""
        return [one.id for one in self.known]


def asked_meter(
    connection: Connection, key: str | None, configured: Mapping[str, str | None]
) -> AskedMeter:
    """The meter of a name or address; without one, the only meter.

    ``configured`` maps the names of this gateway's own meters to their addresses, as far as they
    have told them. Raises HTTPException 400 or UnknownMeterError.
    """
    known = {one.id: one for one in queries.known_meters(connection)}
    if key is None:
        key = _only_one(list(known.values()), configured)
    own = next((name for name, address in configured.items() if key in {name, address}), None)
    try:
        ids = queries.meter_ids(connection, key)
    except UnknownMeterError:
        if own is None:
            raise
        address = configured[own]
        if address not in {one.adco for one in known.values()}:
            return AskedMeter(own, address)
        # It has another name since it last wrote.
        return AskedMeter(
            own, address, [known[id_] for id_ in queries.meter_ids(connection, address)]
        )
    chain = [known[id_] for id_ in ids]
    return AskedMeter(chain[0].name, chain[0].adco, chain)


def _only_one(known: Sequence[KnownMeter], configured: Mapping[str, str | None]) -> str:
    """What means the meter where there is but one."""
    replaced = {one.replaces for one in known}
    last = {one.adco: one.name or one.adco for one in known if one.adco not in replaced}
    keys = last or {name: name for name in configured}
    if not keys:
        raise UnknownMeterError("the history has no meter yet")
    if len(keys) > 1:
        names = ", ".join(keys.values())
        raise HTTPException(400, f"the parameter meter is needed, to name one of: {names}")
    return next(iter(keys))
