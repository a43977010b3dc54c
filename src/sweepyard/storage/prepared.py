"""Statements that run a thousand times a second: compiled once a dialect, then given to the driver as they are.

What a statement of SQLAlchemy costs over this, about 50 µs a time, is most of what a request of a stream would cost.
Parameters and results go through as the driver has them, so these statements name only texts, bytes and whole
numbers; `moment_from` reads the moments among the results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect

from sweepyard.storage.types import UtcDateTime

_MOMENT = UtcDateTime()
_PROCESSORS: dict[str, Callable[[Any], Any] | None] = {}


class Prepared:
    """A statement, ready to be run."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Run it, and give its rows."""
        cursor = self._execute(connection, parameters)
        try:
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
        finally:
            cursor.close()

    def count(self, connection: Connection, parameters: Mapping[str, object]) -> int:
        """Run it, and give the number of rows that it changed."""
        cursor = self._execute(connection, parameters)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def _execute(self, connection: Connection, parameters: Mapping[str, object]) -> Any:
        text, order = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.execute(text, parameters if order is None else [parameters[name] for name in order])
        return cursor

    def _compile(self, dialect: Dialect) -> tuple[str, Sequence[str] | None]:
        compiled: Any = self._statement.compile(dialect=dialect)
        order = list(compiled.positiontup) if compiled.positional else None
        self._compiled[dialect.name] = str(compiled), order
        return self._compiled[dialect.name]


def moment_from(connection: Connection, stored: object) -> datetime | None:
    """The moment that the driver gave out of a column of moments."""
    if stored is None:
        return None
    dialect = connection.dialect
    if dialect.name not in _PROCESSORS:
        _PROCESSORS[dialect.name] = _MOMENT.dialect_impl(dialect).result_processor(dialect, None)
    process = _PROCESSORS[dialect.name]
    moment: Any = stored if process is None else process(stored)
    if not isinstance(moment, datetime):
        raise TypeError(f"a stored moment is a moment; received {moment!r}")
    return moment
