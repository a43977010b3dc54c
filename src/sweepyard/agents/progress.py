"""Watching a sweep while agents work on it."""

from __future__ import annotations

from collections.abc import Callable

from sweepyard.clock import Clock
from sweepyard.domain.progress import SweepProgress


def watch(
    alive: Callable[[], bool],
    look: Callable[[float], SweepProgress],
    show: Callable[[SweepProgress], None],
    *,
    clock: Clock,
    every_seconds: float,
) -> SweepProgress:
    """Show progress until nobody works on the sweep any more; gives the last of it.

    Args:
        alive: Whether agents still run.
        look: Asks the server, given the seconds since the beginning.
    """
    began = clock.monotonic_seconds()
    while alive():
        show(look(clock.monotonic_seconds() - began))
        clock.sleep(every_seconds)
    last = look(clock.monotonic_seconds() - began)
    show(last)
    return last
