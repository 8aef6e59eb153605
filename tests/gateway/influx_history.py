"""Rows to forward to InfluxDB, and a gateway to be killed while it does.

Run as a program (``influx_history.py FILE URL``), this module forwards a history and prints how
many rows it has sent, until somebody kills it.
"""

import asyncio
import sys
import time

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.config.influxdb import InfluxdbConfig
from teleinfo_gateway.forwarding import forwarder
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.outbox import add_cursor
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.outputs.influxdb import InfluxdbTarget

ADCO = "021528603314"
NOW = int(time.time()) // 60 * 60
BEGIN = NOW - 86400 * 10
ROWS = 6000


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


def fill(file):
    """A history of ``ROWS`` readings that an output has not begun to read."""
    database = Database(HistoryConfig(path=str(file)))
    database.prepare()
    with database.writing() as connection:
        store(connection, batch(*readings(0, ROWS)))
        add_cursor(connection, "influxdb", NOW, from_start=True)
    database.close()


async def run(file, url):
    forwarder._BATCH = 200
    forwarder._CATCH_UP_S = 0.05
    history = HistoryOutput(HistoryConfig(path=file), Bus(), lambda _: None, lambda: {"influxdb"})
    history.start()
    target = InfluxdbTarget(InfluxdbConfig(url=url))
    output = forwarder.Forwarder("influxdb", target, history)
    output.start()
    while True:
        await asyncio.sleep(0.02)
        print(output.state()["sent"], flush=True)  # noqa: T201  # to who started it


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
