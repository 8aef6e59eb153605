"""Rows of the history -> the same tables on a server, with sums of their own."""

from __future__ import annotations

from collections.abc import Sequence

from teleinfo_gateway.config.sql import SqlConfig
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.forwarding import RefusedError, Row, TargetError
from teleinfo_gateway.history.database import Database, OlderVersionError, UnwritableError
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.outputs.sql.timescale import make_hypertable
from teleinfo_gateway.secret import without_secret

__all__ = ["SqlTarget"]


class SqlTarget:
    """Writes each batch of rows in one transaction; a row that is there is not written again.

    Readings, labels and events get numbers of that database: several gateways may fill it.
    """

    in_order = False

    def __init__(self, config: SqlConfig) -> None:
        self._config = config
        self._database: Database | None = None

    @property
    def address(self) -> str:
        """The URL without its password; a reference as it is."""
        return without_secret(self._config.url)

    def send(self, rows: Sequence[Row]) -> None:
        """Raises :class:`TargetError` and :class:`RefusedError`."""
        try:
            with self._opened().writing() as connection:
                store(connection, _batch(rows), copy=True)
        except UnwritableError as error:
            raise RefusedError(str(error)) from error
        except OlderVersionError as error:
            raise TargetError(f"{error} --sql") from error
        except GatewayError as error:
            self.close()  # its URL is read again: the password may be another one
            raise TargetError(str(error)) from error

    def close(self) -> None:
        """Close the connections."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _opened(self) -> Database:
        """The database with its tables, which are made in an empty one."""
        if self._database is None:
            database = Database(self._config.database)
            try:
                database.prepare()
                with database.writing() as connection:
                    make_hypertable(connection)
            except GatewayError:
                database.close()
                raise
            self._database = database
        return self._database


def _batch(rows: Sequence[Row]) -> Batch:
    batch = Batch()
    for row in rows:
        adco, ts = row.adco, row.ts
        if adco:
            last = max(ts, batch.meters[adco].ts) if adco in batch.meters else ts
            batch.meters[adco] = MeterRow(
                adco, last, row.name or None, row.mode, row.phases, row.replaces
            )
        values = row.values
        match row.kind:
            case "reading":
                batch.readings.append(ReadingRow(adco, ts, dict(values)))
            case "label":
                horodate = values["horodate"]
                batch.labels.append(
                    LabelRow(
                        *(adco, ts, str(values["label"]), str(values["value"])),
                        None if horodate is None else str(horodate),
                    )
                )
            case "event":
                texts = (str(values[key]) for key in ("kind", "value", "detail"))
                batch.events.append(EventRow(adco or None, row.name, ts, *texts))
    return batch
