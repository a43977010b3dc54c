"""Sweeps: registered from a sweep file, steered, looked at."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor
from sweepyard.domain.fields import descend, summary_field
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.names import check_texts
from sweepyard.domain.objective import Goal, Objective, pareto_front
from sweepyard.domain.ordering import Order, OrderTerm, parse_order
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepPath, SweepState, check_sweep_transition
from sweepyard.errors import Conflict, SweepFileInvalid
from sweepyard.ids import IdSource
from sweepyard.jsonvalue import JsonObject, finite_number
from sweepyard.services.check import check_file
from sweepyard.services.objectives import standings
from sweepyard.services.paging import Page, page_of
from sweepyard.services.points import PointRun, PointSummary, points_of
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.projects import check_name
from sweepyard.services.run_index import RunIndex
from sweepyard.services.runs import stop
from sweepyard.services.sweep_rows import existing_sweep, parsed, runs_of
from sweepyard.sweeps import editing, engine
from sweepyard.sweeps.config import Method, SweepConfig, parse
from sweepyard.sweeps.termination import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDraft:
    """A sweep to be registered.

    Attributes:
        config_yaml: The sweep file's text; its `entity` and `project` are not looked at (the wire decides them).
        display_name: Where None, the file's `name`.
        description: Where None, the file's `description`.
    """

    config_yaml: str
    display_name: str | None = None
    description: str | None = None
    controller: JsonObject | None = None
    scheduler: JsonObject | None = None
    prior_runs_filters: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChanges:
    """What an update brings; None leaves the stored value alone."""

    config_yaml: str | None = None
    state: SweepState | None = None
    display_name: str | None = None
    description: str | None = None
    controller: JsonObject | None = None
    scheduler: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class BestRun:
    """The best run of a sweep and the value of its objective."""

    run: Run
    value: float


class SweepService:
    """Registers and steers sweeps."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource, index: RunIndex) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._index = index

    def create(self, entity: str, project: str, draft: SweepDraft, *, actor: Actor) -> Sweep:
        """Register a sweep; the project is made if there is none. `Sweep.warnings` says what is wrong but taken.

        Raises:
            RequestInvalid: A name is not legal.
            SweepFileInvalid: The file breaks a rule, or asks for what this hub cannot do yet.
        """
        check_name("an entity's name", entity)
        check_name("a project's name", project)
        check_texts({"display_name": draft.display_name, "description": draft.description})
        parse_filter(draft.prior_runs_filters)
        config = _accepted(draft.config_yaml)
        now = self._clock.now()
        sweep = Sweep(
            path=SweepPath(entity, project, self._ids.short()),
            state=SweepState.PENDING,
            config_yaml=draft.config_yaml,
            seed=self._seed(config),
            created_at=now,
            updated_at=now,
            display_name=_chosen(draft.display_name, config.name) or "",
            description=_chosen(draft.description, config.description) or "",
            controller=draft.controller,
            scheduler=draft.scheduler,
            creator=actor.username,
            warnings=tuple(str(warning) for warning in config.warnings),
            prior_runs_filters=draft.prior_runs_filters,
        )
        with self._database.writing() as unit:
            unit.projects.ensure(entity, project, now)
            sweep = replace(sweep, warnings=(*sweep.warnings, *_about_prior_runs(unit, sweep)))
            unit.sweeps.add(sweep)
        return sweep

    def update(self, path: SweepPath, changes: SweepChanges) -> Sweep:
        """Change a sweep: its state by the table of domain.sweep; its file as it likes before the first run.

        After that its file may only grow (`sweeps.editing`): more values, wider ranges, a higher `run_cap`. Random and
        Bayesian search go on with their sequence; a grid goes on with the points that no run has.

        Raises:
            NotFound: There is no such sweep.
            SweepFileInvalid: As for `create`.
            Conflict: The state cannot follow the present one; or there is a new file, and the sweep is over or has runs
                that do not suit it.
        """
        check_texts({"display_name": changes.display_name, "description": changes.description})
        config = None if changes.config_yaml is None else _accepted(changes.config_yaml)
        now = self._clock.now()
        with self._database.writing() as unit:
            before = existing_sweep(unit, path)
            sweep = replace(
                before,
                updated_at=now,
                display_name=_chosen(changes.display_name, before.display_name) or "",
                description=_chosen(changes.description, before.description) or "",
                controller=changes.controller if changes.controller is not None else before.controller,
                scheduler=changes.scheduler if changes.scheduler is not None else before.scheduler,
            )
            if config is not None and changes.config_yaml != before.config_yaml:
                require_editable(before)
                if unit.sweeps.lease_count(path.sweep_id):
                    sweep = _edited(sweep, config)
                sweep = replace(
                    sweep,
                    config_yaml=changes.config_yaml or "",
                    warnings=tuple(str(warning) for warning in config.warnings),
                    seed=before.seed if config.seed is None else config.seed,
                )
            if changes.state is not None:
                sweep = steered(unit, sweep, changes.state, now)
            unit.sweeps.save(sweep)
        return sweep

    def edit(self, path: SweepPath, config_yaml: str) -> Sweep:
        """Give the sweep a new file, as `update` does, but check it as one that a person wrote.

        Numbers that YAML reads as text are refused, and the command is checked too.

        Raises:
            NotFound: There is no such sweep.
            SweepFileInvalid: The file breaks rules; all of them are named.
            Conflict: The sweep is over, or has runs that do not suit the new file.
        """
        violations = check_file(config_yaml, source="sweep file").violations
        if violations:
            raise SweepFileInvalid(violations)
        return self.update(path, SweepChanges(config_yaml=config_yaml))

    def set_state(self, path: SweepPath, state: SweepState) -> Sweep:
        """Pause, resume, finish or cancel; canceling asks every live run to stop.

        Raises:
            NotFound: There is no such sweep.
            Conflict: The state cannot follow the present one.
        """
        return self.update(path, SweepChanges(state=state))

    def get(self, path: SweepPath) -> Sweep:
        """The sweep.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return existing_sweep(unit, path)

    def find(self, path: SweepPath) -> Sweep | None:
        """The sweep, or None."""
        with self._database.reading() as unit:
            return unit.sweeps.get(path)

    def list(self, entity: str, project: str, *, first: int | None = None, after: str | None = None) -> Page[Sweep]:
        """The project's sweeps, newest first."""
        with self._database.reading() as unit:
            sweeps = unit.sweeps.of_project(entity, project)
        return page_of(sweeps, lambda sweep: sweep.path.sweep_id, first=first, after=after)

    def counts(self, path: SweepPath) -> Mapping[RunState, int]:
        """How many of the sweep's runs are in each state; states without a run are absent."""
        with self._database.reading() as unit:
            return unit.runs.count_by_state(runs_of(path))

    def expected_runs(self, path: SweepPath) -> int | None:
        """How many runs the sweep will have; None where it has no end.

        Raises:
            NotFound: There is no such sweep.
        """
        return engine.expected_runs(parsed(self.get(path).config_yaml))

    def best(self, path: SweepPath) -> BestRun | None:
        """The run whose summary has the best finite value of the objective; None without objective or value.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            objective = parsed(existing_sweep(unit, path).config_yaml).objective
            if objective is None:
                return None
            field = summary_field(objective.metric)
            finite = parse_filter({field.name: {"$gt": -math.inf, "$lt": math.inf}})
            order = Order((OrderTerm(field, descending=objective.goal is Goal.MAXIMIZE),))
            found = self._index.find(unit, runs_of(path), finite, order, limit=1)
            runs = unit.runs.of_ids(path.entity, path.project, found.run_ids)
        value = field.read(runs[0]) if runs else None
        return BestRun(runs[0], float(value)) if isinstance(value, int | float) else None

    def front(self, path: SweepPath) -> tuple[Run, ...]:
        """The runs that no other run beats in every metric of the sweep, by their summaries; oldest first.

        With one metric these are the best runs; without any, or without values, there is none.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            objectives = parsed(existing_sweep(unit, path).config_yaml).objectives
            runs = unit.runs.select(runs_of(path)) if objectives else []
        valued = [(run, row) for run in runs if (row := _values(run, objectives)) is not None]
        places = pareto_front(objectives, [row for _, row in valued])
        return tuple(valued[place][0] for place in places)

    def points(self, path: SweepPath) -> tuple[PointSummary, ...]:
        """The points of a sweep with `repeats`, each with the mean and spread of its runs; the best first.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            config = parsed(existing_sweep(unit, path).config_yaml)
            leases = unit.sweeps.leases(path.sweep_id)
            metric = [summary_field(config.objective.metric)] if config.objective else []
            run_ids, columns = self._index.columns(unit, runs_of(path), parse_filter(None), parse_order(None), metric)
        told = columns[metric[0]] if metric else [None] * len(run_ids)
        results = dict(zip(run_ids, told, strict=True))
        known = [lease for lease in leases if lease.run_id in results]
        return points_of(config, [PointRun(each.run_id, each.parameters, results[each.run_id]) for each in known])

    def standings(self, path: SweepPath) -> tuple[Standing, ...]:
        """Where each run stands by the sweep's early termination: its band, its value, the threshold.

        Empty for a sweep without one.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            sweep = existing_sweep(unit, path)
            return tuple(standings(unit, sweep, parsed(sweep.config_yaml)))

    def leases(self, path: SweepPath) -> tuple[Lease, ...]:
        """The points handed out, by position."""
        with self._database.reading() as unit:
            return tuple(unit.sweeps.leases(path.sweep_id))

    def _seed(self, config: SweepConfig) -> int:
        """The file's seed, or 32 bits of one drawn."""
        if config.seed is not None:
            return config.seed
        return int.from_bytes(hashlib.sha256(self._ids.token().encode()).digest()[:4], "big")


