"""Trying out a database: whether it can be reached, and lets tables be made, written, read and dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Column, Integer, MetaData, Table, Text, select
from sqlalchemy.engine import URL

from sweepyard.clock import Clock
from sweepyard.errors import StorageError
from sweepyard.ids import IdSource
from sweepyard.storage.engine import open_engines
from sweepyard.storage.faults import named, telling_faults

JOKE = "Why was the 6 afraid of the network? Because 7 was 89 percent sure."


@dataclass(frozen=True, slots=True)
class DatabaseCheck:
    """What a database did.

    Attributes:
        database: Which one, in words, by host and user.
        joke: What was written and read back.
        steps: What was done, with the seconds that it took.
    """

    database: str
    joke: str
    steps: tuple[tuple[str, float], ...]


def check_database(url: URL, *, clock: Clock, ids: IdSource) -> DatabaseCheck:
    """Connect, make a table, write a joke to it, read it back from another connection, drop the table.

    Raises:
        StorageError: One of these could not be done, or the joke was another one afterwards; the table is dropped.
    """
    steps: list[tuple[str, float]] = []

    @contextmanager
    def step(what: str) -> Iterator[None]:
        begun = clock.monotonic_seconds()
        with telling_faults(url, f"must let one {what}"):
            yield
        steps.append((what, clock.monotonic_seconds() - begun))

    with step("connect"):
        engines = open_engines(url)
        engines.reader.connect().close()
    columns = Column("number", Integer, primary_key=True), Column("joke", Text)
    table = Table(f"sweepyard_check_{ids.short()}", MetaData(), *columns)
    try:
        with step("make a table"), engines.writer.begin() as connection:
            table.create(connection)
        try:
            with step("write a joke"), engines.writer.begin() as connection:
                connection.execute(table.insert().values(joke=JOKE))
            with step("read it back"), engines.reader.connect() as connection:
                joke = connection.execute(select(table.c.joke)).scalar_one()
        finally:
            with step("drop the table"), engines.writer.begin() as connection:
                table.drop(connection)
    finally:
        engines.dispose()
    if joke != JOKE:
        raise StorageError(f"{named(url)} must give back what was written; received {joke!r} for {JOKE!r}")
    return DatabaseCheck(named(url), joke, tuple(steps))
