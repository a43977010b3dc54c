"""The line streams that a client sends while a run goes on: history, events, console, summary, the end."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.clock import Clock
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamUpdate:
    """One request of a client's stream; an empty one is a heartbeat.

    Attributes:
        summary: The whole summary, if sent.
        uploaded: Names of run files whose upload the client has finished.
        complete: Whether the run is over; `exit_code` then says how.
    """

    chunks: tuple[Chunk, ...] = ()
    summary: JsonObject | None = None
    uploaded: tuple[str, ...] = ()
    preempting: bool = False
    complete: bool = False
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class StreamReply:
    """What the client is told: whether it should stop the run."""

    stop: bool


@dataclass(frozen=True, slots=True)
class StreamTails:
    """Where the streams of a run end: what a client that resumes needs.

    Attributes:
        counts: Line numbers behind the last lines; 0 for an empty stream.
        last_history: The last line, as sent; None without one.
        last_event: The last line, as sent; None without one.
    """

    counts: dict[Stream, int]
    last_history: str | None
    last_event: str | None


class StreamService:
    """Takes what clients stream."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def receive(self, path: RunPath, update: StreamUpdate) -> StreamReply:
        """Store everything in the update, or nothing; on disk when this returns. Receiving it again changes nothing.

        Any sign of life makes a run that was taken for crashed a running one again, unless its point was given to
        another agent meanwhile. `complete` ends the run as its exit code says; a preempting run that ends with an
        exit code other than 0 is preempted.

        Raises:
            NotFound: There is no such run.
            RequestInvalid: A history or events line is not a JSON object, or an offset is negative.
        """

    def tails(self, path: RunPath) -> StreamTails:
        """Where the streams end.

        Raises:
            NotFound: There is no such run.
        """
