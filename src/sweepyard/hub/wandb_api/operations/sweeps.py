"""Sweeps and agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from graphql import GraphQLResolveInfo

from sweepyard import jsonvalue
from sweepyard.domain.agent import Agent
from sweepyard.domain.sweep import Sweep, SweepPath, controller_run
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.connections import Connection, connect_all
from sweepyard.hub.wandb_api.context import FALLBACK_PROJECT, Context, Input, Resolvers, context_of
from sweepyard.hub.wandb_api.operations.runs import RunNode, filters_from_wire, list_runs
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweeps import SweepChanges, SweepDraft
from sweepyard.sweeps import config as sweep_config

_NOTHING = (None, "", "null", "{}")


class AgentNode:
    """An agent."""

    def __init__(self, context: Context, agent: Agent) -> None:
        self._context = context
        self._selection = RunSelection(
            entity=agent.entity, project=agent.project, sweep_id=agent.sweep_id, agent_id=agent.agent_id
        )
        self.id = codec.node_id("Agent", agent.agent_id)
        self.name = agent.agent_id
        self.host = agent.host
        self.state = "DONE" if agent.left else "RUNNING"
        self.created_at = agent.created_at
        self.heartbeat_at = agent.heartbeat_at
        self.failures = agent.failures
        self.put_aside = agent.put_aside

    @property
    def total_runs(self) -> int:
        return self._context.services.runs.count(self._selection)

    def runs(
        self,
        info: GraphQLResolveInfo,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[RunNode]:
        return list_runs(self._context, self._selection, order=order, first=first, after=after)


class SweepNode:
    """A sweep; its project is in `relations`."""

    early_stop_job_running: ClassVar[bool] = False

    def __init__(self, context: Context, sweep: Sweep) -> None:
        self._context = context
        self._sweep = sweep
        self._selection = RunSelection(
            entity=sweep.path.entity, project=sweep.path.project, sweep_id=sweep.path.sweep_id
        )
        self.path = sweep.path
        self.id = codec.sweep_to_id(sweep.path)
        self.name = sweep.path.sweep_id
        self.display_name = sweep.display_name or None
        self.description = sweep.description or None
        self.state = sweep.state.value
        self.config = sweep.config_yaml
        self.created_at = sweep.created_at
        self.updated_at = sweep.updated_at
        self.controller = _json_or_none(sweep.controller)
        self.scheduler = _json_or_none(sweep.scheduler)
        self.prior_runs_filters = _json_or_none(sweep.prior_runs_filters)

    @property
    def method(self) -> str:
        return str(sweep_config.parse(self._sweep.config_yaml, text_numbers="warn").method)

    @property
    def controller_run_name(self) -> str | None:
        config = sweep_config.parse(self._sweep.config_yaml, text_numbers="warn")
        return controller_run(self.path).run_id if config.has_scheduler else None

    @property
    def heartbeat_at(self) -> datetime:
        beats = [agent.heartbeat_at for agent in self._context.services.agents.of_sweep(self.path)]
        return max([self._sweep.updated_at, *beats])

    @property
    def run_count(self) -> int:
        return self._context.services.runs.count(self._selection)

    @property
    def run_count_expected(self) -> int | None:
        return self._context.services.sweeps.expected_runs(self.path)

    @property
    def best_loss(self) -> float | None:
        best = self._context.services.sweeps.best(self.path)
        return best.value if best else None

    def runs(
        self,
        info: GraphQLResolveInfo,
        filters: str | None = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[RunNode]:
        return list_runs(self._context, self._selection, filters=filters, order=order, first=first, after=after)

    @property
    def prior_runs(self) -> Connection[RunNode]:
        if self._sweep.prior_runs_filters is None:
            return connect_all([])
        selection = RunSelection(entity=self.path.entity, project=self.path.project)
        return list_runs(self._context, selection, filters=self.prior_runs_filters)

    def agent(self, info: GraphQLResolveInfo, agent_name: str) -> AgentNode | None:
        agents = self._context.services.agents.of_sweep(self.path)
        return next((AgentNode(self._context, agent) for agent in agents if agent.agent_id == agent_name), None)

    @property
    def agents(self) -> Connection[AgentNode]:
        return connect_all(
            AgentNode(self._context, agent) for agent in self._context.services.agents.of_sweep(self.path)
        )


def find_sweep(context: Context, path: SweepPath) -> SweepNode | None:
    """The sweep, or None."""
    sweep = context.services.sweeps.find(path)
    return SweepNode(context, sweep) if sweep else None


def upsert_sweep(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Register a sweep, or change one."""
    context = context_of(info)
    context.require_write()
    _refuse_launch(given)
    sweep = _update(context, given) if given.get("id") else _create(context, given)
    return {"sweep": SweepNode(context, sweep), "config_validation_warnings": list(sweep.warnings)}


