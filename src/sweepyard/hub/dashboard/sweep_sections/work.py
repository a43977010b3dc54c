"""Who works on a sweep: its agents, their hosts, and the points that they were handed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.agent import Agent
from sweepyard.domain.origin import origin_of
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link
from sweepyard.jsonvalue import flattened
from sweepyard.services.attempts import machines_of
from sweepyard.services.bundle import Services
from sweepyard.services.hosts import HostStanding
from sweepyard.services.sweep_overview import Point

MOST_POINTS = 50
MOST_AGENTS = 100


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent.

    Attributes:
        presence: here, gone, or put aside.
        device: What its runs compute on, as far as the client tells; only of one that is here.
        running: The runs that it has.
        runs: How many points it has, or had last.
    """

    agent_id: str
    host: str
    presence: str
    device: str
    running: tuple[Link, ...]
    heartbeat: str
    runs: int
    failures: int


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point that was handed out.

    Attributes:
        run: Without an address where it was deleted.
        attempts: How often it was begun.
        retries: How many of these followed a failure or a crash; the others followed a preemption.
        notes: What else there is to say of it.
    """

    position: int
    run: Link
    agent_id: str
    attempts: int
    retries: int
    notes: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Work:
    """Who works on a sweep.

    Attributes:
        agents: Those here first, then the newest first.
        hosts_aside: Hosts that get no more runs since run after run failed there.
        may_readmit: Whether the reader may let them have runs again.
        handed_out: How many points were handed out.
        waiting: How many points that its scheduler has enqueued wait for an agent.
        attempts: How often any of them was begun.
        out: The points that agents have now.
        again: The points that were begun more than once and that nobody has now, the newest first.
        more_out: How many more there are than `out` shows; likewise the others.
    """

    agents: tuple[AgentRow, ...]
    more_agents: int
    hosts_aside: tuple[HostStanding, ...]
    may_readmit: bool
    handed_out: int
    waiting: int
    attempts: int
    out: tuple[PointRow, ...]
    more_out: int
    again: tuple[PointRow, ...]
    more_again: int


def work(services: Services, path: SweepPath, actor: Actor) -> Work:
    """Who works on the sweep."""
    known = services.sweep_overview.points(path)
    points = [point for point in known if point.was_handed_out]
    agents = sorted(services.agents.of_sweep(path), key=lambda agent: (agent.left, -agent.created_at.timestamp()))
    out = [point for point in points if point.is_out]
    again = [point for point in reversed(points) if point.attempts > 1 and not point.is_out]
    shown = agents[:MOST_AGENTS]
    return Work(
        agents=_agent_rows(services, path, shown, points),
        more_agents=len(agents) - len(shown),
        hosts_aside=tuple(host for host in services.agents.hosts(path) if host.put_aside),
        may_readmit=actor.role.includes(Role.WRITE),
        handed_out=len(points),
        waiting=sum(point.waits for point in known),
        attempts=sum(point.attempts for point in points),
        out=tuple(_point_row(path, point) for point in out[:MOST_POINTS]),
        more_out=max(0, len(out) - MOST_POINTS),
        again=tuple(_point_row(path, point) for point in again[:MOST_POINTS]),
        more_again=max(0, len(again) - MOST_POINTS),
    )


def _agent_rows(
    services: Services, path: SweepPath, agents: Sequence[Agent], points: Sequence[Point]
) -> tuple[AgentRow, ...]:
    of: dict[str | None, list[Point]] = {}
    for point in points:
        of.setdefault(point.lease.agent_id, []).append(point)
    # A run tells of its machine some seconds after it has begun; until then the one before it does.
    last = {agent.agent_id: of.get(agent.agent_id, [])[:-3:-1] for agent in agents if not agent.left}
    runs = services.sweep_overview.runs(path, [point.lease.run_id for two in last.values() for point in two])
    return tuple(
        AgentRow(
            agent_id=agent.agent_id,
            host=texts.shortened(agent.host),
            presence="put aside" if agent.put_aside else "gone" if agent.left else "here",
            device=_device(
                [runs[point.lease.run_id] for point in last.get(agent.agent_id, ()) if point.lease.run_id in runs]
            ),
            running=tuple(_run_link(path, point.lease.run_id) for point in of.get(agent.agent_id, ()) if point.is_out),
            heartbeat=texts.moment_text(agent.heartbeat_at),
            runs=len(of.get(agent.agent_id, ())),
            failures=agent.failures,
        )
        for agent in agents
    )


def _device(runs: Sequence[Run]) -> str:
    """GPUs, or else the processor's cores, of the machine that the last process of the first run told of."""
    told = [list(machines_of(run.wandb_config).values())[-1] for run in runs if machines_of(run.wandb_config)]
    machine = next(iter(told), None)
    origin = origin_of(machine if isinstance(machine, dict) else {}, {})
    gpus = Counter(origin.gpus)
    if gpus:
        return texts.shortened(", ".join(name if count == 1 else f"{count} × {name}" for name, count in gpus.items()))
    return f"CPU, {origin.cpu_count} cores" if origin.cpu_count else texts.ABSENT


def _point_row(path: SweepPath, point: Point) -> PointRow:
    lease = point.lease
    notes = (
        "its agent has not named it yet" if point.is_out and not lease.acknowledged else "",
        f"told {lease.handed_out} times" if lease.handed_out > 1 else "",
        f"{lease.late} late process{'es' if lease.late > 1 else ''} told to stop" if lease.late else "",
    )
    return PointRow(
        position=lease.position,
        run=_run_link(path, lease.run_id) if point.state else Link(lease.run_id, "", "deleted"),
        agent_id=lease.agent_id or texts.ABSENT,
        attempts=point.attempts,
        retries=lease.retries,
        notes="; ".join(filter(None, (*notes, point.state.value if point.state and not point.is_out else ""))),
        parameters=texts.shortened(
            ", ".join(f"{key} = {texts.value_text(value)}" for key, value in flattened(lease.parameters).items())
        ),
    )


def _run_link(path: SweepPath, run_id: str) -> Link:
    return Link(run_id, urls.run_url(RunPath(path.entity, path.project, run_id)))
