"""The line streams that a client sends while a run goes on: history, events, console, summary, the end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sweepyard.clock import Clock
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.names import is_unicode
from sweepyard.domain.rows import readable, step_of, whole_steps_of
from sweepyard.domain.run import TRANSITIONS, Run, RunEvent, RunPath, RunPulse, RunState, state_of_exit
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, TooMuchJson
from sweepyard.services.attempts import is_late
from sweepyard.services.hosts import note_end
from sweepyard.services.objectives import note_history
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.runs import existing_run
from sweepyard.services.transitions import moved

_MAX_NUMBER = 2**53
_HEARTBEAT_RESOLUTION = timedelta(seconds=1)
# A sign of life alone moves a run in no other state but these.
_MOVED = frozenset({RunState.CRASHED, RunState.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamUpdate:
    """One request of a client's stream; an empty one is a heartbeat.

    Attributes:
        summary: The whole summary, if sent.
        complete: Whether the run is over; `exit_code` then says how.
        agent_token: What the process says of the agent that started it; empty where it says nothing.
    """

    chunks: tuple[Chunk, ...] = ()
    summary: JsonObject | None = None
    preempting: bool = False
    complete: bool = False
    exit_code: int | None = None
    agent_token: str = ""


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
        """As `submit`, and wait for it: stored and on disk when this returns.

        Raises:
            NotFound: There is no such run.
            RequestInvalid: The update breaks a rule.
        """
        return self.submit(path, update).result()

    def submit(self, path: RunPath, update: StreamUpdate) -> Future[StreamReply]:
        """Store everything in the update, or nothing; on disk once the future gives the reply.

        Receiving it again changes nothing. What a late process sends, one of an attempt whose run was given to another
        agent meanwhile, is not stored; the reply tells it to stop. Any sign of life makes a run that is pending, or
        was taken for crashed, a running one, unless its point was given to another agent meanwhile. `complete` ends
        the run as its exit code says, as long as its state allows that; a preempting run that ends with an exit code
        other than 0 is preempted, one that was asked to stop is killed. Heartbeats are noted to the second.

        The future gives the error NotFound where there is no such run.

        Raises:
            RequestInvalid: A history or events line is not a JSON object, an offset is out of range, or a complete
                run has no exit code.
        """
        steps = _checked(update)
        now = self._clock.now()
        return self._database.write_soon(lambda unit: _received(unit, path, update, steps, now))

    def tails(self, path: RunPath) -> StreamTails:
        """Where the streams end.

        Raises:
            NotFound: There is no such run.
        """
        with self._database.reading() as unit:
            existing_run(unit, path)
            last = {stream: unit.streams.last_line(path, stream) for stream in (Stream.HISTORY, Stream.EVENTS)}
            texts = {stream: None if text is None else readable(text) for stream, text in last.items()}
            return StreamTails(unit.streams.line_counts(path), texts[Stream.HISTORY], texts[Stream.EVENTS])


def _received(
    unit: UnitOfWork, path: RunPath, update: StreamUpdate, steps: Sequence[Sequence[int]], now: datetime
) -> StreamReply:
    pulse = unit.runs.pulse(path)
    if pulse is None:
        raise NotFound(f"there is no run {path}")
    if pulse.sweep_id is not None and pulse.attempt > 1:
        late = is_late(
            unit,
            existing_run(unit, path),
            update.chunks,
            now,
            token=update.agent_token,
            summary=update.summary,
            exit_code=update.exit_code if update.complete else None,
        )
        if late:
            return StreamReply(stop=True)
    for chunk, numbers in zip(update.chunks, steps, strict=True):
        unit.streams.write(path, chunk, numbers)
    offsets = [chunk.offset for chunk in update.chunks if chunk.stream is Stream.HISTORY and chunk.lines]
    if pulse.state in _MOVED or update.preempting or update.complete:
        _move(unit, path, update, now)
    else:
        is_fresh = pulse.heartbeat_at is not None and timedelta() <= now - pulse.heartbeat_at < _HEARTBEAT_RESOLUTION
        if update.summary is not None or not is_fresh:
            unit.runs.beat(path, now, summary=update.summary)
        if pulse.sweep_id is None or not offsets:
            return _reply_to(pulse)
    run = existing_run(unit, path)
    return _reply_to(note_history(unit, run, min(offsets), now) if offsets else run)


def _reply_to(run: Run | RunPulse) -> StreamReply:
    return StreamReply(stop=run.stop_requested or run.state is RunState.KILLED)


def _move(unit: UnitOfWork, path: RunPath, update: StreamUpdate, now: datetime) -> None:
    before = existing_run(unit, path)
    run = replace(before, heartbeat_at=now)
    if update.summary is not None:
        run = replace(run, summary=update.summary, updated_at=now)
    run = _after(run, update, now)
    unit.runs.save(run)
    if run.state is not before.state:
        detail = "" if run.exit_code is None else f"exit code {run.exit_code}"
        unit.runs.add_event(path, RunEvent(now, run.state.value, detail))
        note_end(unit, run)


def _after(run: Run, update: StreamUpdate, now: datetime) -> Run:
    """The run in the state that the update leads to."""
    if run.state is RunState.PENDING:  # Its client did not say that it begins; it speaks, so it has begun.
        run = moved(run, RunState.RUNNING, now)
    if update.preempting and run.state is RunState.RUNNING:
        run = moved(run, RunState.PREEMPTING, now)
    if update.complete and update.exit_code is not None:
        end = _end(run, update.exit_code)
        return moved(run, end, now, exit_code=update.exit_code) if end in TRANSITIONS[run.state] else run
    if run.state is RunState.CRASHED:
        return replace(moved(run, RunState.RUNNING, now), started_at=run.started_at)
    return run


def _end(run: Run, exit_code: int) -> RunState:
    if exit_code == 0:
        return RunState.FINISHED
    if run.stop_requested:
        return RunState.KILLED
    return RunState.PREEMPTED if run.state is RunState.PREEMPTING else state_of_exit(exit_code)


def _checked(update: StreamUpdate) -> list[Sequence[int]]:
    """The step of every line of every chunk.

    Raises:
        RequestInvalid: With everything that is wrong with the update.
    """
    violations: list[Violation] = []
    steps: list[Sequence[int]] = []
    for chunk in update.chunks:
        if not 0 <= chunk.offset < _MAX_NUMBER:
            violations.append(
                Violation("an offset is a line number of 0 or more", str(chunk.offset), where=chunk.stream.value)
            )
        plain = _plain_steps(chunk)
        steps.append(_steps(chunk, violations) if plain is None else plain)
    if update.complete and update.exit_code is None:
        violations.append(Violation("a complete run has an exit code"))
    if violations:
        raise RequestInvalid(violations)
    return steps


def _plain_steps(chunk: Chunk) -> Sequence[int] | None:
    """The steps of history lines as nearly all are; None where every line must be looked at."""
    steps = whole_steps_of(chunk.lines) if chunk.stream is Stream.HISTORY else None
    return steps if steps and min(steps) >= 0 and max(steps) < _MAX_NUMBER else None


def _steps(chunk: Chunk, violations: list[Violation]) -> Sequence[int]:
    numbers = []
    for line_number, line in enumerate(chunk.lines, chunk.offset):
        try:
            numbers.append(_step(chunk.stream, line_number, line))
        except ValueError as error:
            where = f"{chunk.stream.value}:{line_number}"
            violations.append(Violation(str(error), repr(line[:80]), where=where))
    return numbers


def _step(stream: Stream, line_number: int, line: str) -> int:
    """The step that a line belongs to; a line without one is its own step.

    Raises:
        ValueError: The line breaks a rule of its stream.
    """
    if not is_unicode(line):
        raise ValueError("a line is Unicode")
    if stream is Stream.CONSOLE:
        return 0
    try:
        step = step_of(line, line_number)
    except TooMuchJson:
        raise
    except ValueError as error:
        raise ValueError("a history or events line is a JSON object") from error
    if stream is not Stream.HISTORY:
        return line_number
    if isinstance(step, bool) or not isinstance(step, int | float) or step != step // 1 or not 0 <= step < _MAX_NUMBER:
        raise ValueError("_step is a whole number of 0 or more")
    return int(step)
