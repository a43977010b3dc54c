"""Column types that every database keeps alike: UTC moments, JSON with NaN, states by their value."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Generic, TypeVar

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from sweepyard.jsonvalue import JsonValue, loads_stored

E = TypeVar("E", bound=Enum)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC on our side, exact to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored moment has a time zone; received {value.isoformat()}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[JsonValue]):
    """A JSON value as text, since JSON columns refuse NaN; escaped to ASCII, since text columns refuse NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> JsonValue:
        return None if value is None else loads_stored(value)


class EnumText(TypeDecorator[E], Generic[E]):
    """A member of an enumeration, by its value."""

    impl = String(16)
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value.value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.kind(value)
