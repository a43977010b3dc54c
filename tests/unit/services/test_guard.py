from __future__ import annotations

import base64
import hashlib
import inspect
import itertools
import typing
from dataclasses import replace

import pytest

from sweepyard.domain.access import NOBODY, Actor, Role
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.report import SavedView
from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import Forbidden, NotFound
from sweepyard.jsonvalue import dumps
from sweepyard.services import guard, ports
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.artifacts import ArtifactChanges
from sweepyard.services.guard import acting_as, acting_for_the_hub
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.reports import ReportDraft
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.services.sweeps import SweepChanges, SweepDraft

MD5 = base64.b64encode(hashlib.md5(b"x").digest()).decode()
ENTITIES = ("lab", "zoo")
SAVED = SavedView(name="v", kind="runs", description="", spec={})
GRID = "method: grid\nprogram: t.py\nmetric: {name: loss}\nparameters: {lr: {values: [0.1, 0.2, 0.3]}}"


class World:
    """A hub in which the entities lab and zoo have one of everything; operations on zoo's."""

    def __init__(self, services) -> None:
        self.services = services
        self.run = RunPath("zoo", "digits", "one")
        for entity in ENTITIES:
            root = Actor(entity, "root", Role.ADMIN)
            run = RunPath(entity, "digits", "one")
            sweep = services.sweeps.create(entity, "digits", SweepDraft(config_yaml=GRID), actor=root)
            agent = services.agents.create(sweep.path, host="h")
            changes = RunChanges(host="h", sweep_id=sweep.path.sweep_id)
            services.runs.upsert(run, changes, actor=root, begins=True)
            services.streams.receive(run, update())
            services.files.put(run, "a.txt", self.blob())
            self.report = services.reports.create(entity, "digits", ReportDraft("t", ""), author="root")
            self.draft = ArtifactDraft(
                entity=entity,
                project="digits",
                collection="model",
                artifact_type="model",
                digest="d" * 32,
                client_id=entity,
                run_id="one",
            )
            version = self.committed()
        services.artifacts.use(services.artifacts.find("lab", "digits", "model").number, self.run)
        self.sweep, self.agent, self.version = sweep, agent, version
        self.pending = services.artifacts.create(replace(self.draft, digest="e" * 32, client_id="pending"))
        services.artifacts.register_files(self.pending.number, [("w.bin", MD5)])

    def committed(self):
        artifacts = self.services.artifacts
        version = artifacts.create(self.draft)
        manifest = artifacts.add_manifest(version.number, name="m.json", digest="")
        artifacts.register_files(version.number, [("w.bin", MD5)])
        artifacts.put_file(version.number, "w.bin", self.blob())
        contents = {"w.bin": {"digest": MD5, "size": 1}}
        artifacts.put_manifest(manifest.number, self.blob(dumps({"version": 1, "contents": contents}).encode()))
        return artifacts.commit(version.number)

    def blob(self, content: bytes = b"x"):
        with self.services.files.writer() as writer:
            writer.write(content)
            return writer.finish()


def update() -> StreamUpdate:
    return StreamUpdate(chunks=(Chunk(Stream.HISTORY, 0, ('{"_step": 0, "loss": 1}',)),))