def _values(run: Run, objectives: Sequence[Objective]) -> list[float] | None:
    """The run's value of each objective; None where one is missing or not finite."""
    found = (finite_number(descend(run.summary, objective.metric)) for objective in objectives)
    numbers = [value for value in found if value is not None]
    return numbers if len(numbers) == len(objectives) else None


def steered(unit: UnitOfWork, sweep: Sweep, state: SweepState, now: datetime) -> Sweep:
    """The sweep in `state`; its live runs are asked to stop if that is CANCELED. The caller stores the sweep.

    Points that nobody has had yet are killed once the sweep is over: nobody will ever take them.

    Raises:
        Conflict: The state cannot follow the present one.
    """
    check_sweep_transition(sweep.state, state)
    if state is SweepState.CANCELED and sweep.state is not state:
        for run in unit.runs.select(runs_of(sweep.path)):
            stop(unit, run, now)
    elif state.is_over and parsed(sweep.config_yaml).has_scheduler:
        for lease, run in unit.sweeps.leases_with_runs(sweep.path, states=frozenset({RunState.PENDING})):
            if lease.agent_id is None:
                stop(unit, run, now, why="the sweep is over")
    return replace(sweep, state=state, updated_at=now)


def require_editable(sweep: Sweep) -> None:
    """See to it that a sweep may have a new file.

    Raises:
        Conflict: The sweep is over, whether it has runs or not.
    """
    if sweep.state.is_over:
        raise Conflict(f"sweep {sweep.path} is {sweep.state.value.lower()}; only a sweep that goes on can be edited")


