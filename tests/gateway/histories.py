"""What the tests of the history share: databases of it, rows to write, and what stands in them."""

import contextlib

import pytest
import sqlalchemy as sa

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.schema import counter, metadata, meter, outage, period
from teleinfo_gateway.history.store import Batch, store

ADCO = "021528603314"


@pytest.fixture
def history(database_url, tmp_path):
    """A history on each kind of database, with its tables."""
    sqlite = database_url.startswith("sqlite")
    config = {"path": str(tmp_path / "history.db")} if sqlite else {"url": database_url}
    database = Database(HistoryConfig(**config))
    database.prepare()
    yield database
    database.close()


@pytest.fixture(scope="session")
def memory():
    """The function that gives an empty history in memory, for the time of a ``with``."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(counter.insert().values(name="seq", last=0))

    @contextlib.contextmanager
    def empty():
        with engine.connect() as connection:
            yield connection
            connection.rollback()

    yield empty
    engine.dispose()


def a_reading(ts, *indexes, adco=ADCO, **columns):
    """A reading to be written, whose indexes are those of the slots 1, 2 and so on; of HC.."""
    slots = {f"idx{slot:02}": wh for slot, wh in enumerate(indexes, 1)}
    columns = {"interval_s": 60, "optarif": "HC..", "slot": 1, **slots, **columns}
    return ReadingRow(adco, ts, columns)


def put(connection, *rows, adco=ADCO, closed=None, **known):
    """Write readings, labels and events together."""
    last = max((row.ts for row in rows), default=0)
    known = {"name": "house", "mode": None, "phases": None, "replaces": None} | known
    addresses = {adco, *(row.adco for row in rows if row.adco is not None)}
    batch = Batch(
        {one: MeterRow(adco=one, ts=last, **known) for one in addresses},
        *(
            [row for row in rows if isinstance(row, kind)]
            for kind in (ReadingRow, LabelRow, EventRow)
        ),
    )
    return store(connection, batch, closed)


def sums(connection, adco=ADCO):
    """All sums and outages of a meter, in order."""
    number = sa.select(meter.c.id).where(meter.c.adco == adco).scalar_subquery()
    found = (
        connection.execute(table.select().where(table.c.meter_id == number))
        for table in (period, outage)
    )
    return [sorted(tuple(row)[1:] for row in rows) for rows in found]


def energy(connection, grain):
    """Wh of each period of a grain (``h``, ``d``, ``m`` or ``y``) by its beginning."""
    query = sa.select(period.c.start_ts, sa.func.sum(period.c.wh)).where(period.c.grain == grain)
    found = connection.execute(query.group_by(period.c.start_ts).order_by(period.c.start_ts))
    return {start: int(wh) for start, wh in found if wh is not None}