READS = {
    "a project": lambda w: w.services.projects.get("zoo", "digits"),
    "a project that may be missing": lambda w: w.services.projects.find("zoo", "digits"),
    "an entity's projects": lambda w: w.services.projects.list("zoo"),
    "a run": lambda w: w.services.runs.get(w.run),
    "a run that may be missing": lambda w: w.services.runs.find(w.run),
    "runs": lambda w: w.services.runs.list(RunSelection(entity="zoo", project="digits")),
    "runs by a filter": lambda w: w.services.runs.list(
        RunSelection(entity="zoo", project="digits"), filters={"state": "running"}
    ),
    "a count of runs": lambda w: w.services.runs.count(RunSelection(entity="zoo", project="digits")),
    "states of runs": lambda w: w.services.runs.count_by_state(RunSelection(entity="zoo", project="digits")),
    "events": lambda w: w.services.runs.events(w.run),
    "history": lambda w: w.services.history.rows(w.run),
    "sampled history": lambda w: w.services.history.sampled(w.run, ("loss",), 10),
    "the console": lambda w: w.services.history.console(w.run),
    "tails": lambda w: w.services.streams.tails(w.run),
    "a file": lambda w: w.services.files.get(w.run, "a.txt"),
    "files": lambda w: w.services.files.list(w.run),
    "a file's bytes": lambda w: w.services.files.open(w.run, "a.txt")[1].close(),
    "a sweep": lambda w: w.services.sweeps.get(w.sweep.path),
    "sweeps": lambda w: w.services.sweeps.list("zoo", "digits"),
    "a sweep's best": lambda w: w.services.sweeps.best(w.sweep.path),
    "an agent": lambda w: w.services.agents.get(w.agent.agent_id),
    "an artifact's types": lambda w: w.services.artifacts.types("zoo", "digits"),
    "a collection": lambda w: w.services.artifacts.collection("zoo", "digits", "model"),
    "versions": lambda w: w.services.artifacts.versions("zoo", "digits", "model"),
    "a version by number": lambda w: w.services.artifacts.get(w.version.number),
    "a version by its client's id": lambda w: w.services.artifacts.by_client_id("zoo"),
    "a version's files": lambda w: w.services.artifacts.files(w.version.number),
    "a version's file": lambda w: w.services.artifacts.file(w.version.number, "w.bin"),
    "outputs": lambda w: w.services.artifacts.outputs_of(w.run),
    "a report": lambda w: w.services.reports.get("zoo", "digits", w.report.report_id),
    "reports": lambda w: w.services.reports.list("zoo", "digits"),
}
CHANGES = {
    "a project": lambda w: w.services.projects.ensure("zoo", "digits", description="mine"),
    "a new project": lambda w: w.services.projects.ensure("zoo", "fresh"),
    "a run": lambda w: w.services.runs.upsert(
        w.run, RunChanges(notes="mine"), actor=Actor("lab", "ann", Role.WRITE), begins=False
    ),
    "a stop": lambda w: w.services.runs.request_stop(w.run),
    "a state": lambda w: w.services.runs.set_state(w.run, RunState.FINISHED),
    "an alert": lambda w: w.services.runs.record_alert(w.run, title="t", text="t", severity="INFO"),
    "a resume": lambda w: w.services.runs.note_resume(w.run),
    "a chunk": lambda w: w.services.streams.receive(w.run, update()),
    "an announced file": lambda w: w.services.files.register(w.run, ["b.txt"]),
    "a file": lambda w: w.services.files.put(w.run, "a.txt", w.blob()),
    "no file": lambda w: w.services.files.delete(w.run, "a.txt"),
    "a sweep": lambda w: w.services.sweeps.create(
        "zoo", "digits", SweepDraft(config_yaml=GRID), actor=Actor("lab", "ann", Role.WRITE)
    ),
    "a sweep's name": lambda w: w.services.sweeps.update(w.sweep.path, SweepChanges(display_name="mine")),
    "an agent": lambda w: w.services.agents.create(w.sweep.path, host="h"),
    "a heartbeat": lambda w: w.services.agents.heartbeat(w.agent.agent_id, []),
    "a version": lambda w: w.services.artifacts.create(w.draft),
    "a version's files": lambda w: w.services.artifacts.register_files(w.pending.number, [("v.bin", MD5)]),
    "a version's bytes": lambda w: w.services.artifacts.put_file(w.pending.number, "w.bin", w.blob()),
    "a manifest": lambda w: w.services.artifacts.add_manifest(w.pending.number, name="m.json", digest="d"),
    "a description": lambda w: w.services.artifacts.update(w.version.number, ArtifactChanges(description="mine")),
    "an alias": lambda w: w.services.artifacts.add_aliases(w.version.number, ["mine"]),
    "a use by a run": lambda w: w.services.artifacts.use(w.version.number, w.run),
    "a report": lambda w: w.services.reports.create("zoo", "digits", ReportDraft("mine", ""), author="ann"),
    "a client's report": lambda w: w.services.reports.save_view(
        RunSelection(entity="zoo", project="digits"), "mine", SAVED, author="ann"
    ),
    "a report over": lambda w: w.services.reports.change_view(w.report.report_id, "mine", SAVED, editor="ann"),
    "no report": lambda w: w.services.reports.delete(w.services.reports.get("zoo", "digits", w.report.report_id)),
    "no version": lambda w: w.services.artifacts.delete(w.version.number, delete_aliases=True),
    "no run": lambda w: w.services.runs.delete(w.run),
}
# Changes in this order stand side by side: what takes something away comes last.
OPERATIONS = [
    *((Role.READ, f"read {name}", operation) for name, operation in READS.items()),
    *((Role.WRITE, f"change {name}", operation) for name, operation in CHANGES.items()),
]
MEMBERSHIPS = {
    "own entity": lambda role: Actor("zoo", "ann", role),
    "team": lambda role: Actor("lab", "ann", role, frozenset({"red", "zoo"})),
    "stranger": lambda role: Actor("lab", "ann", role, frozenset({"red"})),
}


