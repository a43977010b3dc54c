"""Hosts on which run after run fails: they are put aside, so that one of them cannot burn a whole sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweepyard.domain.agent import Agent
from sweepyard.domain.run import Run, RunState
from sweepyard.services.ports import UnitOfWork

DEFAULT_MAX_FAILURES = 5
_FAILURES = frozenset({RunState.FAILED, RunState.CRASHED})


@dataclass(frozen=True, slots=True)
class HostStanding:
    """How a host does in a sweep.

    Attributes:
        failures: How many runs failed or crashed there in a row.
        put_aside: Whether it gets no more runs.
        agents: How many of its agents have not left.
    """

    host: str
    failures: int
    put_aside: bool
    agents: int


def note_end(unit: UnitOfWork, run: Run) -> None:
    """Count the end of one attempt of a run for the host that it was on; call it where the end is stored."""
    agent = None if run.agent_id is None else unit.agents.get(run.agent_id)
    if agent is None:
        return
    if run.state in _FAILURES:
        unit.agents.save(replace(agent, failures=agent.failures + 1))
    elif run.state is RunState.FINISHED:
        readmit(unit, agents_of_host(unit.agents.of_sweep(agent.sweep_id), agent.host))


def readmit(unit: UnitOfWork, agents: Sequence[Agent]) -> None:
    """Forget the failures of all of a host's agents."""
    for agent in agents:
        if agent.failures or agent.put_aside:
            unit.agents.save(replace(agent, failures=0, put_aside=False))


def is_put_aside(unit: UnitOfWork, agent: Agent, max_failures: int | None) -> bool:
    """Whether the agent is to get no more runs: too many failed in a row on its host, one of them the agent's own.

    So an agent that somebody starts there later gets one run, and if that one finishes, the host is as good as new.
    """
    if not agent.failures:
        return False
    agents = agents_of_host(unit.agents.of_sweep(agent.sweep_id), agent.host)
    return sum(each.failures for each in agents) >= (max_failures or DEFAULT_MAX_FAILURES)


def host_standings(agents: Sequence[Agent], max_failures: int | None) -> tuple[HostStanding, ...]:
    """The hosts of a sweep's agents, by name."""
    found = []
    for host in sorted({agent.host for agent in agents}):
        own = agents_of_host(agents, host)
        failures = sum(agent.failures for agent in own)
        aside = failures >= (max_failures or DEFAULT_MAX_FAILURES)
        found.append(HostStanding(host, failures, aside, sum(not agent.left for agent in own)))
    return tuple(found)


def agents_of_host(agents: Sequence[Agent], host: str) -> list[Agent]:
    """Those of the agents that run, or ran, on the host."""
    return [agent for agent in agents if agent.host == host]
