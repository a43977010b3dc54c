"""The services' database in memory: each writing unit works on a copy, which takes the old state's place at the end."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TypeVar

from sweepyard.domain.access import ApiKey, Credential, Team, User
from sweepyard.domain.agent import Agent
from sweepyard.domain.artifact import (
    ArtifactCollection,
    ArtifactFile,
    ArtifactState,
    ArtifactVersion,
    BlobRef,
    Manifest,
    RunFile,
)
from sweepyard.domain.fields import RunField, columns_of
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.history_keys import KeySummary, summaries_of
from sweepyard.domain.objective import Mark, ObjectiveRecord
from sweepyard.domain.project import Project
from sweepyard.domain.report import Report
from sweepyard.domain.run import Run, RunEvent, RunPath, RunPulse, RunState
from sweepyard.domain.series import Series, series_of
from sweepyard.domain.sweep import Lease, Sweep, SweepPath
from sweepyard.errors import Conflict, NotFound
from sweepyard.jsonvalue import JsonObject, JsonValue, loads_object
from sweepyard.services.ports.marks import RowsMark
from sweepyard.services.ports.runs import STAMP_MODULUS, RunSelection, RunsMark

T = TypeVar("T")
CollectionKey = tuple[str, str, str]
_STAMPS = itertools.count(1)


@dataclass
class State:
    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    projects: dict[tuple[str, str], Project] = field(default_factory=dict)
    runs: dict[RunPath, Run] = field(default_factory=dict)
    stamps: dict[RunPath, int] = field(default_factory=dict)
    events: dict[RunPath, tuple[RunEvent, ...]] = field(default_factory=dict)
    lines: dict[tuple[RunPath, Stream], dict[int, tuple[int, str]]] = field(default_factory=dict)
    files: dict[tuple[RunPath, str], RunFile] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    leases: dict[tuple[str, int], Lease] = field(default_factory=dict)
    objectives: dict[tuple[RunPath, str], ObjectiveRecord] = field(default_factory=dict)
    marks: dict[tuple[RunPath, str, int], Mark] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    collections: dict[CollectionKey, ArtifactCollection] = field(default_factory=dict)
    versions: dict[int, ArtifactVersion] = field(default_factory=dict)
    aliases: dict[tuple[CollectionKey, str], int] = field(default_factory=dict)
    manifests: dict[int, Manifest] = field(default_factory=dict)
    artifact_files: dict[tuple[int, str], ArtifactFile] = field(default_factory=dict)
    links: dict[tuple[int, RunPath, bool], None] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)

    def cloned(self) -> State:
        """A state whose tables can change without this one changing: values in them never do."""
        return State(**{part.name: dict(getattr(self, part.name)) for part in fields(self)})


class Repository:
    def __init__(self, state: State, *, may_write: bool) -> None:
        self._state = state
        self._may_write = may_write

    def _write(self) -> State:
        if not self._may_write:
            raise RuntimeError("a reading unit of work was asked to write")
        return self._state


def given(value: T) -> T:
    return copy.deepcopy(value)


class MemoryAccess(Repository):
    def add_user(self, user: User) -> None:
        _add(self._write().users, user.username, user)

    def user(self, username: str) -> User | None:
        return self._state.users.get(username)

    def users(self) -> list[User]:
        return [self._state.users[name] for name in sorted(self._state.users)]

    def save_user(self, user: User) -> None:
        self._write().users[user.username] = user

    def remove_user(self, username: str) -> None:
        state = self._write()
        for team in self.teams():
            self.remove_member(team.name, username)
        for key in self.keys():
            if key.username == username:
                del state.keys[key.digest]
        state.users.pop(username, None)

    def add_team(self, team: Team) -> None:
        _add(self._write().teams, team.name, team)

    def teams(self) -> list[Team]:
        return [self._state.teams[name] for name in sorted(self._state.teams)]

    def remove_team(self, name: str) -> None:
        self._write().teams.pop(name, None)

    def add_member(self, team: str, username: str) -> None:
        stored = self._write().teams[team]
        self._state.teams[team] = replace(stored, members=tuple(sorted({*stored.members, username})))

    def remove_member(self, team: str, username: str) -> None:
        stored = self._write().teams.get(team)
        if stored is not None:
            self._state.teams[team] = replace(stored, members=tuple(sorted({*stored.members} - {username})))

    def add_key(self, key: ApiKey) -> None:
        _add(self._write().keys, key.digest, key)

    def keys_with_prefix(self, prefix: str) -> list[ApiKey]:
        return [key for digest, key in sorted(self._state.keys.items()) if digest.startswith(prefix)]

    def credentials(self, prefix: str) -> list[Credential]:
        return [
            Credential(
                key,
                self._state.users[key.username],
                frozenset(team.name for team in self.teams() if key.username in team.members),
            )
            for key in self.keys_with_prefix(prefix)
        ]

    def keys(self) -> list[ApiKey]:
        return sorted(self._state.keys.values(), key=lambda key: (key.created_at, key.digest))

    def save_key(self, key: ApiKey) -> None:
        self._write().keys[key.digest] = key

    def secret(self, name: str) -> str | None:
        return self._state.secrets.get(name)

    def set_secret(self, name: str, value: str) -> None:
        self._write().secrets[name] = value


class MemoryProjects(Repository):
    def ensure(self, entity: str, name: str, now: datetime) -> Project:
        projects = self._write().projects
        fresh = Project(number=len(projects) + 1, entity=entity, name=name, created_at=now)
        return projects.setdefault((entity, name), fresh)

    def get(self, entity: str, name: str) -> Project | None:
        return self._state.projects.get((entity, name))

    def by_number(self, number: int) -> Project | None:
        return next((project for project in self._state.projects.values() if project.number == number), None)

    def save(self, project: Project) -> None:
        self._write().projects[(project.entity, project.name)] = project

    def of_entity(self, entity: str) -> list[Project]:
        return [project for (owner, _), project in sorted(self._state.projects.items()) if owner == entity]

    def entities(self) -> list[str]:
        return sorted({entity for entity, _ in self._state.projects})


class MemoryRuns(Repository):
    def add(self, run: Run) -> None:
        if (run.path.entity, run.path.project) not in self._state.projects:
            raise Conflict(f"there is no project for {run.path}")
        _add(self._write().runs, run.path, given(run))
        self._state.stamps[run.path] = next(_STAMPS)

    def get(self, path: RunPath) -> Run | None:
        return given(self._state.runs.get(path))

    def save(self, run: Run) -> None:
        if run.path in self._write().runs:
            self._state.runs[run.path] = given(run)
            self._state.stamps[run.path] = next(_STAMPS)

    def pulse(self, path: RunPath) -> RunPulse | None:
        run = self._state.runs.get(path)
        if run is None:
            return None
        return RunPulse(
            state=run.state,
            stop_requested=run.stop_requested,
            sweep_id=run.sweep_id,
            heartbeat_at=run.heartbeat_at,
            attempt=run.attempt,
        )

    def beat(self, path: RunPath, now: datetime, *, summary: JsonObject | None = None) -> None:
        run = self.get(path)
        if run is not None:
            changes = {} if summary is None else {"summary": summary, "updated_at": now}
            self.save(replace(run, heartbeat_at=now, **changes))

    def delete(self, path: RunPath) -> None:
        state = self._write()
        state.runs.pop(path, None)
        state.stamps.pop(path, None)
        state.events.pop(path, None)
        for stream in Stream:
            state.lines.pop((path, stream), None)
        for key in [key for key in state.files if key[0] == path]:
            del state.files[key]
        MemoryObjectives(state, may_write=True).forget(path)

    def select(self, selection: RunSelection) -> list[Run]:
        chosen = [run for run in self._state.runs.values() if _is_selected(run, selection)]
        return given(sorted(chosen, key=lambda run: (run.created_at, run.path.run_id)))

    def page(
        self, selection: RunSelection, *, newest_first: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[Run]:
        runs = sorted(self.select(selection), key=lambda run: run.path.run_id)
        runs.sort(key=lambda run: run.created_at, reverse=newest_first)
        if after is not None:
            moment, run_id = after
            runs = [
                run
                for run in runs
                if (run.created_at < moment if newest_first else run.created_at > moment)
                or (run.created_at == moment and run.path.run_id > run_id)
            ]
        return runs[:limit]

    def of_ids(self, entity: str, project: str, run_ids: Sequence[str]) -> list[Run]:
        found = [self.get(RunPath(entity, project, run_id)) for run_id in run_ids]
        return [run for run in found if run is not None]

    def mark(self, entity: str, project: str) -> RunsMark:
        stamps = self.stamps(entity, project).values()
        return RunsMark(len(stamps), sum(stamp % STAMP_MODULUS for stamp in stamps))

    def stamp(self, path: RunPath) -> int | None:
        return self._state.stamps.get(path)

    def stamps(self, entity: str, project: str, *, newer_than: int | None = None) -> dict[str, int]:
        return {
            path.run_id: stamp
            for path, stamp in self._state.stamps.items()
            if (path.entity, path.project) == (entity, project) and (newer_than is None or stamp > newer_than)
        }

    def columns(
        self, entity: str, project: str, fields: Collection[RunField], run_ids: Collection[str] | None = None
    ) -> dict[RunField, dict[str, JsonValue]]:
        runs = self.select(RunSelection(entity=entity, project=project))
        return columns_of([run for run in runs if run_ids is None or run.path.run_id in run_ids], fields)

    def count(self, selection: RunSelection) -> int:
        return len(self.select(selection))

    def count_by_state(self, selection: RunSelection) -> dict[RunState, int]:
        counts: dict[RunState, int] = {}
        for run in self.select(selection):
            counts[run.state] = counts.get(run.state, 0) + 1
        return counts

    def states(self, selection: RunSelection) -> dict[str, RunState]:
        return {run.path.run_id: run.state for run in self.select(selection)}

    def live_and_silent_since(self, moment: datetime) -> list[Run]:
        return given(
            [
                run
                for run in self._state.runs.values()
                if run.state.is_live
                and (run.state is not RunState.PENDING or run.agent_id is not None)
                and (run.heartbeat_at or run.created_at) < moment
            ]
        )

    def add_event(self, path: RunPath, event: RunEvent) -> None:
        if path not in self._state.runs:
            raise NotFound(f"there is no run {path}")
        state = self._write()
        state.events[path] = (*state.events.get(path, ()), event)

    def events(self, path: RunPath) -> list[RunEvent]:
        return list(self._state.events.get(path, ()))


class MemoryStreams(Repository):
    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        if path not in self._state.runs:
            raise NotFound(f"there is no run {path}")
        state = self._write()
        lines = dict(state.lines.get((path, chunk.stream), {}))
        for index, (line, step) in enumerate(zip(chunk.lines, steps, strict=True)):
            lines[chunk.offset + index] = (step, line)
        state.lines[(path, chunk.stream)] = lines

    def truncate(self, path: RunPath) -> None:
        state = self._write()
        for stream in Stream:
            state.lines.pop((path, stream), None)

    def line_counts(self, path: RunPath) -> dict[Stream, int]:
        return {stream: max(self._state.lines.get((path, stream), {}), default=-1) + 1 for stream in Stream}

    def last_line(self, path: RunPath, stream: Stream) -> str | None:
        found = self.lines(path, stream)
        return found[-1][1] if found else None

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        stored = sorted(self._state.lines.get((path, stream), {}).items())
        return [(number, text) for number, (_, text) in stored if number >= first][:limit]

    def rows(
        self,
        path: RunPath,
        stream: Stream,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int | None = None,
    ) -> list[tuple[int, int, str]]:
        stored = sorted(self._state.lines.get((path, stream), {}).items())
        return [
            (number, step, text)
            for number, (step, text) in stored
            if (min_step is None or step >= min_step) and (max_step is None or step < max_step)
        ][:limit]

    def last_step(self, path: RunPath) -> int:
        return max((step for _, step, _ in self.rows(path, Stream.HISTORY)), default=-1)

    def keys(self, path: RunPath) -> dict[str, KeySummary]:
        return summaries_of([loads_object(text) for _, text in self.lines(path, Stream.HISTORY)])

    def series(
        self, path: RunPath, keys: Sequence[str], *, min_step: int | None = None, max_step: int | None = None
    ) -> Series | None:
        rows = self.rows(path, Stream.HISTORY, min_step=min_step, max_step=max_step)
        return series_of(((step, loads_object(text)) for _, step, text in rows), keys)

    def series_each(self, path: RunPath, wanted: Sequence[Sequence[str]]) -> list[Series | None]:
        return [self.series(path, keys) for keys in wanted]


class MemoryFiles(Repository):
    def put(self, path: RunPath, file: RunFile) -> None:
        if path not in self._state.runs:
            raise NotFound(f"there is no run {path}")
        self._write().files[(path, file.name)] = file

    def get(self, path: RunPath, name: str) -> RunFile | None:
        return self._state.files.get((path, name))

    def of_run(self, path: RunPath) -> list[RunFile]:
        return [file for (owner, _), file in sorted(self._state.files.items()) if owner == path]

    def delete(self, path: RunPath, name: str) -> None:
        self._write().files.pop((path, name), None)

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        for (path, _), file in self._state.files.items():
            if path.entity == entity and file.blob is not None:
                yield file.blob


class MemorySweeps(Repository):
    def add(self, sweep: Sweep) -> None:
        if (sweep.path.entity, sweep.path.project) not in self._state.projects:
            raise Conflict(f"there is no project for {sweep.path}")
        _add(self._write().sweeps, sweep.path.sweep_id, given(sweep))

    def get(self, path: SweepPath) -> Sweep | None:
        sweep = self._state.sweeps.get(path.sweep_id)
        return given(sweep) if sweep is not None and sweep.path == path else None

    def save(self, sweep: Sweep) -> None:
        self._write().sweeps[sweep.path.sweep_id] = given(sweep)

    def of_project(self, entity: str, project: str) -> list[Sweep]:
        sweeps = [
            sweep
            for sweep in self._state.sweeps.values()
            if (sweep.path.entity, sweep.path.project) == (entity, project)
        ]
        sweeps.sort(key=lambda sweep: sweep.path.sweep_id)
        return given(sorted(sweeps, key=lambda sweep: sweep.created_at, reverse=True))

    def mark(self, entity: str, project: str) -> RowsMark:
        sweeps = self.of_project(entity, project)
        return RowsMark(len(sweeps), max((sweep.updated_at for sweep in sweeps), default=None))

    def unfinished(self) -> list[Sweep]:
        sweeps = [sweep for sweep in self._state.sweeps.values() if not sweep.state.is_over]
        return given(sorted(sweeps, key=lambda sweep: (sweep.created_at, sweep.path.sweep_id)))

    def add_lease(self, lease: Lease) -> None:
        if self.lease_of_run(lease.sweep_id, lease.run_id) is not None:
            raise Conflict(f"run {lease.run_id} is leased already")
        _add(self._write().leases, (lease.sweep_id, lease.position), given(lease))

    def save_lease(self, lease: Lease) -> None:
        self._write().leases[(lease.sweep_id, lease.position)] = given(lease)

    def lease_of_run(self, sweep_id: str, run_id: str) -> Lease | None:
        return next((lease for lease in self.leases(sweep_id) if lease.run_id == run_id), None)

    def lease_count(self, sweep_id: str) -> int:
        return sum(owner == sweep_id for owner, _ in self._state.leases)

    def leases(self, sweep_id: str, *, before: int | None = None) -> list[Lease]:
        leases = [
            lease
            for (owner, position), lease in self._state.leases.items()
            if owner == sweep_id and (before is None or position < before)
        ]
        return given(sorted(leases, key=lambda lease: lease.position))

    def leases_with_runs(
        self, path: SweepPath, *, states: frozenset[RunState], agent_id: str | None = None
    ) -> list[tuple[Lease, Run]]:
        found = []
        for lease in self.leases(path.sweep_id):
            run = self._state.runs.get(RunPath(path.entity, path.project, lease.run_id))
            if run is not None and run.state in states and agent_id in {None, lease.agent_id}:
                found.append((lease, given(run)))
        return found


class MemoryObjectives(Repository):
    def get(self, path: RunPath, metric: str) -> ObjectiveRecord | None:
        return self._state.objectives.get((path, metric))

    def save(self, path: RunPath, record: ObjectiveRecord) -> None:
        if path not in self._state.runs:
            raise NotFound(f"there is no run {path}")
        self._write().objectives[(path, record.metric)] = record

    def of_sweep(self, path: SweepPath, metric: str) -> dict[str, ObjectiveRecord]:
        return {
            run.run_id: record
            for (run, name), record in self._state.objectives.items()
            if name == metric and self._is_of(run, path)
        }

    def add_marks(self, path: RunPath, metric: str, marks: Mapping[int, Mark]) -> None:
        if path not in self._state.runs:
            raise NotFound(f"there is no run {path}")
        stored = self._write().marks
        for iteration, mark in marks.items():
            order = max((other.order for other in stored.values()), default=0) + 1
            stored[(path, metric, iteration)] = replace(mark, order=order)

    def marks(self, path: SweepPath, metric: str, iterations: Iterable[int]) -> dict[str, dict[int, Mark]]:
        found: dict[str, dict[int, Mark]] = {}
        for (run, name, iteration), mark in self._state.marks.items():
            if name == metric and iteration in iterations and self._is_of(run, path):
                found.setdefault(run.run_id, {})[iteration] = mark
        return found

    def forget(self, path: RunPath, metric: str | None = None) -> None:
        state = self._write()
        for table in (state.objectives, state.marks):
            for key in [key for key in table if key[0] == path and metric in {None, key[1]}]:
                del table[key]  # type: ignore[attr-defined]

    def _is_of(self, run: RunPath, path: SweepPath) -> bool:
        stored = self._state.runs.get(run)
        of_project = (run.entity, run.project) == (path.entity, path.project)
        return of_project and stored is not None and stored.sweep_id == path.sweep_id


class MemoryAgents(Repository):
    def add(self, agent: Agent) -> None:
        _add(self._write().agents, agent.agent_id, agent)

    def get(self, agent_id: str) -> Agent | None:
        return self._state.agents.get(agent_id)

    def save(self, agent: Agent) -> None:
        self._write().agents[agent.agent_id] = agent

    def of_sweep(self, sweep_id: str) -> list[Agent]:
        return self._sorted(agent for agent in self._state.agents.values() if agent.sweep_id == sweep_id)

    def silent_since(self, moment: datetime) -> list[Agent]:
        agents = self._state.agents.values()
        return self._sorted(agent for agent in agents if not agent.left and agent.heartbeat_at < moment)

    def _sorted(self, agents: Iterable[Agent]) -> list[Agent]:
        return sorted(agents, key=lambda agent: (agent.created_at, agent.agent_id))


class MemoryArtifacts(Repository):
    def ensure_collection(self, collection: ArtifactCollection) -> ArtifactCollection:
        key = (collection.entity, collection.project, collection.name)
        return self._write().collections.setdefault(key, collection)

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection | None:
        return self._state.collections.get((entity, project, name))

    def collections(self, entity: str, project: str) -> list[ArtifactCollection]:
        found = sorted(self._state.collections.items())
        return [collection for key, collection in found if key[:2] == (entity, project)]

    def save_collection(self, collection: ArtifactCollection) -> None:
        key = (collection.entity, collection.project, collection.name)
        state = self._write()
        state.collections[key] = collection
        for number, version in state.versions.items():
            if _collection_of(version) == key:
                state.versions[number] = replace(version, artifact_type=collection.artifact_type)

    def rename_collection(self, entity: str, project: str, name: str, new_name: str) -> None:
        before, after = (entity, project, name), (entity, project, new_name)
        state = self._write()
        if after in state.collections:
            raise Conflict(f"{new_name} is taken")
        if before not in state.collections:
            return
        state.collections[after] = replace(state.collections.pop(before), name=new_name)
        for number, version in state.versions.items():
            if _collection_of(version) == before:
                state.versions[number] = replace(version, collection=new_name)
        state.aliases = {
            (after if place == before else place, alias): number for (place, alias), number in state.aliases.items()
        }

    def delete_collection(self, entity: str, project: str, name: str) -> None:
        state, place = self._write(), (entity, project, name)
        state.collections.pop(place, None)
        gone = {number for number, version in state.versions.items() if _collection_of(version) == place}
        state.aliases = {key: number for key, number in state.aliases.items() if number not in gone}
        state.links = {key: None for key in state.links if key[0] not in gone}
        state.artifact_files = {key: file for key, file in state.artifact_files.items() if key[0] not in gone}
        state.manifests = {key: one for key, one in state.manifests.items() if one.artifact_number not in gone}
        state.versions = {number: one for number, one in state.versions.items() if number not in gone}

    def add(self, version: ArtifactVersion) -> ArtifactVersion:
        if _collection_of(version) not in self._state.collections:
            raise Conflict(f"there is no collection {version.collection}")
        versions = self._write().versions
        stored = given(replace(version, number=max(versions, default=0) + 1))
        versions[stored.number] = stored
        return given(stored)

    def get(self, number: int) -> ArtifactVersion | None:
        version = self._state.versions.get(number)
        return None if version is None else self._with_aliases(version)

    def save(self, version: ArtifactVersion) -> None:
        self._write().versions[version.number] = given(version)

    def by_client_id(self, client_id: str) -> ArtifactVersion | None:
        found = [version for version in self._state.versions.values() if version.client_id == client_id]
        return self._with_aliases(found[-1]) if found else None

    def by_distributed_id(
        self, entity: str, project: str, collection: str, distributed_id: str
    ) -> ArtifactVersion | None:
        place = (entity, project, collection)
        found = [
            version
            for version in self._state.versions.values()
            if _collection_of(version) == place and version.distributed_id == distributed_id
        ]
        return self._with_aliases(found[-1]) if found else None

    def by_sequence_client_id(self, sequence_client_id: str) -> ArtifactCollection | None:
        for version in reversed(self._state.versions.values()):
            if version.sequence_client_id == sequence_client_id:
                return self._state.collections[_collection_of(version)]
        return None

    def versions(self, entity: str, project: str, collection: str) -> list[ArtifactVersion]:
        found = [
            version
            for version in self._state.versions.values()
            if _collection_of(version) == (entity, project, collection) and version.state is ArtifactState.COMMITTED
        ]
        found.sort(key=lambda version: -(version.version or 0))
        return [self._with_aliases(version) for version in found]

    def by_digest(self, entity: str, project: str, collection: str, digest: str) -> ArtifactVersion | None:
        versions = self.versions(entity, project, collection)
        return next((version for version in versions if version.digest == digest), None)

    def next_version(self, entity: str, project: str, collection: str) -> int:
        place = (entity, project, collection)
        given_out = [
            version.version
            for version in self._state.versions.values()
            if _collection_of(version) == place and version.version is not None
        ]
        return max(given_out, default=-1) + 1

    def by_alias(self, entity: str, project: str, collection: str, alias: str) -> ArtifactVersion | None:
        number = self._state.aliases.get(((entity, project, collection), alias))
        return None if number is None else self.get(number)

    def set_aliases(self, number: int, aliases: Iterable[str]) -> None:
        state = self._write()
        if number not in state.versions:
            return
        for key in [key for key, owner in state.aliases.items() if owner == number]:
            del state.aliases[key]
        place = _collection_of(state.versions[number])
        for alias in aliases:
            state.aliases.pop((place, alias), None)
            state.aliases[(place, alias)] = number

    def add_manifest(self, manifest: Manifest) -> Manifest:
        manifests = self._write().manifests
        stored = replace(manifest, number=max(manifests, default=0) + 1)
        manifests[stored.number] = stored
        return stored

    def manifest(self, number: int) -> Manifest | None:
        return self._state.manifests.get(number)

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        found = self.manifests_of(artifact_number)
        return found[-1] if found else None

    def manifests_of(self, artifact_number: int) -> list[Manifest]:
        return [one for one in self._state.manifests.values() if one.artifact_number == artifact_number]

    def save_manifest(self, manifest: Manifest) -> None:
        self._write().manifests[manifest.number] = manifest

    def put_files(self, files: Sequence[ArtifactFile]) -> None:
        for file in files:
            self._write().artifact_files[(file.artifact_number, file.name)] = file

    def file(self, artifact_number: int, name: str) -> ArtifactFile | None:
        return self._state.artifact_files.get((artifact_number, name))

    def files(self, artifact_number: int) -> list[ArtifactFile]:
        stored = sorted(self._state.artifact_files.items(), key=lambda item: item[0])
        return [file for (number, _), file in stored if number == artifact_number]

    def blobs_by_md5(self, entity: str, md5s: Iterable[str]) -> dict[str, BlobRef]:
        wanted = set(md5s)
        return {
            file.md5: file.blob
            for file in self._state.artifact_files.values()
            if file.blob is not None and file.md5 in wanted and self._lives(file.artifact_number, entity)
        }

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        for held in (*self._state.manifests.values(), *self._state.artifact_files.values()):
            if held.blob is not None and self._lives(held.artifact_number, entity):
                yield held.blob

    def _lives(self, number: int, entity: str) -> bool:
        version = self._state.versions[number]
        return version.entity == entity and version.state is not ArtifactState.DELETED

    def link(self, number: int, run: RunPath, *, used: bool) -> None:
        self._write().links.setdefault((number, run, used), None)

    def linked_to_run(self, run: RunPath, *, used: bool) -> list[ArtifactVersion]:
        numbers = [number for number, path, kind in self._state.links if (path, kind) == (run, used)]
        versions = [self._with_aliases(self._state.versions[number]) for number in numbers]
        return [version for version in versions if version.state is not ArtifactState.DELETED]

    def users_of(self, number: int) -> list[RunPath]:
        return [path for linked, path, used in self._state.links if linked == number and used]

    def _with_aliases(self, version: ArtifactVersion) -> ArtifactVersion:
        if version.state is not ArtifactState.COMMITTED:
            return given(version)
        owned = [alias for (_, alias), number in self._state.aliases.items() if number == version.number]
        return given(replace(version, aliases=tuple(owned)))


class MemoryReports(Repository):
    def add(self, report: Report) -> None:
        if (report.entity, report.project) not in self._state.projects:
            raise Conflict(f"there is no project for report {report.report_id}")
        _add(self._write().reports, report.report_id, report)

    def get(self, report_id: str) -> Report | None:
        return self._state.reports.get(report_id)

    def save(self, report: Report) -> None:
        self._write().reports[report.report_id] = report

    def delete(self, report: Report) -> None:
        self._write().reports.pop(report.report_id, None)

    def of_project(self, entity: str, project: str) -> list[Report]:
        found = [each for each in self._state.reports.values() if (each.entity, each.project) == (entity, project)]
        found.sort(key=lambda report: report.report_id)
        return sorted(found, key=lambda report: report.updated_at, reverse=True)

    def mark(self, entity: str, project: str) -> RowsMark:
        reports = self.of_project(entity, project)
        return RowsMark(len(reports), max((report.updated_at for report in reports), default=None))


class MemoryUnitOfWork:
    def __init__(self, state: State, *, may_write: bool) -> None:
        self.access = MemoryAccess(state, may_write=may_write)
        self.projects = MemoryProjects(state, may_write=may_write)
        self.runs = MemoryRuns(state, may_write=may_write)
        self.streams = MemoryStreams(state, may_write=may_write)
        self.files = MemoryFiles(state, may_write=may_write)
        self.sweeps = MemorySweeps(state, may_write=may_write)
        self.objectives = MemoryObjectives(state, may_write=may_write)
        self.agents = MemoryAgents(state, may_write=may_write)
        self.artifacts = MemoryArtifacts(state, may_write=may_write)
        self.reports = MemoryReports(state, may_write=may_write)


class MemoryDatabase:
    def __init__(self) -> None:
        self._state = State()
        self._lock = threading.Lock()

    @property
    def is_writing(self) -> bool:
        return self._lock.locked()

    @contextmanager
    def reading(self) -> Iterator[MemoryUnitOfWork]:
        yield MemoryUnitOfWork(self._state, may_write=False)

    @contextmanager
    def writing(self) -> Iterator[MemoryUnitOfWork]:
        with self._lock:
            state = self._state.cloned()
            yield MemoryUnitOfWork(state, may_write=True)
            self._state = state

    def write_soon(self, work: Callable[[MemoryUnitOfWork], T]) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            with self.writing() as unit:
                result = work(unit)
        except Exception as error:  # noqa: BLE001 - handed to the one who waits for it
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def close(self) -> None:
        pass


def _add(table: dict[object, object] | dict[str, object], key: object, value: object) -> None:
    if key in table:
        raise Conflict(f"{key} is stored already")
    table[key] = value  # type: ignore[index]


def _is_selected(run: Run, selection: RunSelection) -> bool:
    return (
        (run.path.entity, run.path.project) == (selection.entity, selection.project)
        and selection.sweep_id in {None, run.sweep_id}
        and selection.agent_id in {None, run.agent_id}
        and (selection.states is None or run.state in selection.states)
    )


def _collection_of(version: ArtifactVersion) -> CollectionKey:
    return version.entity, version.project, version.collection
