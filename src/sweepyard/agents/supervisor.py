"""One supervisor for all the places of a host: each asks for runs by itself, and starts the next when one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from sweepyard import exitcodes, processes
from sweepyard.agents.devices import Place
from sweepyard.agents.failures import Failures
from sweepyard.agents.handover import Handover
from sweepyard.agents.offspring import RUN_GRACE_SECONDS, Offspring
from sweepyard.clock import Clock
from sweepyard.domain.agent import Command, CommandKind

HEARTBEAT_SECONDS = 5.0  # As often as W&B's own agent.
_FIRST_WAIT_SECONDS = 0.5
_STARTS = (CommandKind.RUN, CommandKind.RESUME)


class Ending(IntEnum):
    """How to leave, from the gentlest on."""

    FINISH = 1  # let runs finish, start none
    REQUEUE = 2  # have runs save a checkpoint and go back to the queue
    KILL = 3


class Line(Protocol):
    """What a place asks for runs; see `agents.line.AgentLine`."""

    def ask(self, running: Sequence[str]) -> list[Command]:
        """Say what runs, hear what to do."""


class Starter(Protocol):
    """What starts the process of a run; see `agents.launching.Launcher`."""

    def start(self, command: Command, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start it, as the leader of a session of its own."""

    def ended(self, run_id: str) -> None:
        """Its process has ended, however that came."""


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run was started."""

    place: str
    command: Command


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run's process ended.

    Attributes:
        code: Its exit code; negative for the number of the signal that ended it.
    """

    place: str
    run_id: str
    code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PlaceWaits:
    """The server has no run for this place for now."""

    place: str


@dataclass(frozen=True, slots=True)
class PlaceLeft:
    """A place asks for no more runs.

    Attributes:
        why: For people.
    """

    place: str
    why: str


Event = RunBegan | RunEnded | PlaceWaits | PlaceLeft
OnEvent = Callable[[Event], None]


class Supervisor:
    """Runs a sweep on a host until the server sends every place away."""

    def __init__(
        self,
        places: Sequence[tuple[Place, Sequence[tuple[Line, Starter]]]],
        *,
        count: int | None,
        failures: Failures,
        clock: Clock,
        spared: Callable[[], Collection[int]] = frozenset,
    ) -> None:
        """Remember what to do; see `work`.

        Args:
            places: Each with its lines to the server. W&B hands an agent one run at a time, so a place with two
                lines can begin a run while the one before it still uploads.
            count: How many runs to start in all; None for as many as there are.
            spared: Gives the ids of processes that are no runs, and stay when all that was started here is ended.
        """
        self._spared = spared
        self._left_to_start = count
        self._failures = failures
        self._clock = clock
        self._on_event: OnEvent = lambda _event: None
        self._lock = threading.Lock()
        self._ending: Ending | None = None
        self._changed = threading.Event()
        self._lanes = []
        for place, lines in places:
            turns = _Turns(len(lines))
            self._lanes += [_Lane(self, place, line, starter, clock, turns) for line, starter in lines]
        self._errors: list[BaseException] = []
        self._crowded: set[str | None] = set()  # Devices on which a run found too little memory.

    def work(self, on_event: OnEvent) -> None:
        """Until every place has left; whatever happens, all that was started here has ended then.

        Args:
            on_event: Called from the places' threads, one at a time.

        Raises:
            SweepyardError: What a place met, for example that the sweep is gone.
        """
        self._on_event = on_event
        offspring = Offspring(spared=self._spared)
        try:
            for lane in self._lanes:
                lane.start()
            for lane in self._lanes:
                while lane.is_alive():  # In short waits: a signal's handler runs between them.
                    lane.join(0.2)
        finally:
            self.end(Ending.KILL)
            for lane in self._lanes:
                if lane.ident is not None:
                    lane.join()
            offspring.end(grace_seconds=RUN_GRACE_SECONDS)
        if self._errors:
            raise self._errors[0]

    def end(self, how: Ending) -> None:
        """Leave, at least so quickly; may be called from a signal's handler, and again with more haste."""
        if self._ending is not None and how <= self._ending:
            return
        self._ending = how
        self._changed.set()
        for lane in self._lanes:
            lane.hurry(how)

    @property
    def ending(self) -> Ending | None:
        """How it is leaving, if it is."""
        return self._ending

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        with self._lock:
            self._on_event(event)

    def may_start(self) -> bool:
        """Take one of the runs that may still be started."""
        with self._lock:
            if self._ending is not None or self._left_to_start == 0:
                return False
            if self._left_to_start is not None:
                self._left_to_start -= 1
            return True

    def give_back(self) -> None:
        """One that was taken was not started."""
        with self._lock:
            if self._left_to_start is not None:
                self._left_to_start += 1

    def wait(self, seconds: float) -> None:
        """Wait, or until it is time to leave."""
        self._changed.wait(seconds)

    def is_crowded(self, place: Place) -> bool:
        """Whether a run on the place's device found too little memory, so that one place of it was given up."""
        return place.device in self._crowded

    def gives_up(self, place: Place, code: int) -> bool:
        """Whether the place is given up after its run ended with `code`: once for each shared device."""
        if code != exitcodes.OUT_OF_MEMORY or not place.shared:
            return False
        with self._lock:
            first = place.device not in self._crowded
            self._crowded.add(place.device)
        return first

    def note_end(self, code: int) -> None:
        """Count a run's end; where too many fail, nothing more is started."""
        with self._lock:
            reason = self._failures.after(code, self._clock.monotonic_seconds())
        if reason is not None and self._ending is None:
            self.fail(reason)

    def fail(self, error: BaseException) -> None:
        """Leave because of an error, once what runs has finished."""
        self._errors.append(error)
        self.end(Ending.FINISH)


