"""Reading what runs have streamed: exact and sampled history, its keys, events, the console."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sweepyard.domain.fields import descend
from sweepyard.domain.history import HistoryRow, Stream
from sweepyard.domain.run import RunPath
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, loads_object
from sweepyard.services.paging import Page, check_size, decode_cursor, encode_cursor
from sweepyard.services.ports import Database
from sweepyard.services.runs import existing_run

T = TypeVar("T")

_STAMPED = re.compile(r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z?) (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What one key of a history holds.

    Attributes:
        type_counts: How many values there are of each kind: number, string, bool, null, map, list, or a media
            type's name such as `image-file`.
        monotonic: Whether its numbers never fall.
        last: Its last value.
    """

    type_counts: Mapping[str, int]
    monotonic: bool
    last: JsonValue


@dataclass(frozen=True, slots=True)
class HistoryKeys:
    """The keys of a run's history, dotted where nested, and its last step (-1 without rows)."""

    keys: Mapping[str, KeySummary]
    last_step: int


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """A line of a run's console.

    Attributes:
        number: Its line number.
        timestamp: As the client wrote it; empty where it wrote none.
        level: `error` for standard error, else empty.
        label: The process that wrote it, in shared runs.
    """

    number: int
    text: str
    timestamp: str = ""
    level: str = ""
    label: str = ""


class HistoryService:
    """Reads histories, events and consoles.

    Every method raises NotFound where there is no such run.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(
        self, path: RunPath, *, min_step: int | None = None, max_step: int | None = None, limit: int | None = None
    ) -> tuple[HistoryRow, ...]:
        """The exact rows with min_step <= step < max_step, in order, at most `limit`."""
        stored = self._stored(path, min_step, max_step, limit)
        return tuple(HistoryRow(line, step, loads_object(text)) for line, step, text in stored)

    def lines(
        self, path: RunPath, *, min_step: int | None = None, max_step: int | None = None, limit: int | None = None
    ) -> tuple[str, ...]:
        """As `rows`, but as the client sent them: JSON text with bare NaN and infinities."""
        return tuple(text for _, _, text in self._stored(path, min_step, max_step, limit))

    def sampled_lines(self, path: RunPath, samples: int) -> tuple[str, ...]:
        """At most `samples` lines spread evenly over the history, the first and the last among them."""
        return tuple(text for _, _, text in spread(self._stored(path), samples))

    def sampled(
        self,
        path: RunPath,
        keys: Sequence[str],
        samples: int,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> tuple[JsonObject, ...]:
        """At most `samples` of the rows that have every one of `keys` (dotted), cut down to those keys.

        Args:
            keys: Without any, whole rows are given.
            min_step: The first step, included.
            max_step: The last step, excluded.
        """
        rows = (row.values for row in self.rows(path, min_step=min_step, max_step=max_step))
        if not keys:
            return tuple(spread(list(rows), samples))
        chosen: list[JsonObject] = []
        for row in rows:
            cut = {key: descend(row, key) for key in keys}
            if all(value is not None for value in cut.values()):
                chosen.append(cut)
        return tuple(spread(chosen, samples))

    def keys(self, path: RunPath) -> HistoryKeys:
        """The keys of the history."""
        rows = self.rows(path)
        found: dict[str, _KeyCount] = {}
        for row in rows:
            for key, value in _leaves(row.values, ""):
                found.setdefault(key, _KeyCount()).add(value)
        last_step = max((row.step for row in rows), default=-1)
        return HistoryKeys({key: count.summary() for key, count in found.items()}, last_step)

    def events(self, path: RunPath, samples: int | None = None) -> tuple[str, ...]:
        """The system metrics, as the client sent them, at most `samples` spread evenly."""
        with self._database.reading() as unit:
            existing_run(unit, path)
            texts = [text for _, text in unit.streams.lines(path, Stream.EVENTS)]
        return tuple(texts if samples is None else spread(texts, samples))

    def console(
        self, path: RunPath, *, first: int | None = None, last: int | None = None, after: str | None = None
    ) -> Page[ConsoleLine]:
        """The `first` console lines behind `after`, or the `last` ones.

        Raises:
            RequestInvalid: A size or the cursor is malformed.
        """
        begin = _line_behind(after) if after else 0
        with self._database.reading() as unit:
            existing_run(unit, path)
            total = unit.streams.line_counts(path)[Stream.CONSOLE]
            if last is not None:
                begin = max(begin, total - check_size(last))
            limit = check_size(first)
            stored = unit.streams.lines(path, Stream.CONSOLE, first=begin, limit=limit + 1)
        lines = tuple(parse_console_line(number, text) for number, text in stored[:limit])
        return Page(lines, tuple(encode_cursor(line.number) for line in lines), len(stored) > limit, total)

    def _stored(
        self, path: RunPath, min_step: int | None = None, max_step: int | None = None, limit: int | None = None
    ) -> list[tuple[int, int, str]]:
        with self._database.reading() as unit:
            existing_run(unit, path)
            return unit.streams.rows(path, Stream.HISTORY, min_step=min_step, max_step=max_step, limit=limit)


def spread(items: Sequence[T], samples: int) -> list[T]:
    """At most `samples` items at even distances, the first and (with two or more) the last among them.

    Raises:
        RequestInvalid: `samples` is below 1.
    """
    if samples < 1:
        raise RequestInvalid([Violation("a sample has 1 or more rows", str(samples))])
    if len(items) <= samples:
        return list(items)
    if samples == 1:
        return [items[0]]
    return [items[index * (len(items) - 1) // (samples - 1)] for index in range(samples)]


def parse_console_line(number: int, text: str) -> ConsoleLine:
    """A console line in any of the client's forms: JSON with `content`, `[ERROR ]<time> <text>`, or bare text."""
    if text.startswith("{"):
        try:
            fields = loads_object(text)
        except ValueError:
            fields = {}
        content = fields.get("content")
        if isinstance(content, str):
            return ConsoleLine(
                number, content, _text(fields.get("ts")), _text(fields.get("level")), _text(fields.get("label"))
            )
    stamped = _STAMPED.fullmatch(text)
    if stamped is None:
        return ConsoleLine(number, text)
    return ConsoleLine(number, stamped["text"], stamped["time"], "error" if stamped["error"] else "")


class _KeyCount:
    """Counts what stands under one key while a history goes by."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._monotonic = True
        self._last: JsonValue = None
        self._greatest = -math.inf

    def add(self, value: JsonValue) -> None:
        kind = _kind(value)
        self._counts[kind] += 1
        self._last = value
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._monotonic = self._monotonic and value >= self._greatest
            self._greatest = value
        else:
            self._monotonic = False

    def summary(self) -> KeySummary:
        return KeySummary(dict(self._counts), self._monotonic, self._last)


def _leaves(values: JsonObject, prefix: str) -> Iterator[tuple[str, JsonValue]]:
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _kind(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict):
        return _text(value.get("_type")) or "map"
    return "null"


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _line_behind(after: str) -> int:
    number = decode_cursor(after)
    if not isinstance(number, int):
        raise RequestInvalid([Violation("`after` is a cursor of earlier console lines", after)])
    return number + 1
