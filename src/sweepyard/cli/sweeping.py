"""Running a sweep in front of a person's eyes: what `sweepyard sweep` and `sweepyard demo` share."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

from sweepyard.cli.environment import interrupted_when_ended, settings_now
from sweepyard.cli.progress import ProgressView
from sweepyard.settings import own_command
from sweepyard.signals import handled_by
from sweepyard.wiring.sweeps import resume_sweep, run_sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweepyard.agents.stock import RegisteredSweep
    from sweepyard.agents.sweeping import AgentPlan, SweepOutcome, SweepPlan
    from sweepyard.domain.progress import SweepProgress
    from sweepyard.services.check import Target

_TAIL_LINES = 4


def run_shown(
    plan: SweepPlan, *, target: Target, on_registered: Callable[[RegisteredSweep], None], to_stderr: bool = False
) -> SweepOutcome:
    """Register the sweep and run it with live progress.

    Args:
        to_stderr: Keep standard output for something else.

    Raises:
        SweepyardError: It could not be registered, or its server is away.
    """
    with _shown(to_stderr) as show:
        return run_sweep(plan, settings_now(), os.environ, target=target, on_registered=on_registered, on_progress=show)


def resume_shown(
    name: str,
    plan: AgentPlan,
    *,
    target: Target,
    on_registered: Callable[[RegisteredSweep], None],
    to_stderr: bool = False,
) -> SweepOutcome:
    """Go on with a registered sweep, as `run_shown`.

    Raises:
        SweepyardError: There is no such sweep, it hands out nothing, or its server is away.
    """
    with _shown(to_stderr) as show:
        return resume_sweep(
            name, plan, settings_now(), os.environ, target=target, on_registered=on_registered, on_progress=show
        )


@contextlib.contextmanager
def _shown(to_stderr: bool) -> Iterator[Callable[[SweepProgress], None]]:
    redirected = contextlib.redirect_stdout(sys.stderr) if to_stderr else contextlib.nullcontext()
    with redirected, ProgressView() as view:
        yield view.show


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[RegisteredSweep], None]]:
    """Announces the sweep; interrupted, says how it goes on, and at Ctrl-C before that its agents are being ended."""
    registered: list[RegisteredSweep] = []

    def register(sweep: RegisteredSweep) -> None:
        registered.append(sweep)
        announce(sweep)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if registered:
            print("\nending the agents and their runs, which save what they have ...", file=sys.stderr, flush=True)
        raise KeyboardInterrupt

    with handled_by(interrupt, signal.SIGINT), interrupted_when_ended():
        try:
            yield register
        except KeyboardInterrupt:
            for sweep in registered:
                again = f"{own_command(os.environ)} sweep {shlex.quote(str(sweep.path))}"
                print(f"\ngo on with: {again}", file=sys.stderr)
            raise


def announce(sweep: RegisteredSweep) -> None:
    """Say that a sweep is registered, and where to look at it."""
    from sweepyard.hub import embedded

    print(f"sweep {sweep.path}" + (f": {sweep.url}" if sweep.url else ""), flush=True)
    hint = embedded.page_hint(sweep.url, settings_now())
    if hint:
        print(f"  ({hint})", flush=True)


def verdict(outcome: SweepOutcome, *, to_the_end: bool) -> int:
    """The exit code of a sweep; says on standard error what went wrong.

    Args:
        to_the_end: Whether the sweep was to reach its end.
    """
    states = [run.state for run in outcome.sweep.runs]
    finished, bad = states.count("finished"), sum(state in {"failed", "crashed", "killed"} for state in states)
    over = outcome.sweep.is_over
    if finished and not bad and (over or not to_the_end):
        return 0
    if not finished:
        problem = "no run finished"
    elif bad:
        problem = f"{bad} of {len(states)} runs did not finish"
    else:
        problem = f"the agents left before the sweep's end (it is {outcome.sweep.state.lower()})"
    told = f"; the agents' output: {', '.join(map(str, outcome.logs))}" if outcome.logs else ""
    print(f"{problem}{told}", file=sys.stderr)
    for log in outcome.logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]:
            print(f"  {log.name}: {line}", file=sys.stderr)
    return 0 if finished and (over or not to_the_end) else 1