@pytest.fixture
def world(hub) -> World:
    return World(hub.services)


def outcome(operation, world: World) -> str:
    """What stops an operation: what a stranger finds by a number or an id alone is not there."""
    try:
        operation(world)
    except (Forbidden, NotFound):
        return "refused"
    return "done"


@pytest.mark.parametrize(("role", "membership"), list(itertools.product(Role, MEMBERSHIPS)))
def test_who_may_do_what(world: World, role: Role, membership: str) -> None:
    actor = MEMBERSHIPS[membership](role)
    reaches = membership != "stranger" or role is Role.ADMIN
    with acting_as(actor):
        found = {name: outcome(operation, world) for _, name, operation in OPERATIONS}
    assert found == {name: "done" if reaches and role.includes(needed) else "refused" for needed, name, _ in OPERATIONS}


def test_nobody_may_do_nothing(world: World) -> None:
    with acting_as(NOBODY):
        assert {outcome(operation, world) for _, _, operation in OPERATIONS} == {"refused"}


def test_a_named_entity_is_refused_alike_whether_it_holds_something_or_not(world: World) -> None:
    said = set()
    with acting_as(Actor("lab", "ann", Role.WRITE, frozenset({"red"}))):
        for project in ("digits", "no such project"):
            with pytest.raises(Forbidden) as refused:
                world.services.projects.get("zoo", project)
            said.add(str(refused.value))
    [message] = said
    assert "'zoo'" in message
    assert "lab, red" in message


def test_a_number_of_another_entity_says_what_a_number_of_nothing_says(world: World) -> None:
    said = set()
    with acting_as(Actor("lab", "ann", Role.WRITE)):
        for number in (world.version.number, 99):
            with pytest.raises(NotFound) as missing:
                world.services.artifacts.get(number)
            said.add(str(missing.value).replace(str(number), "N"))
    assert len(said) == 1


def test_relations_lead_to_nothing_of_others(world: World) -> None:
    own = world.services.artifacts.find("lab", "digits", "model:latest")
    assert [run.path.entity for run in world.services.artifacts.used_by(own.number)] == ["zoo"]
    with acting_as(Actor("lab", "ann", Role.READ)):
        assert world.services.artifacts.used_by(own.number) == ()
        assert world.services.projects.entities() == ("lab",)
        # The id of another's sweep under the own entity's name.
        assert world.services.agents.of_sweep(SweepPath("lab", "digits", world.sweep.path.sweep_id)) == ()


def test_the_hub_itself_reaches_all_and_blocks_end(world: World) -> None:
    with acting_as(NOBODY):
        with acting_for_the_hub():
            assert world.services.projects.entities() == ENTITIES
        assert world.services.projects.entities() == ()
    assert world.services.projects.entities() == ENTITIES


# Asked only about a sweep that was found by its path, which is guarded.
BY_SWEEP = {("sweeps", name) for name in ("add_lease", "save_lease", "lease_of_run", "leases", "lease_count")}


def test_every_method_of_every_repository_says_whose_rows_it_touches() -> None:
    """A method that the guard cannot see through is one through which rows would leak."""
    owned = {kind.__name__ for kind in guard._OWNED} | {kind.__name__ for kind in guard._OF_A_VERSION}
    repositories = {
        name: typing.get_type_hints(prop.fget, vars(ports))["return"]
        for name, prop in inspect.getmembers(ports.UnitOfWork, lambda item: isinstance(item, property))
    }
    assert all(isinstance(getattr(guard.GuardedUnit, name), property) for name in repositories)
    strange = set()
    for repository, protocol in repositories.items():
        for name, method in inspect.getmembers(protocol, inspect.isfunction):
            if name.startswith("_") or repository == "access":
                continue
            signature = inspect.signature(method)
            hints = [str(parameter.annotation) for parameter in signature.parameters.values()]
            speaks = {"entity", "artifact_number"} & set(signature.parameters) or name in (
                guard._BY_VERSION_NUMBER | guard._NAMES_ENTITIES
            )
            typed = any(kind in text for text in [*hints, str(signature.return_annotation)] for kind in owned)
            if not speaks and not typed:
                strange.add((repository, name))
    assert strange == BY_SWEEP
