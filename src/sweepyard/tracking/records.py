"""Runs and sweeps as a server reports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sweepyard.domain.fields import descend
from sweepyard.domain.objective import Objective, pareto_front
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.jsonvalue import JsonObject, finite_number


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as read back.

    Attributes:
        state: W&B's word for it: running, finished, failed, crashed, killed...
        config: In plain nesting, without what the client keeps for itself.
        summary: Without the client's own keys (`_step`, `_runtime`...).
        duration_seconds: For how long its processes were at work, by their own clocks; None when they tell none.
        heartbeat_at: Its last sign of life; None where the server knows of none.
    """

    path: RunPath
    name: str
    state: str
    config: JsonObject
    summary: JsonObject
    created_at: datetime
    sweep_id: str | None
    duration_seconds: float | None
    tags: tuple[str, ...]
    url: str
    heartbeat_at: datetime | None = None

    def objective_value(self, objective: Objective) -> float | None:
        """The summary's finite value of the objective's metric; None where there is none."""
        return finite_number(descend(self.summary, objective.metric))


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """A sweep as read back.

    Attributes:
        state: PENDING, RUNNING, PAUSED, FINISHED or CANCELED.
        config: The sweep file, parsed.
        objectives: What its runs are judged by: one, or several of which the first ranks them.
        runs: By creation.
        expected_runs: How many runs its grid has; None where that is not bounded or the server does not say.
    """

    path: SweepPath
    name: str
    state: str
    config: JsonObject
    objectives: tuple[Objective, ...]
    url: str
    expected_runs: int | None
    runs: tuple[RunRecord, ...] = field(repr=False)

    @property
    def objective(self) -> Objective | None:
        """What ranks the runs."""
        return self.objectives[0] if self.objectives else None

    @property
    def is_over(self) -> bool:
        """Whether it hands out no more runs, for good."""
        return self.state in {"FINISHED", "CANCELED"}

    @property
    def bound(self) -> int | None:
        """How many runs there will be at most: all of its grid, or its `run_cap`; None where nothing ends it."""
        cap = self.config.get("run_cap")
        bounds = [bound for bound in (self.expected_runs, cap) if isinstance(bound, int)]
        return min(bounds, default=None)

    @property
    def repeats(self) -> bool:
        """Whether each point has several runs, with a seed each."""
        return "repeats" in self.config

    def front(self) -> list[RunRecord]:
        """The runs that no other run beats in every objective, by creation; those without all values left out."""
        rows = [(run, [run.objective_value(objective) for objective in self.objectives]) for run in self.runs]
        valued = [(run, [value for value in row if value is not None]) for run, row in rows]
        whole = [(run, row) for run, row in valued if row and len(row) == len(self.objectives)]
        return [whole[place][0] for place in pareto_front(self.objectives, [row for _, row in whole])]

    @property
    def best(self) -> RunRecord | None:
        """The run with the best finite value of the objective in its summary, the first of equals."""
        ranked = self.ranked()
        return ranked[0] if ranked else None

    def ranked(self) -> list[RunRecord]:
        """The runs that have a value of the objective, the best first, equals by creation."""
        if self.objective is None:
            return []
        sign = -1.0 if self.objective.better(1.0, 0.0) else 1.0
        valued = [(value, run) for run in self.runs if (value := run.objective_value(self.objective)) is not None]
        return [run for _, run in sorted(valued, key=lambda pair: sign * pair[0])]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """An agent as read back.

    Attributes:
        is_here: Whether it is still at work, as far as the server knows.
        run_id: The run that it works on; None between runs.
        total_runs: How many runs it was given.
        failures: How many of its runs failed since the last that finished; None where the server does not say.
        put_aside: Whether it was sent away because run after run failed on its host.
    """

    agent_id: str
    host: str
    is_here: bool
    run_id: str | None
    heartbeat_at: datetime | None
    total_runs: int
    failures: int | None
    put_aside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSight:
    """A sweep at one moment, with what its page shows.

    Attributes:
        agents: By creation.
        curves: By run id, finite values of the objective over the run's history, thinned out; of some runs.
        stopped_early: By run id, why early termination stopped the run.
    """

    sweep: SweepRecord
    agents: tuple[AgentRecord, ...]
    curves: Mapping[str, Sequence[float]]
    stopped_early: Mapping[str, str]
