"""Runs, their line streams and files, as the services need them stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sweepyard.domain.artifact import BlobRef, RunFile
from sweepyard.domain.fields import RunField
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.history_keys import KeySummary
from sweepyard.domain.run import Run, RunEvent, RunPath, RunPulse, RunState
from sweepyard.domain.series import Series
from sweepyard.jsonvalue import JsonObject, JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """Which runs of a project are meant; None means any."""

    entity: str
    project: str
    sweep_id: str | None = None
    agent_id: str | None = None
    states: frozenset[RunState] | None = None


STAMP_MODULUS = 2**40


@dataclass(frozen=True, slots=True)
class RunsMark:
    """How many runs a project has, and the sum of their stamps, each modulo `STAMP_MODULUS`."""

    count: int
    total: int


class RunRepository(Protocol):
    """Runs and their events; the line streams are in `StreamRepository`."""

    def add(self, run: Run) -> None:
        """Store a new run in a project that exists.

        Raises:
            Conflict: A run of that path is stored already.
        """

    def get(self, path: RunPath) -> Run | None: ...

    def save(self, run: Run) -> None:
        """Overwrite the stored run of that path, whole."""

    def pulse(self, path: RunPath) -> RunPulse | None:
        """The little of a run that each request of its streams needs, at little cost."""

    def beat(self, path: RunPath, now: datetime, *, summary: JsonObject | None = None) -> None:
        """Note a heartbeat, and with it a new summary (which is an update at `now`); the rest stays as it is."""

    def delete(self, path: RunPath) -> None:
        """Remove the run with its streams, files and events; harmless when there is none."""

    def select(self, selection: RunSelection) -> list[Run]:
        """The selected runs, oldest first (then by id)."""

    def page(
        self, selection: RunSelection, *, newest_first: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[Run]:
        """At most `limit` selected runs by (created_at, id), beginning behind `after`."""

    def of_ids(self, entity: str, project: str, run_ids: Sequence[str]) -> list[Run]:
        """Those of the runs that there are, in the order of the ids."""

    def mark(self, entity: str, project: str) -> RunsMark:
        """What tells whether anything has changed about the project's runs."""

    def stamp(self, path: RunPath) -> int | None:
        """The run's number among `stamps`; None where there is no run."""

    def stamps(self, entity: str, project: str, *, newer_than: int | None = None) -> dict[str, int]:
        """A number for each run of the project, by run id: it is a greater one after every change of the run.

        A run that is added again under the id of a deleted one has a greater stamp too. Stamps that two processes
        give come in the order of their clocks.

        Args:
            newer_than: Only stamps above this one are wanted.
        """

    def columns(
        self, entity: str, project: str, fields: Collection[RunField], run_ids: Collection[str] | None = None
    ) -> dict[RunField, dict[str, JsonValue]]:
        """The values of fields, by run id: of these runs of the project (those that there are), or of all of them."""

    def count(self, selection: RunSelection) -> int: ...

    def count_by_state(self, selection: RunSelection) -> dict[RunState, int]:
        """How many selected runs are in each state; states without a run are absent."""

    def states(self, selection: RunSelection) -> dict[str, RunState]:
        """The selected runs' states, by run id."""

    def live_and_silent_since(self, moment: datetime) -> list[Run]:
        """Running, preempting, and handed-out pending runs of all projects whose last sign is before `moment`."""

    def add_event(self, path: RunPath, event: RunEvent) -> None: ...

    def events(self, path: RunPath) -> list[RunEvent]:
        """What happened to the run, in the order of storing."""


class StreamRepository(Protocol):
    """The line streams of runs."""

    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        """Overwrite [offset, offset + len) of a stream; `steps` holds one number a line (0 for the console).

        Raises:
            NotFound: There is no such run.
        """

    def truncate(self, path: RunPath) -> None:
        """Remove every line of every stream of the run."""

    def line_counts(self, path: RunPath) -> dict[Stream, int]:
        """The line number behind the last line of each stream; 0 for an empty one."""

    def last_line(self, path: RunPath, stream: Stream) -> str | None: ...

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        """(line number, text) from line `first` on, in order."""

    def rows(
        self,
        path: RunPath,
        stream: Stream,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int | None = None,
    ) -> list[tuple[int, int, str]]:
        """(line number, step, text) with min_step <= step < max_step, in line order."""

    def last_step(self, path: RunPath) -> int:
        """The greatest step of the history; -1 without rows."""

    def keys(self, path: RunPath) -> dict[str, KeySummary]:
        """The summary of every key of the history, by dotted key, in order of first appearance."""

    def series(
        self, path: RunPath, keys: Sequence[str], *, min_step: int | None = None, max_step: int | None = None
    ) -> Series | None:
        """The rows of the history with min_step <= step < max_step that have something under all of `keys` (dotted).

        None where one of these rows has something under one of the keys that is no number, or a whole number that a
        float64 does not hold.
        """

    def series_each(self, path: RunPath, wanted: Sequence[Sequence[str]]) -> list[Series | None]:
        """As `series` for each of these keys, of the whole history; what they have in common is read once."""


class FileRepository(Protocol):
    """Files of runs."""

    def put(self, path: RunPath, file: RunFile) -> None:
        """Store the file, or overwrite the one of that name."""

    def get(self, path: RunPath, name: str) -> RunFile | None: ...

    def of_run(self, path: RunPath) -> list[RunFile]:
        """The run's files, by name."""

    def delete(self, path: RunPath, name: str) -> None: ...

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        """The bytes of the entity's files, in any order; what several files share may come more than once."""
