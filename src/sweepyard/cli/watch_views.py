"""The ways to show a sweep as it goes on: a picture that is redrawn, lines, or JSON."""

from __future__ import annotations

import io
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live

from sweepyard.agents.sweeping import progress_now
from sweepyard.cli.leaderboard import leaderboard_json
from sweepyard.cli.output import printable
from sweepyard.cli.watch_changes import changes
from sweepyard.cli.watch_picture import picture
from sweepyard.jsonvalue import JsonObject, dumps, strict
from sweepyard.tracking.records import AgentRecord, SweepSight

_PIPE_WIDTH = 120


class View(Protocol):
    """Shows a sweep; a context manager while it goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...

    def show(self, sight: SweepSight) -> None:
        """The sweep was looked at."""

    def show_away(self, why: str) -> None:
        """The sweep could not be looked at."""

    def print_once(self, sight: SweepSight) -> None:
        """The sweep was looked at, and will not be again."""


def view_for(every_seconds: float) -> View:
    """A picture on a terminal, lines elsewhere."""
    # A terminal that cannot show a character shows another one in its place.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(file=sys.stdout)
    if console.is_terminal and not console.is_dumb_terminal:
        return PictureView(console, every_seconds)
    return LinesView()


class PictureView:
    """A picture as large as the terminal, redrawn at each look; the last one stays."""

    def __init__(self, console: Console, every_seconds: float) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._help = f"q quits, the sweep goes on; looked at every {every_seconds:g} s"
        self._last: SweepSight | None = None
        self._away_since: datetime | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._live.stop()
        if self._last is not None:
            self.print_once(self._last)
        return kind is KeyboardInterrupt  # Here it is a way to leave.

    def show(self, sight: SweepSight) -> None:
        self._last, self._away_since = sight, None
        self._draw(self._help)

    def show_away(self, why: str) -> None:
        self._away_since = self._away_since or datetime.now(UTC)
        self._draw(f"away since {self._away_since:%H:%M:%S} UTC, trying again: {why}")

    def print_once(self, sight: SweepSight) -> None:
        self._console.print(self._picture(sight, ""))

    def _draw(self, note: str) -> None:
        if self._last is not None:
            self._live.update(self._picture(self._last, note), refresh=True)

    def _picture(self, sight: SweepSight, note: str) -> RenderableType:
        return picture(sight, datetime.now(UTC), self._console, height=self._console.height - 1, note=note)


class LinesView:
    """A line for each change."""

    def __init__(self) -> None:
        self._last: SweepSight | None = None
        self._is_away = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, sight: SweepSight) -> None:
        if self._is_away:
            _say("answers again")
        for line in changes(self._last, sight, datetime.now(UTC)):
            _say(line)
        self._last, self._is_away = sight, False

    def show_away(self, why: str) -> None:
        if not self._is_away:
            _say(f"away, trying again: {why}")
        self._is_away = True

    def print_once(self, sight: SweepSight) -> None:
        text = io.StringIO()
        console = Console(file=text, width=_PIPE_WIDTH, color_system=None)
        console.print(picture(sight, datetime.now(UTC), console))
        print("\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n")))


class JsonView(LinesView):
    """An object for each look, on a line of its own."""

    def show(self, sight: SweepSight) -> None:
        _print_line(sight_json(sight, datetime.now(UTC)))

    def show_away(self, why: str) -> None:
        _print_line({"at": datetime.now(UTC).isoformat(timespec="seconds"), "away": why})

    def print_once(self, sight: SweepSight) -> None:
        self.show(sight)


def sight_json(sight: SweepSight, now: datetime) -> JsonObject:
    """What was seen of a sweep: its leaderboard, and how it goes on."""
    return {
        "at": now.isoformat(timespec="seconds"),
        **leaderboard_json(sight.sweep),
        "progress": asdict(progress_now(sight.sweep, now)),
        "stopped_early": dict(sight.stopped_early),
        "curves": {run_id: list(curve) for run_id, curve in sight.curves.items()},
        "agents": [_agent_json(agent) for agent in sight.agents],
    }


def _agent_json(agent: AgentRecord) -> JsonObject:
    return {
        "agent": agent.agent_id,
        "host": agent.host,
        "here": agent.is_here,
        "run": agent.run_id,
        "heartbeat_at": agent.heartbeat_at.isoformat() if agent.heartbeat_at else None,
        "runs": agent.total_runs,
        "failures": agent.failures,
        "put_aside": agent.put_aside,
    }


def _print_line(document: JsonObject) -> None:
    print(dumps(strict(document)), flush=True)


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {printable(line)}", flush=True)
