"""The ports: what the services need from storage, and what every adapter promises.

Promises of every `Database`:

- Thread-safe. A unit of work belongs to the thread that opened it and is worthless after its block.
- `reading()` sees one consistent snapshot, taken at its first read, and never waits for a writer.
- `writing()` runs alone: no other writer's changes come in between. It sees its own changes. On a clean exit
  everything is on disk before the block is left; on an exception nothing of it is kept.
- Values handed in are taken as they are at the call; values given out belong to the caller.
- Datetimes are timezone-aware, in UTC, exact to the microsecond.

Repositories raise only what their methods name; `get` methods answer None where nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol, TypeVar

from sweepyard.domain.access import ApiKey, Credential, Team, User
from sweepyard.domain.agent import Agent
from sweepyard.domain.artifact import ArtifactCollection, ArtifactFile, ArtifactVersion, BlobRef, Manifest, RunFile
from sweepyard.domain.fields import RunField
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.history_keys import KeySummary
from sweepyard.domain.objective import Mark, ObjectiveRecord
from sweepyard.domain.project import Project
from sweepyard.domain.run import Run, RunEvent, RunPath, RunPulse, RunState
from sweepyard.domain.series import Series
from sweepyard.domain.sweep import Lease, Sweep, SweepPath
from sweepyard.jsonvalue import JsonObject, JsonValue

T = TypeVar("T")


class AccessRepository(Protocol):
    """Users, teams, keys (as digests) and the hub's own secrets."""

    def add_user(self, user: User) -> None:
        """Store a new user.

        Raises:
            Conflict: The name is taken.
        """

    def user(self, username: str) -> User | None: ...

    def users(self) -> list[User]:
        """All users, by name."""

    def save_user(self, user: User) -> None:
        """Overwrite what is stored under the user's name."""

    def remove_user(self, username: str) -> None:
        """Remove the user with all keys and memberships; harmless when there is none."""

    def add_team(self, team: Team) -> None:
        """Store a new team, with its members.

        Raises:
            Conflict: The name is taken by a team.
        """

    def teams(self) -> list[Team]:
        """All teams, by name."""

    def remove_team(self, name: str) -> None:
        """Remove the team; what belongs to the entity stays. Harmless when there is none."""

    def add_member(self, team: str, username: str) -> None:
        """Make the user a member; harmless when it is one."""

    def remove_member(self, team: str, username: str) -> None:
        """End a membership; harmless when there is none."""

    def add_key(self, key: ApiKey) -> None:
        """Store a new key.

        Raises:
            Conflict: The same key is stored already.
        """

    def keys_with_prefix(self, prefix: str) -> list[ApiKey]:
        """The keys, revoked ones too, whose digest begins with `prefix`; by digest."""

    def credentials(self, prefix: str) -> list[Credential]:
        """The keys that `keys_with_prefix` gives, with the accounts that they open."""

    def keys(self) -> list[ApiKey]:
        """All keys, oldest first."""

    def save_key(self, key: ApiKey) -> None:
        """Overwrite what is stored under the key's digest."""

    def secret(self, name: str) -> str | None: ...

    def set_secret(self, name: str, value: str) -> None: ...


class ProjectRepository(Protocol):
    """Projects."""

    def ensure(self, entity: str, name: str, now: datetime) -> Project:
        """The project, made if there is none."""

    def get(self, entity: str, name: str) -> Project | None: ...

    def by_number(self, number: int) -> Project | None: ...

    def save(self, project: Project) -> None:
        """Overwrite what is stored under the project's number."""

    def of_entity(self, entity: str) -> list[Project]:
        """The entity's projects, by name."""

    def entities(self) -> list[str]:
        """The entities that have a project, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """Which runs of a project are meant; None means any."""

    entity: str
    project: str
    sweep_id: str | None = None
    agent_id: str | None = None
    states: frozenset[RunState] | None = None


STAMP_MODULUS = 2**40


@dataclass(frozen=True, slots=True)
class RunsMark:
    """How many runs a project has, and the sum of their stamps, each modulo `STAMP_MODULUS`."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class SweepsMark:
    """How many sweeps a project has, and when one of them was last changed."""

    count: int
    latest: datetime | None


