"""What is to be stored, brought into a temporary table first: from there on it is a few statements.

PostgreSQL takes the rows by COPY, SQLite in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Double, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.exc import DBAPIError

from sweepyard.domain.classified import Classified
from sweepyard.storage.table_shapes import SHA256

_ROWS_A_PIECE = 1000

incoming = Table(
    "incoming_predictions",
    MetaData(),
    Column("digest", SHA256, nullable=False, index=True),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("pixels", LargeBinary, nullable=False),
    Column("true_label", Text),
    Column("predicted", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("probabilities", Text, nullable=False),
    prefixes=["TEMPORARY"],
)
_POSTGRESQL_TYPES = ("text", "int4", "int4", "bytea", "text", "text", "float8", "text")

_Row = tuple[str, int, int, bytes, str | None, str, float, str]


@contextmanager
def brought_in(connection: Connection, batch: Classified) -> Iterator[None]:
    """Within the block the table `incoming` holds a row for each image of the batch."""
    incoming.create(connection, checkfirst=False)
    if connection.dialect.name == "postgresql":
        _copy(connection, batch)
    else:
        # The driver's own form of the rows goes to it as it is: SQLAlchemy's takes a fifth of the whole time.
        rows, statement = _rows(batch), str(incoming.insert().compile(dialect=connection.dialect))
        while piece := list(islice(rows, _ROWS_A_PIECE)):
            connection.exec_driver_sql(statement, piece)
    yield
    incoming.drop(connection, checkfirst=False)


def _copy(connection: Connection, batch: Classified) -> None:
    """Send the rows on the driver's own cursor, in the transaction that is open there."""
    cursor: Any = connection.connection.cursor()
    names = ", ".join(incoming.columns.keys())
    try:
        with cursor, cursor.copy(f"COPY {incoming.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_POSTGRESQL_TYPES)
            for row in _rows(batch):
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError("COPY", None, error) from error  # as all other statements' errors come


def _rows(batch: Classified) -> Iterator[_Row]:
    """The rows by digest: indexes grow at their end, which is several times faster than all over."""
    _, height, width = batch.images.shape
    digests, predicted, best = batch.digests, batch.predicted(), batch.probabilities.argmax(axis=1)
    for place in sorted(range(len(digests)), key=digests.__getitem__):
        # Each number by the fewest digits that give the same float32 again: as JSON, and as the confidence.
        numbers = [*map(str, batch.probabilities[place])]
        probabilities, confidence = f"[{','.join(numbers)}]", float(numbers[best[place]])
        pixels, label = batch.images[place].tobytes(), batch.true_labels[place]
        yield digests[place], height, width, pixels, label, predicted[place], confidence, probabilities
