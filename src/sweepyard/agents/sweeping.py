"""One sweep from registration to its end, with stock agents."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sweepyard.agents.environment import agent_environment, client_environment
from sweepyard.agents.progress import watch
from sweepyard.agents.stock import RegisteredSweep, StockAgents, register, update
from sweepyard.clock import Clock
from sweepyard.domain.objective import Objective
from sweepyard.domain.progress import RunGlance, SweepProgress, busy_seconds, progress_of
from sweepyard.domain.run import RunState
from sweepyard.errors import SweepClosed
from sweepyard.files import make_folder
from sweepyard.tracking.reader import Reader
from sweepyard.tracking.records import RunRecord, SweepRecord
from sweepyard.tracking.server import Server

_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """How to work on a sweep.

    Attributes:
        runs_each: How many runs each agent may start; None for as many as there are.
        output: Folder below which the sweep gets one of its own, for logs and what the client keeps.
        working_folder: Where runs start, and relative paths of theirs begin.
    """

    agents: int
    runs_each: int | None = None
    output: Path
    working_folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """What to register, and how to work on it.

    Attributes:
        file: The sweep file, checked.
        expected: How many runs there will be; None where nothing ends the sweep.
    """

    file: Path
    project: str
    expected: int | None
    work: AgentPlan


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """How it ended.

    Attributes:
        logs: The agents' output; none where the sweep was over before.
    """

    sweep: SweepRecord
    logs: tuple[Path, ...]


def start(plan: SweepPlan, *, server: Server | None, environ: Mapping[str, str]) -> tuple[RegisteredSweep, Path]:
    """Register the sweep with the stock `wandb sweep`; gives it and its own folder.

    Raises:
        InvalidInput: The output is no folder that can be written.
        TrackingError: The client or the server refused.
    """
    make_sweep_folder(plan.work.output, plan.project)  # before anything is registered
    with tempfile.TemporaryDirectory(prefix="sweepyard-") as name:
        scratch = Path(name)
        sweep = register(
            plan.file,
            project=plan.project,
            environ=client_environment(environ, server=server, folder=scratch),
            folder=scratch,
        )
        folder = make_sweep_folder(plan.work.output, plan.project, sweep.sweep_id)
        shutil.copy2(scratch / "wandb-sweep.log", folder / "wandb-sweep.log")
    shutil.copy2(plan.file, folder / plan.file.name)
    return sweep, folder


def edit(name: str, file: Path, *, server: Server | None, environ: Mapping[str, str]) -> None:
    """Give a registered sweep a new file, with the stock `wandb sweep --update`.

    Args:
        name: entity/project/id or project/id.

    Raises:
        SweepClosed: It is over: no file lets it go on.
        TrackingError: There is no such sweep, or the server refused.
    """
    record = Reader(server).sweep(name)
    if record.is_over:
        told = f"only a sweep that goes on can be edited; {record.path} is {record.state.lower()}"
        raise SweepClosed(told, is_over=True)
    with tempfile.TemporaryDirectory(prefix="sweepyard-") as scratch:
        folder = Path(scratch)
        update(file, str(record.path), environ=client_environment(environ, server=server, folder=folder), folder=folder)


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
    worker = _Worker(sweep, folder, plan.work, plan.expected, server, environ)
    return worker.work(clock, on_progress)


def resume(
    name: str,
    plan: AgentPlan,
    *,
    server: Server | None,
    environ: Mapping[str, str],
    clock: Clock,
    on_registered: Callable[[RegisteredSweep], None],
    on_progress: Callable[[SweepProgress], None],
) -> SweepOutcome:
    """Go on with a registered sweep: as `run`, from where it stands; of one that is over, how it ended.

    Args:
        name: entity/project/id or project/id.

    Raises:
        TrackingError: There is no such sweep, it is paused, or the server refused.
    """
    record = Reader(server).sweep(name)
    sweep = RegisteredSweep(str(record.path), record.path.sweep_id, record.url)
    if record.is_over:
        on_registered(sweep)
        return SweepOutcome(record, ())
    require_open(record)
    on_registered(sweep)
    folder = make_sweep_folder(plan.output, record.path.project, record.path.sweep_id)
    return _Worker(sweep, folder, plan, record.bound, server, environ).work(clock, on_progress)


def require_open(record: SweepRecord) -> None:
    """See to it that a sweep hands out runs.

    Raises:
        SweepClosed: It is over, or paused.
    """
    if record.state not in {"PENDING", "RUNNING"}:
        is_paused = record.state == "PAUSED"
        hint = f"; `wandb sweep --resume {record.path}` lets it go on" if is_paused else ""
        raise SweepClosed(
            f"a sweep must be pending or running to go on; {record.path} is {record.state.lower()}{hint}",
            is_over=not is_paused,
        )


def progress_now(record: SweepRecord, now: datetime) -> SweepProgress:
    """How far a sweep is, whoever works on it; times count only while some run was at work."""
    spans = [(run.created_at, now if RunState(run.state).is_live else _end(run)) for run in record.runs]
    return progress_of(
        _glances(record), objective=record.objective, expected=record.bound, elapsed_seconds=busy_seconds(spans)
    )


class _Worker:
    """Stock agents on one sweep, watched."""

    def __init__(
        self,
        sweep: RegisteredSweep,
        folder: Path,
        plan: AgentPlan,
        expected: int | None,
        server: Server | None,
        environ: Mapping[str, str],
    ) -> None:
        self._sweep = sweep
        self._plan = plan
        self._expected = expected
        self._reader = Reader(server)
        self._agents = StockAgents(
            sweep,
            count=plan.agents,
            environ=agent_environment(environ, server=server, folder=folder, output=plan.output),
            folder=folder,
            working_folder=plan.working_folder,
            runs=plan.runs_each,
        )

    def work(self, clock: Clock, on_progress: Callable[[SweepProgress], None]) -> SweepOutcome:
        """Until the agents leave; whatever happens, they and all they started have ended then."""
        over_before = sum(run.state.is_over for run in _glances(self._reader.sweep(self._sweep.path)))

        def look(elapsed_seconds: float) -> SweepProgress:
            record = self._reader.sweep(self._sweep.path)
            return progress_of(
                _glances(record),
                objective=record.objective,
                expected=self._expected_with(over_before),
                elapsed_seconds=elapsed_seconds,
                over_before=over_before,
            )

        with self._agents as agents:
            watch(lambda: agents.alive > 0, look, on_progress, clock=clock, every_seconds=_LOOK_SECONDS)
        return SweepOutcome(self._reader.sweep(self._sweep.path), tuple(self._agents.logs))

    def _expected_with(self, over_before: int) -> int | None:
        if self._plan.runs_each is None:
            return self._expected
        return _least(self._expected, over_before + self._plan.agents * self._plan.runs_each)


def sweep_folder(output: Path, project: str, sweep_id: str = "") -> Path:
    """The folder of a sweep's logs, below `output`; without an id, that of all of a project's sweeps."""
    return output / project / "sweeps" / sweep_id


def make_sweep_folder(output: Path, project: str, sweep_id: str = "") -> Path:
    """The same, made if it is not there.

    Raises:
        InvalidInput: The output is no folder that can be written.
    """
    folder = sweep_folder(output, project, sweep_id)
    make_folder(folder, "--output")
    return folder


def _glances(record: SweepRecord) -> list[RunGlance]:
    objective = record.objective or Objective("")
    return [RunGlance(RunState(run.state), run.objective_value(objective)) for run in record.runs]


def _end(run: RunRecord) -> datetime:
    # What its processes tell lacks the time between them: a run that was interrupted would end too early.
    return run.heartbeat_at or run.created_at + timedelta(seconds=run.duration_seconds or 0.0)


def _least(first: int | None, second: int) -> int:
    return second if first is None else min(first, second)
