"""Live progress of a sweep: a line that is redrawn on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sweepyard.cli.output import duration

if TYPE_CHECKING:
    from rich.live import Live

    from sweepyard.domain.progress import SweepProgress

_BAR_WIDTH = 24
_QUIET_SECONDS = 15.0


class ProgressView:
    """Shows `SweepProgress` as it comes; a context manager."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._last = ""
        self._last_at = float("-inf")

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, progress: SweepProgress) -> None:
        """Draw it; without a terminal, print a line when something changed, or after a while."""
        if self._live is not None:
            self._live.update(f"{bar(progress)} {describe(progress)}", refresh=True)
            return
        counts = f"{progress.finished} {progress.running} {progress.preempted} {progress.ended} {progress.best}"
        if counts != self._last or progress.elapsed_seconds - self._last_at >= _QUIET_SECONDS:
            self._last, self._last_at = counts, progress.elapsed_seconds
            print(describe(progress), flush=True)


def describe(progress: SweepProgress, *, stopped_early: int = 0) -> str:
    """One line: runs done, running, preempted and failed, the best value so far, the time left.

    Args:
        stopped_early: How many of those that ended without finishing were stopped by early termination.
    """
    total = "" if progress.expected is None else f" of {progress.expected}"
    early = f", {stopped_early} stopped early" if stopped_early else ""
    failed = progress.ended - stopped_early
    waiting = f", {progress.preempted} preempted" if progress.preempted else ""
    parts = [f"{progress.finished}{total} done", f"{progress.running} running{waiting}", f"{failed} failed{early}"]
    if progress.best is not None:
        parts.append(f"best {progress.metric} {progress.best:.4f}")
    parts.append(f"{duration(progress.elapsed_seconds)} so far")
    if progress.remaining_seconds is not None and progress.finished + progress.ended != progress.expected:
        parts.append(f"about {duration(progress.remaining_seconds)} left")
    return ", ".join(parts)


def bar(progress: SweepProgress) -> str:
    """How much of the sweep is over; empty where it has no end."""
    if not progress.expected:
        return ""
    full = round(_BAR_WIDTH * min(1.0, (progress.finished + progress.ended) / progress.expected))
    return "█" * full + "░" * (_BAR_WIDTH - full)