def _refuse_launch(given: Input) -> None:
    asked = [key for key in ("launch_scheduler", "template_variable_values") if given.get(key) not in _NOTHING]
    if asked:
        rule = "this hub has no launch queues; start agents with `wandb agent`"
        raise RequestInvalid([Violation(rule, str(given[key])[:80], where=key) for key in asked])


def _create(context: Context, given: Input) -> Sweep:
    if not given.get("config"):
        raise RequestInvalid([Violation("a new sweep needs its `config`, the sweep file's text", "none")])
    filters = filters_from_wire(given.get("prior_runs_filters"))
    draft = SweepDraft(
        config_yaml=given["config"],
        display_name=given.get("display_name"),
        description=given.get("description"),
        controller=_object_or_none("controller", given),
        scheduler=_object_or_none("scheduler", given),
        prior_runs_filters=filters,
    )
    entity, project = context.entity(given.get("entity_name")), given.get("project_name") or FALLBACK_PROJECT
    sweep = context.services.sweeps.create(entity, project, draft, actor=context.actor)
    if given.get("state"):
        return context.services.sweeps.set_state(sweep.path, codec.sweep_state_from_wire(given["state"]))
    return sweep


def _update(context: Context, given: Input) -> Sweep:
    state = given.get("state")
    changes = SweepChanges(
        config_yaml=given.get("config"),
        state=codec.sweep_state_from_wire(state) if state else None,
        display_name=given.get("display_name"),
        description=given.get("description"),
        controller=_object_or_none("controller", given),
        scheduler=_object_or_none("scheduler", given),
    )
    return context.services.sweeps.update(_sweep_path(context, given["id"], given), changes)


def _sweep_path(context: Context, identity: str, given: Input) -> SweepPath:
    """The sweep that an id of ours, or the plain name beside entity and project, stands for."""
    try:
        return codec.sweep_from_id(identity)
    except NotFound:
        project = given.get("project_name") or FALLBACK_PROJECT
        return SweepPath(context.entity(given.get("entity_name")), project, identity)


def enqueue_sweep_run(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Take a point that a sweep's scheduler proposes."""
    context = context_of(info)
    context.require_write()
    parameters, _ = codec.config_from_wire(given["config"])
    run = context.services.scheduling.enqueue(
        codec.sweep_from_id(given["id"]), parameters, display_name=given.get("display_name"), actor=context.actor
    )
    # The client looks for the run under this by name.
    return {"id": run.path.run_id, "run_queue_item_id": None}


def create_agent(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Register an agent."""
    context = context_of(info)
    context.require_write()
    path = _sweep_path(context, given["sweep"], given)
    agent = context.services.agents.create(path, host=given["host"], token=context.agent_token)
    return {"agent": AgentNode(context, agent)}


def agent_heartbeat(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Take an agent's sign of life; the answer says what it shall do."""
    context = context_of(info)
    context.require_write()
    (agent_id,) = codec.parts_of_id("Agent", given["id"], 1)
    commands = context.services.agents.heartbeat(agent_id, codec.running_from_wire(given.get("run_state")))
    agent = context.services.agents.get(agent_id)
    return {"agent": AgentNode(context, agent), "commands": codec.commands_to_wire(commands)}


def _object_or_none(key: str, given: Input) -> JsonObject | None:
    text = given.get(key)
    return codec.object_from_wire(key, text) if text else None


def _json_or_none(value: JsonObject | None) -> str | None:
    return None if value is None else jsonvalue.dumps(value)


MUTATIONS: Resolvers = {
    "upsert_sweep": upsert_sweep,
    "enqueue_sweep_run": enqueue_sweep_run,
    "create_agent": create_agent,
    "agent_heartbeat": agent_heartbeat,
}
