"""Rows to forward to InfluxDB: those of the last days, as a database may keep no others."""

import time

from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch

ADCO = "021528603314"
NOW = int(time.time()) // 60 * 60
BEGIN = NOW - 86400 * 10


def readings(first, number, **columns):
    """So many readings of HC, a minute apart."""
    columns = {"interval_s": 60, "optarif": "HC..", "ptec": "HC..", "slot": 1, **columns}
    return [
        ReadingRow(
            ADCO, BEGIN + 60 * n, {**columns, "papp": n % 5000, "idx01": 1000 + n, "idx02": 5}
        )
        for n in range(first, first + number)
    ]


def batch(*rows):
    """What is written at once."""
    kinds = [[row for row in rows if isinstance(row, k)] for k in (ReadingRow, LabelRow, EventRow)]
    return Batch({ADCO: MeterRow(ADCO, rows[-1].ts, "house", None, 1, None)}, *kinds)
