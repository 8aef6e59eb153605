"""What the placeholders of a push stand for. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from teleinfo_gateway.forwarding import Row
from teleinfo_gateway.history.labels import as_sent, historique_labels, mode_of, own_labels
from teleinfo_gateway.history.periods import local_time
from teleinfo_gateway.push_template import Value

__all__ = ["values_of"]

_OFF_PEAK = ("HC", "HN")  # how PTEC begins in the cheaper hours


def values_of(row: Row, secret: str) -> dict[str, Value]:
    """The value of each placeholder that a reading has one for."""
    own = own_labels(row.adco, row.values)
    values: dict[str, Value] = {
        **historique_labels(row.adco, row.values),
        **own,
        **{column: value for column, value in row.values.items() if value is not None},
        "adco": row.adco,
        "mode": mode_of(row.values).value,
        "time": datetime.fromtimestamp(row.ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "date": f"{local_time(row.ts)}",
        "timestamp": row.ts,
        "seq": row.seq,
        "labels": as_sent(own),
        "secret": secret,
    }
    if row.name:
        values["name"] = row.name
    if period := row.values.get("ptec"):
        values["hphc"] = "HC" if str(period).startswith(_OFF_PEAK) else "HP"
    return values
