"""Reading what runs have streamed: exact and sampled history, its keys, events, the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweepyard.domain.history import HistoryRow
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.paging import Page
from sweepyard.services.ports import Database


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

    def lines(
        self, path: RunPath, *, min_step: int | None = None, max_step: int | None = None, limit: int | None = None
    ) -> tuple[str, ...]:
        """As `rows`, but as the client sent them: JSON text with bare NaN and infinities."""

    def sampled_lines(self, path: RunPath, samples: int) -> tuple[str, ...]:
        """At most `samples` lines spread evenly over the history, the first and the last among them."""

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

    def keys(self, path: RunPath) -> HistoryKeys:
        """The keys of the history."""

    def events(self, path: RunPath, samples: int | None = None) -> tuple[str, ...]:
        """The system metrics, as the client sent them, at most `samples` spread evenly."""

    def console(
        self, path: RunPath, *, first: int | None = None, last: int | None = None, after: str | None = None
    ) -> Page[ConsoleLine]:
        """The `first` console lines behind `after`, or the `last` ones.

        Raises:
            RequestInvalid: A size or the cursor is malformed.
        """
