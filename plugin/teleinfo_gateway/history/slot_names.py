"""The names of tariff slots, for people. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select

from teleinfo_gateway.config.contracts import SLOTS, ContractConfig, option_of
from teleinfo_gateway.history.queries import KnownMeter
from teleinfo_gateway.history.schema import reading

__all__ = ["SlotNames"]

_LOOK_BACK_S = 8 * 24 * 3600
"""Each period of a calendar comes at least once a week; and 11,520 readings are quickly read."""


class SlotNames:
    """Names by contract and slot, of a meter and those it replaces.

    Those of the four options are fixed (HC, HP, HCJB, ...). Those of a supplier's own calendar are
    what a contract of the configuration says, else what the meter called them last (LTARF) before
    ``before``, else the name of the index.
    """

    def __init__(
        self,
        connection: Connection,
        meters: Sequence[KnownMeter],
        contracts: Sequence[ContractConfig],
        before: int,
    ) -> None:
        self._connection = connection
        self._ids = [one.id for one in meters]
        self._contracts = contracts
        self._before = before
        self._names: dict[str, Mapping[int, str]] = {}

    def __call__(self, optarif: str, slot: int) -> str:
        """The name of a slot; "" where none is known (0)."""
        if slot < 1:
            return ""
        if optarif not in self._names:
            self._names[optarif] = self._of(optarif)
        return self._names[optarif].get(slot, f"EASF{slot:02}")

    def _of(self, optarif: str) -> Mapping[int, str]:
        option = option_of(optarif)
        written = (one.slot_names for one in self._contracts if one.option == option)
        names = SLOTS.get(option) or next(written, None)
        return dict(enumerate(names, 1)) if names else self._told(optarif)

    def _told(self, optarif: str) -> Mapping[int, str]:
        of_meter = reading.c.meter_id.in_(self._ids)
        last = self._connection.execute(
            select(func.max(reading.c.ts)).where(of_meter, reading.c.ts < self._before)
        ).scalar()
        if last is None:
            return {}
        rows = self._connection.execute(
            select(reading.c.slot, reading.c.ptec)
            .where(
                of_meter,
                reading.c.ts.between(last - _LOOK_BACK_S, last),
                reading.c.optarif == optarif,
                reading.c.slot.is_not(None),
                reading.c.ptec.is_not(None),
            )
            .group_by(reading.c.slot, reading.c.ptec)
            .order_by(func.count(), reading.c.ptec)
        )
        # The most frequent one: at a change NTARF may come a frame before its LTARF.
        return {slot: name for slot, name in rows if name}