class RunRepository(Protocol):
    """Runs and their events; the line streams are in `StreamRepository`."""

    def add(self, run: Run) -> None:
        """Store a new run in a project that exists.

        Raises:
            Conflict: A run of that path is stored already.
        """

    def get(self, path: RunPath) -> Run | None: ...

    def save(self, run: Run) -> None:
        """Overwrite the stored run of that path, whole."""

    def pulse(self, path: RunPath) -> RunPulse | None:
        """The little of a run that each request of its streams needs, at little cost."""

    def beat(self, path: RunPath, now: datetime, *, summary: JsonObject | None = None) -> None:
        """Note a heartbeat, and with it a new summary (which is an update at `now`); the rest stays as it is."""

    def delete(self, path: RunPath) -> None:
        """Remove the run with its streams, files and events; harmless when there is none."""

    def select(self, selection: RunSelection) -> list[Run]:
        """The selected runs, oldest first (then by id)."""

    def page(
        self, selection: RunSelection, *, newest_first: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[Run]:
        """At most `limit` selected runs by (created_at, id), beginning behind `after`."""

    def of_ids(self, entity: str, project: str, run_ids: Sequence[str]) -> list[Run]:
        """Those of the runs that there are, in the order of the ids."""

    def mark(self, entity: str, project: str) -> RunsMark:
        """What tells whether anything has changed about the project's runs."""

    def stamp(self, path: RunPath) -> int | None:
        """The run's number among `stamps`; None where there is no run."""

    def stamps(self, entity: str, project: str, *, newer_than: int | None = None) -> dict[str, int]:
        """A number for each run of the project, by run id: it is a greater one after every change of the run.

        A run that is added again under the id of a deleted one has a greater stamp too. Stamps that two processes
        give come in the order of their clocks.

        Args:
            newer_than: Only stamps above this one are wanted.
        """

    def columns(
        self, entity: str, project: str, fields: Collection[RunField], run_ids: Collection[str] | None = None
    ) -> dict[RunField, dict[str, JsonValue]]:
        """The values of fields, by run id: of these runs of the project (those that there are), or of all of them."""

    def count(self, selection: RunSelection) -> int: ...

    def count_by_state(self, selection: RunSelection) -> dict[RunState, int]:
        """How many selected runs are in each state; states without a run are absent."""

    def states(self, selection: RunSelection) -> dict[str, RunState]:
        """The selected runs' states, by run id."""

    def live_and_silent_since(self, moment: datetime) -> list[Run]:
        """Running, preempting, and handed-out pending runs of all projects whose last sign is before `moment`."""

    def add_event(self, path: RunPath, event: RunEvent) -> None: ...

    def events(self, path: RunPath) -> list[RunEvent]:
        """What happened to the run, in the order of storing."""


class StreamRepository(Protocol):
    """The line streams of runs."""

    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        """Overwrite [offset, offset + len) of a stream; `steps` holds one number a line (0 for the console).

        Raises:
            NotFound: There is no such run.
        """

    def truncate(self, path: RunPath) -> None:
        """Remove every line of every stream of the run."""

    def line_counts(self, path: RunPath) -> dict[Stream, int]:
        """The line number behind the last line of each stream; 0 for an empty one."""

    def last_line(self, path: RunPath, stream: Stream) -> str | None: ...

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        """(line number, text) from line `first` on, in order."""

    def rows(
        self,
        path: RunPath,
        stream: Stream,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int | None = None,
    ) -> list[tuple[int, int, str]]:
        """(line number, step, text) with min_step <= step < max_step, in line order."""

    def last_step(self, path: RunPath) -> int:
        """The greatest step of the history; -1 without rows."""

    def keys(self, path: RunPath) -> dict[str, KeySummary]:
        """The summary of every key of the history, by dotted key, in order of first appearance."""

    def series(
        self, path: RunPath, keys: Sequence[str], *, min_step: int | None = None, max_step: int | None = None
    ) -> Series | None:
        """The rows of the history with min_step <= step < max_step that have something under all of `keys` (dotted).

        None where one of these rows has something under one of the keys that is no number, or a whole number that a
        float64 does not hold.
        """


class FileRepository(Protocol):
    """Files of runs."""

    def put(self, path: RunPath, file: RunFile) -> None:
        """Store the file, or overwrite the one of that name."""

    def get(self, path: RunPath, name: str) -> RunFile | None: ...

    def of_run(self, path: RunPath) -> list[RunFile]:
        """The run's files, by name."""

    def delete(self, path: RunPath, name: str) -> None: ...

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        """The bytes of the entity's files, in any order; what several files share may come more than once."""


class SweepRepository(Protocol):
    """Sweeps and their leases."""

    def add(self, sweep: Sweep) -> None:
        """Store a new sweep in a project that exists.

        Raises:
            Conflict: A sweep of that id is stored already (ids are the hub's, across projects).
        """

    def get(self, path: SweepPath) -> Sweep | None: ...

    def save(self, sweep: Sweep) -> None:
        """Overwrite the stored sweep of that path, whole."""

    def of_project(self, entity: str, project: str) -> list[Sweep]:
        """The project's sweeps, newest first."""

    def mark(self, entity: str, project: str) -> SweepsMark:
        """What tells whether anything has changed about the project's sweeps."""

    def unfinished(self) -> list[Sweep]:
        """The sweeps of all projects that are neither finished nor canceled, oldest first."""

    def add_lease(self, lease: Lease) -> None:
        """Store a new lease.

        Raises:
            Conflict: The sweep's position, or the run, is leased already.
        """

    def save_lease(self, lease: Lease) -> None:
        """Overwrite the stored lease of that sweep and position."""

    def lease_of_run(self, sweep_id: str, run_id: str) -> Lease | None: ...

    def lease_count(self, sweep_id: str) -> int: ...

    def leases(self, sweep_id: str, *, before: int | None = None) -> list[Lease]:
        """The sweep's leases, of the positions `before` one where given; by position."""

    def leases_with_runs(
        self, path: SweepPath, *, states: frozenset[RunState], agent_id: str | None = None
    ) -> list[tuple[Lease, Run]]:
        """The sweep's leases, of one agent where given, whose run is in one of `states`; by position."""


class ObjectiveRepository(Protocol):
    """What runs logged of objectives, kept up while they log: so that nobody reads whole histories to compare runs."""

    def get(self, path: RunPath, metric: str) -> ObjectiveRecord | None: ...

    def save(self, path: RunPath, record: ObjectiveRecord) -> None:
        """Store the record, or overwrite the one of that run and metric."""

    def of_sweep(self, path: SweepPath, metric: str) -> dict[str, ObjectiveRecord]:
        """The records of the sweep's runs, by run id; runs without one are absent."""

    def add_marks(self, path: RunPath, metric: str, marks: Mapping[int, Mark]) -> None:
        """Store how the run stood, by iteration; a later call's marks have greater `order`s, which the store gives."""

    def marks(self, path: SweepPath, metric: str, iterations: Collection[int]) -> dict[str, dict[int, Mark]]:
        """The marks of the sweep's runs at these iterations, by run id; runs without any are absent."""

    def forget(self, path: RunPath, metric: str | None = None) -> None:
        """Remove the run's records and marks, of one metric or of all."""


class AgentRepository(Protocol):
    """Agents."""

    def add(self, agent: Agent) -> None: ...

    def get(self, agent_id: str) -> Agent | None: ...

    def save(self, agent: Agent) -> None: ...

    def of_sweep(self, sweep_id: str) -> list[Agent]:
        """The sweep's agents, oldest first."""

    def silent_since(self, moment: datetime) -> list[Agent]:
        """Agents that have not left and whose last heartbeat is before `moment`."""


class ArtifactRepository(Protocol):
    """Artifacts: collections, versions, aliases, manifests, files, and who made or used them."""

    def ensure_collection(self, collection: ArtifactCollection) -> ArtifactCollection:
        """The stored collection of that name, which may be of another type; made if there is none."""

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection | None: ...

    def collections(self, entity: str, project: str) -> list[ArtifactCollection]:
        """The project's collections, by name."""

    def save_collection(self, collection: ArtifactCollection) -> None:
        """Overwrite what is stored under the collection's name; its versions take its type."""

    def rename_collection(self, entity: str, project: str, name: str, new_name: str) -> None:
        """Give the collection, with its versions and aliases, another name.

        Raises:
            Conflict: The name is taken.
        """

    def delete_collection(self, entity: str, project: str, name: str) -> None:
        """Remove the collection and all of its versions; harmless when there is none."""

    def add(self, version: ArtifactVersion) -> ArtifactVersion:
        """Store a new version; its `number` is given by the store and is in what comes back."""

    def get(self, number: int) -> ArtifactVersion | None: ...

    def save(self, version: ArtifactVersion) -> None:
        """Overwrite what is stored under the version's number; aliases of a committed one are `set_aliases`'s."""

    def by_client_id(self, client_id: str) -> ArtifactVersion | None:
        """The newest version with that client id."""

    def by_distributed_id(
        self, entity: str, project: str, collection: str, distributed_id: str
    ) -> ArtifactVersion | None:
        """The newest version that processes make together under that id."""

    def by_sequence_client_id(self, sequence_client_id: str) -> ArtifactCollection | None: ...

    def versions(self, entity: str, project: str, collection: str) -> list[ArtifactVersion]:
        """The committed versions, newest first."""

    def by_digest(self, entity: str, project: str, collection: str, digest: str) -> ArtifactVersion | None:
        """The newest committed version with that manifest digest."""

    def next_version(self, entity: str, project: str, collection: str) -> int:
        """One more than the greatest index ever given in the collection, deleted versions included."""

    def by_alias(self, entity: str, project: str, collection: str, alias: str) -> ArtifactVersion | None: ...

    def set_aliases(self, number: int, aliases: Iterable[str]) -> None:
        """Make exactly these aliases point at the version; each leaves the version that had it."""

    def add_manifest(self, manifest: Manifest) -> Manifest:
        """Store a new manifest; its `number` is given by the store and is in what comes back."""

    def manifest(self, number: int) -> Manifest | None: ...

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        """The artifact's newest manifest."""

    def manifests_of(self, artifact_number: int) -> list[Manifest]:
        """All manifests of the artifact, oldest first."""

    def save_manifest(self, manifest: Manifest) -> None: ...

    def put_files(self, files: Sequence[ArtifactFile]) -> None:
        """Store files, or overwrite those of the same artifact and name."""

    def file(self, artifact_number: int, name: str) -> ArtifactFile | None: ...

    def files(self, artifact_number: int) -> list[ArtifactFile]:
        """The version's files, by name."""

    def blobs_by_md5(self, entity: str, md5s: Iterable[str]) -> dict[str, BlobRef]:
        """For each MD5 (base64) that some artifact file of the entity has bytes for: those bytes.

        Files of deleted versions do not count: their bytes may be gone.
        """

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        """The bytes of manifests, files and pieces of the entity's versions, deleted ones excepted, in any order.

        What several files share may come more than once.
        """

    def link(self, number: int, run: RunPath, *, used: bool) -> None:
        """Note that the run made (or, with `used`, read) the version; noting it twice changes nothing."""

    def linked_to_run(self, run: RunPath, *, used: bool) -> list[ArtifactVersion]:
        """The versions that the run made, or used, in the order of noting; deleted ones are left out."""

    def users_of(self, number: int) -> list[RunPath]:
        """The runs that used the version, in the order of noting."""


class UnitOfWork(Protocol):
    """The repositories, all in one transaction."""

    @property
    def access(self) -> AccessRepository: ...

    @property
    def projects(self) -> ProjectRepository: ...

    @property
    def runs(self) -> RunRepository: ...

    @property
    def streams(self) -> StreamRepository: ...

    @property
    def files(self) -> FileRepository: ...

    @property
    def sweeps(self) -> SweepRepository: ...

    @property
    def objectives(self) -> ObjectiveRepository: ...

    @property
    def agents(self) -> AgentRepository: ...

    @property
    def artifacts(self) -> ArtifactRepository: ...


class Database(Protocol):
    """Gives units of work; see the module's promises."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work on a consistent snapshot; writing through it is an error."""

    def writing(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work that commits durably on a clean exit and leaves nothing behind on an exception."""

    def write_soon(self, work: Callable[[UnitOfWork], T]) -> Future[T]:
        """Have `work` done on a writing unit of work that it may share with other works.

        The future is done once everything that the work did is on disk, and gives what it gave; works that come at
        the same time share one sync. Works are done one after the other, in the order of the calls, each at most
        once, and each sees what those before it did. If a work raises, nothing of it is kept, its future gives the
        error, and the others do not notice. It runs on a thread of the database's: it must neither open a unit nor
        wait for anything. A future that is cancelled before its turn is not done at all.
        """

    def close(self) -> None:
        """Do what `write_soon` was asked for, and let go of files and connections; no unit of work may be open."""


class BlobWriter(Protocol):
    """Takes the bytes of one blob, in pieces; used by one thread at a time."""

    def write(self, piece: bytes) -> None: ...

    def finish(self) -> BlobRef:
        """Store the blob: it is on disk when this returns. May be called once."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it lies in its store.

    Attributes:
        stored_at: When its bytes were last stored: storing what is there already counts too.
    """

    digest: str
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that were written and never made a blob: an upload that is under way, or one that broke off.

    Attributes:
        name: Names it in its store.
        touched_at: When bytes of it last came.
    """

    name: str
    size_bytes: int
    touched_at: datetime


class BlobStore(Protocol):
    """Bytes by their SHA-256. Thread-safe; a blob is whole or not there, and never changes."""

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """A writer whose bytes are forgotten at the end of the block unless `finish` was called."""

    def open(self, digest: str) -> IO[bytes]:
        """The blob as a seekable stream, to be closed by the caller.

        Raises:
            NotFound: There is no such blob, or `digest` is not 64 hexadecimal digits.
        """

    def contains(self, digest: str) -> bool: ...

    def stored(self) -> Iterator[StoredBlob]:
        """All blobs, in any order; those that come or go meanwhile may be among them or not."""

    def discard(self, digest: str, *, stored_before: datetime) -> bool:
        """Remove the blob unless it was stored at `stored_before` or later; whether it was there and removed.

        Whoever stores the same bytes meanwhile has them stored afterwards.
        """

    def uploads(self) -> Iterator[Upload]:
        """What is under way or broke off, in any order."""

    def forget(self, upload: Upload) -> bool:
        """Remove what an upload left; whether it was there and removed. One that is seen to be under way stays."""


def store_bytes(blobs: BlobStore, content: Iterable[bytes]) -> BlobRef:
    """Store pieces of bytes as one blob."""
    with blobs.writer() as writer:
        for piece in content:
            writer.write(piece)
        return writer.finish()
