"""One sweep from registration to its end, with stock agents."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweepyard.agents.environment import client_environment
from sweepyard.agents.progress import RunGlance, SweepProgress, progress_of, watch
from sweepyard.agents.stock import RegisteredSweep, StockAgents, register
from sweepyard.clock import Clock
from sweepyard.domain.objective import Objective
from sweepyard.domain.run import RunState
from sweepyard.settings import OUTPUT_VARIABLE
from sweepyard.tracking.reader import Reader
from sweepyard.tracking.records import SweepRecord
from sweepyard.tracking.server import Server

_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """What to run.

    Attributes:
        file: The sweep file, checked.
        runs_each: How many runs each agent may start; None for as many as there are.
        output: Folder below which the sweep gets one of its own, for logs and what the client keeps.
        working_folder: Where runs start, and relative paths of theirs begin.
        expected: How many runs there will be; None where nothing ends the sweep.
        metric: The objective's metric; empty without one.
    """

    file: Path
    project: str
    agents: int
    runs_each: int | None = None
    output: Path
    working_folder: Path
    expected: int | None
    metric: str


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """How it ended.

    Attributes:
        logs: The agents' output.
    """

    sweep: SweepRecord
    logs: tuple[Path, ...]


def start(plan: SweepPlan, *, server: Server | None, environ: Mapping[str, str]) -> tuple[RegisteredSweep, Path]:
    """Register the sweep with the stock `wandb sweep`; gives it and its own folder.

    Raises:
        TrackingError: The client or the server refused.
    """
    with tempfile.TemporaryDirectory(prefix="sweepyard-") as name:
        scratch = Path(name)
        sweep = register(
            plan.file,
            project=plan.project,
            environ=client_environment(environ, server=server, folder=scratch),
            folder=scratch,
        )
        folder = plan.output / plan.project / "sweeps" / sweep.sweep_id
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(scratch / "wandb-sweep.log", folder / "wandb-sweep.log")
    shutil.copy2(plan.file, folder / plan.file.name)
    return sweep, folder


def run(
    plan: SweepPlan,
    *,
    server: Server | None,
    environ: Mapping[str, str],
    clock: Clock,
    on_registered: Callable[[RegisteredSweep], None],
    on_progress: Callable[[SweepProgress], None],
) -> SweepOutcome:
    """Register the sweep, run it with stock agents until they leave, and end whatever is left of them.

    Args:
        server: The hub; None for the server that the user is logged in to.

    Raises:
        TrackingError: The client or the server refused.
    """
    sweep, folder = start(plan, server=server, environ=environ)
    on_registered(sweep)
    reader = Reader(server)

    def look(elapsed_seconds: float) -> SweepProgress:
        record = reader.sweep(sweep.path)
        expected = plan.expected if plan.runs_each is None else _least(plan.expected, plan.agents * plan.runs_each)
        return progress_of(
            _glances(record), objective=record.objective, expected=expected, elapsed_seconds=elapsed_seconds
        )

    agents = StockAgents(
        sweep,
        count=plan.agents,
        environ={
            **client_environment(environ, server=server, folder=folder),
            OUTPUT_VARIABLE: str(plan.output.absolute()),
        },
        folder=folder,
        working_folder=plan.working_folder,
        runs=plan.runs_each,
    )
    with agents:
        watch(lambda: agents.alive > 0, look, on_progress, clock=clock, every_seconds=_LOOK_SECONDS)
    return SweepOutcome(reader.sweep(sweep.path), tuple(agents.logs))


def _glances(record: SweepRecord) -> list[RunGlance]:
    objective = record.objective or Objective("")
    return [RunGlance(RunState(run.state), run.objective_value(objective)) for run in record.runs]


def _least(first: int | None, second: int) -> int:
    return second if first is None else min(first, second)
