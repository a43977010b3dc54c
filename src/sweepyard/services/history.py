"""Reading what runs have streamed: exact and sampled history, its keys, events, the console."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sweepyard.domain.fields import descend
from sweepyard.domain.history import HistoryRow, Stream
from sweepyard.domain.history_keys import KeySummary
from sweepyard.domain.rows import decode_line, readable
from sweepyard.domain.run import RunPath
from sweepyard.domain.series import extremes
from sweepyard.domain.series import spread as spread_indices
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, loads_object
from sweepyard.services.paging import Page, check_size, decode_cursor, encode_cursor
from sweepyard.services.ports import Database, UnitOfWork

__all__ = ["ConsoleLine", "HistoryKeys", "HistoryService", "KeySummary", "parse_console_line", "spread"]

T = TypeVar("T")

_STAMPED = re.compile(r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z?) (?P<text>.*)", re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class ConsoleFound:
    """Lines of a console that contain a text.

    Attributes:
        lines: The last ones of those found.
        found: How many there are.
        total: How many lines the console has.
    """

    lines: tuple[ConsoleLine, ...]
    found: int
    total: int


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
        return tuple(HistoryRow(line, step, decode_line(text)) for line, step, text in stored)

    def lines(
        self, path: RunPath, *, min_step: int | None = None, max_step: int | None = None, limit: int | None = None
    ) -> tuple[str, ...]:
        """As `rows`, but as the client sent them: JSON text with bare NaN and infinities."""
        return tuple(readable(text) for _, _, text in self._stored(path, min_step, max_step, limit))

    def sampled_lines(self, path: RunPath, samples: int) -> tuple[str, ...]:
        """At most `samples` lines spread evenly over the history, the first and the last among them."""
        return tuple(readable(text) for _, _, text in spread(self._stored(path), samples))

    def sampled(
        self,
        path: RunPath,
        keys: Sequence[str],
        samples: int,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> tuple[JsonObject, ...]:
        """As `sampled_of`, of one run."""
        with self._database.reading() as unit:
            check_run(unit, path)
            return _sampled(unit, path, keys, samples, min_step, max_step)

    def sampled_of(
        self,
        paths: Sequence[RunPath],
        keys: Sequence[str],
        samples: int,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> dict[RunPath, tuple[JsonObject, ...]]:
        """At most `samples` of each run's rows that have every one of `keys` (dotted), cut down to those keys.

        The first and the last row are among them. Where the keys hold numbers, so are the rows in which one of them
        is least or greatest within its stretch of the history: a spike is never lost. Otherwise they are spread
        evenly. A run that is not there has no rows.

        Args:
            keys: Without any, whole rows are given, spread evenly.
            min_step: The first step, included.
            max_step: The last step, excluded.
        """
        with self._database.reading() as unit:
            return {path: _sampled(unit, path, keys, samples, min_step, max_step) for path in paths}

    def keys(self, path: RunPath) -> HistoryKeys:
        """The keys of the history."""
        with self._database.reading() as unit:
            check_run(unit, path)
            return HistoryKeys(unit.streams.keys(path), unit.streams.last_step(path))

    def events(self, path: RunPath, samples: int | None = None) -> tuple[str, ...]:
        """The system metrics, as the client sent them, at most `samples` spread evenly."""
        with self._database.reading() as unit:
            check_run(unit, path)
            texts = [readable(text) for _, text in unit.streams.lines(path, Stream.EVENTS)]
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
            check_run(unit, path)
            total = unit.streams.line_counts(path)[Stream.CONSOLE]
            if last is not None:
                begin = max(begin, total - check_size(last))
            limit = check_size(first)
            stored = unit.streams.lines(path, Stream.CONSOLE, first=begin, limit=limit + 1)
        lines = tuple(parse_console_line(number, text) for number, text in stored[:limit])
        return Page(lines, tuple(encode_cursor(line.number) for line in lines), len(stored) > limit, total)

    def console_with(self, path: RunPath, text: str, *, last: int) -> ConsoleFound:
        """The console lines that contain a text, in large or small letters."""
        wanted = text.lower()
        with self._database.reading() as unit:
            check_run(unit, path)
            stored = unit.streams.lines(path, Stream.CONSOLE)
        # Most lines are passed over without being parsed; what stands in JSON may be escaped there.
        near = (line for line in stored if wanted in line[1].lower() or line[1].startswith("{"))
        parsed = (parse_console_line(number, content) for number, content in near)
        matching = [line for line in parsed if wanted in line.text.lower()]
        return ConsoleFound(tuple(matching[-last:]), len(matching), len(stored))

    def _stored(
        self, path: RunPath, min_step: int | None = None, max_step: int | None = None, limit: int | None = None
    ) -> list[tuple[int, int, str]]:
        with self._database.reading() as unit:
            check_run(unit, path)
            return unit.streams.rows(path, Stream.HISTORY, min_step=min_step, max_step=max_step, limit=limit)


def _sampled(
    unit: UnitOfWork, path: RunPath, keys: Sequence[str], samples: int, min_step: int | None, max_step: int | None
) -> tuple[JsonObject, ...]:
    check_samples(samples)
    series = unit.streams.series(path, keys, min_step=min_step, max_step=max_step) if keys else None
    if series is not None:
        return tuple(series.rows(extremes(series, samples)))
    stored = unit.streams.rows(path, Stream.HISTORY, min_step=min_step, max_step=max_step)
    if not keys:
        return tuple(decode_line(text) for _, _, text in spread(stored, samples))
    whole: list[JsonObject] = []
    for _, _, text in stored:
        row = decode_line(text)
        cut = {key: descend(row, key) for key in keys}
        if all(value is not None for value in cut.values()):
            whole.append(cut)
    return tuple(spread(whole, samples))


def check_run(unit: UnitOfWork, path: RunPath) -> None:
    """Refuse a run that is not there.

    Raises:
        NotFound: There is no such run.
    """
    if unit.runs.pulse(path) is None:
        raise NotFound(f"there is no run {path}")


def check_samples(samples: int) -> None:
    """Refuse an empty sample.

    Raises:
        RequestInvalid: `samples` is below 1.
    """
    if samples < 1:
        raise RequestInvalid([Violation("a sample has 1 or more rows", str(samples))])


def spread(items: Sequence[T], samples: int) -> list[T]:
    """At most `samples` items at even distances, the first and (with two or more) the last among them.

    Raises:
        RequestInvalid: `samples` is below 1.
    """
    check_samples(samples)
    return [items[index] for index in spread_indices(len(items), samples).tolist()]


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


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _line_behind(after: str) -> int:
    number = decode_cursor(after)
    if not isinstance(number, int):
        raise RequestInvalid([Violation("`after` is a cursor of earlier console lines", after)])
    return number + 1