class _Turns:
    """The lanes of a place take turns: whose run computes, or who asks for one, has the place."""

    def __init__(self, lanes: int) -> None:
        self._free = threading.Lock()
        self._left_behind = lanes
        self._counting = threading.Lock()
        self._reason = ""

    def take(self) -> None:
        """Wait for one's turn."""
        self._free.acquire()

    def pass_on(self) -> None:
        """Let another lane have it."""
        self._free.release()

    def leave(self, why: str) -> str | None:
        """A lane asks no more; gives the reason of the first one when all have left."""
        with self._counting:
            self._left_behind -= 1
            self._reason = self._reason or why
            return None if self._left_behind else self._reason


class _Lane(threading.Thread):
    """One run after another at a place."""

    def __init__(
        self, supervisor: Supervisor, place: Place, line: Line, starter: Starter, clock: Clock, turns: _Turns
    ) -> None:
        super().__init__(name=f"place-{place.name}", daemon=True)
        self._supervisor = supervisor
        self._place = place
        self._line = line
        self._starter = starter
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._told_to_stop_at: float | None = None
        self._may_go_back = False
        self._turns = turns
        self._has_turn = False

    def run(self) -> None:
        # Processes inherit it from the thread that starts them, and a backend makes as many threads.
        os.sched_setaffinity(0, self._place.processors)
        try:
            why = self._work()
        except Exception as error:  # noqa: BLE001 - it is raised again in the main thread
            self._supervisor.fail(error)
            why = "an error"
        finally:
            self._pass_on()
        reason = self._turns.leave(why)
        if reason is not None:
            self._supervisor.tell(PlaceLeft(self._place.name, reason))

    def hurry(self, how: Ending) -> None:
        """Make the run here end so."""
        process = self._process
        if process is None or how is Ending.FINISH:
            return
        process.send_signal(signal.SIGTERM if how is Ending.REQUEUE else signal.SIGKILL)
        if self._told_to_stop_at is None:
            self._told_to_stop_at = self._clock.monotonic_seconds()

    def _work(self) -> str:
        """Gives the reason for leaving."""
        waited = 0.0
        while True:
            if not self._has_turn:
                self._turns.take()
                self._has_turn = True
            if not self._supervisor.may_start():
                return "told to leave" if self._supervisor.ending else "enough runs"
            commands = self._line.ask(())
            starts = [command for command in commands if command.kind in _STARTS]
            for number, command in enumerate(starts):
                if number and not self._supervisor.may_start():
                    break
                if self._supervisor.gives_up(self._place, self._do(command)):
                    return "the device has too little memory for so many runs; the others go on"
            if starts:
                waited = 0.0
                continue
            self._supervisor.give_back()
            if any(command.kind is CommandKind.EXIT for command in commands):
                return "the sweep is over"
            if not waited:
                self._supervisor.tell(PlaceWaits(self._place.name))
            # What it waits for is mostly the end of others' runs: soon at first, then as often as W&B's own agent.
            waited = min(2 * waited or _FIRST_WAIT_SECONDS, HEARTBEAT_SECONDS)
            self._supervisor.wait(waited)

    def _pass_on(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.pass_on()

    def _do(self, command: Command) -> int:
        """Run it to its end; gives its exit code."""
        began = self._clock.monotonic_seconds()
        self._told_to_stop_at = None
        with Handover() as handover:
            process = self._process = self._starter.start(command, {**self._environ(), **handover.environ})
            self._supervisor.tell(RunBegan(self._place.name, command))
            if self._supervisor.ending is not None:  # It was told between this lane's last question and now.
                self.hurry(self._supervisor.ending)
            self._see_it_out(process, command.run_id, handover)
        self._process = None
        code = process.wait()
        self._starter.ended(command.run_id)
        self._supervisor.tell(RunEnded(self._place.name, command.run_id, code, self._clock.monotonic_seconds() - began))
        if code != exitcodes.OUT_OF_MEMORY or not self._may_go_back:
            self._supervisor.note_end(code)
        return code

    def _see_it_out(self, process: subprocess.Popen[bytes], run_id: str, handover: Handover) -> None:
        """Until the process ends; the turn passes on as soon as it computes no more."""
        asked = self._clock.monotonic_seconds()
        while True:
            now = self._clock.monotonic_seconds()
            until_asking = max(0.0, asked + HEARTBEAT_SECONDS - now)
            if processes.ended(process, until_asking, unless=handover.fileno() if self._has_turn else None):
                return
            if self._has_turn and handover.is_told:
                self._pass_on()
            if self._clock.monotonic_seconds() - asked >= HEARTBEAT_SECONDS:
                asked = self._clock.monotonic_seconds()
                self._obey(self._line.ask([run_id]), run_id)

    def _environ(self) -> dict[str, str]:
        self._may_go_back = self._place.shared and not self._supervisor.is_crowded(self._place)
        return self._place.environ(shared=self._may_go_back)

    def _obey(self, commands: Sequence[Command], run_id: str) -> None:
        process = self._process
        now = self._clock.monotonic_seconds()
        if process is None:
            return
        if self._told_to_stop_at is not None and now - self._told_to_stop_at > RUN_GRACE_SECONDS:
            process.kill()
        for command in commands:
            if command.kind is CommandKind.EXIT:
                process.kill()
            elif command.kind is CommandKind.STOP and command.run_id == run_id and self._told_to_stop_at is None:
                self._told_to_stop_at = now
                process.terminate()