def _edited(sweep: Sweep, after: SweepConfig) -> Sweep:
    """The sweep, which has runs, ready to go on with a new file.

    Raises:
        Conflict: Its runs do not suit the new file; everything that does not is named.
    """
    refused = editing.refusals(parsed(sweep.config_yaml), after)
    if refused:
        raise Conflict(f"sweep {sweep.path} has runs already, and its file cannot be changed so: {'; '.join(refused)}")
    if after.method is Method.GRID:
        return replace(sweep, sequence_start=sweep.suggestions)
    return sweep


def _accepted(config_yaml: str) -> SweepConfig:
    # The plain `wandb sweep` loses quotes and brings `1e-5` as text: the client prints what we warn of.
    config = parse(config_yaml, text_numbers="warn")
    refused = engine.unsupported(config)
    if refused:
        raise SweepFileInvalid(refused)
    return config


def _about_prior_runs(unit: UnitOfWork, sweep: Sweep) -> list[str]:
    """What there is to be warned about in runs of before: those that `wandb sweep -R` names and nobody knows."""
    named = (sweep.prior_runs_filters or {}).get("$or")
    names = [part.get("name") for part in named if isinstance(part, dict)] if isinstance(named, list) else []
    path = sweep.path
    missing = [
        name
        for name in names
        if isinstance(name, str) and unit.runs.get(RunPath(path.entity, path.project, name)) is None
    ]
    place = f"{path.entity}/{path.project}"
    return [
        f"prior runs: {place} has no run {name!r}, so nothing is learnt from it. Name runs by their ids"
        for name in missing
    ]


def _chosen(new: str | None, old: str | None) -> str | None:
    return old if new is None else new
