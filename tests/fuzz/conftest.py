"""A hub over a real database, asked in-process, that holds one of everything for two entities."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.asking import Ask, asker
from tests.parts.databases import open_migrated

from sweepyard.clock import SystemClock
from sweepyard.domain.access import Actor, Role
from sweepyard.domain.run import RunPath
from sweepyard.hub.app import create_app
from sweepyard.hub.wandb_api import codec
from sweepyard.ids import RandomIds
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.bundle import Services, build
from sweepyard.services.ports import Database
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.services.sweeps import SweepDraft
from sweepyard.settings import Settings
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.unit_of_work import DATABASE_FILE
from sweepyard.web.hosts import Addresses

SECRET = "SECRET-of-the-zoo"
ENTITIES = ("zoo", "lab")
SWEEP = "method: grid\nprogram: t.py\nmetric: {name: loss}\nparameters: {lr: {values: [0.1, 0.2, 0.3]}}\n"
MD5 = base64.b64encode(hashlib.md5(b"bytes").digest()).decode()


class World:
    """The hub, keys of people with different rights, and names of things that there are.

    Attributes:
        file: The database's.
        keys: By user: `reader` and `writer` belong to the entity lab, `stranger` to none of the two.
        known: Names and ids that hit something.
    """

    def __init__(self, services: Services, database: Database, ask: Ask, file: Path) -> None:
        self.services = services
        self.database = database
        self.ask = ask
        self.file = file
        self.keys: dict[str, str] = {}
        self.known: list[str] = []

    def graphql(self, query: str, variables: Any = None, *, user: str = "writer") -> httpx.Response:
        """The response to a document."""
        content = json.dumps({"query": query, "variables": variables})
        return self.ask("POST", "/graphql", content=content, auth=("api", self.keys[user]))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = Settings(home=tmp_path, cache=tmp_path)
    database = open_migrated(tmp_path)
    services = build(database, BlobFolder(tmp_path / "blobs"), SystemClock(), RandomIds(), settings)
    app = create_app(services, settings=settings, addresses=Addresses("http://127.0.0.1:80"))
    made = World(services, database, asker(app), tmp_path / DATABASE_FILE)
    services.access.ensure_user("reader", entity="lab", role=Role.READ)
    services.access.ensure_user("writer", entity="lab", role=Role.WRITE)
    services.access.ensure_user("stranger", entity="stranger", role=Role.WRITE)
    made.keys = {user: services.access.create_key(user) for user in ("reader", "writer", "stranger")}
    for entity in ENTITIES:
        made.known += _fill(services, entity)
    yield made
    database.close()


def _fill(services: Services, entity: str) -> list[str]:
    text = SECRET if entity == "zoo" else "plain"
    actor = Actor(entity, "writer", Role.ADMIN)
    sweep = services.sweeps.create(entity, "digits", SweepDraft(config_yaml=SWEEP, description=text), actor=actor)
    agent = services.agents.create(sweep.path, host=text)
    run = RunPath(entity, "digits", "one")
    config = {"note": text, "lr": 0.1}
    changes = RunChanges(host=text, notes=text, display_name=text, config=config, sweep_id=sweep.path.sweep_id)
    services.runs.upsert(run, changes, actor=actor, begins=True)
    row = json.dumps({"_step": 0, "loss": 1.0, "note": text})
    lines = {"files": {name: {"offset": 0, "content": [row]} for name in ("wandb-history.jsonl", "wandb-events.jsonl")}}
    services.streams.receive(run, _update(lines))
    services.files.put(run, f"{text}.txt", _blob(services, text.encode()))
    draft = ArtifactDraft(
        entity=entity,
        project="digits",
        collection="model",
        artifact_type="model",
        digest=hashlib.md5(entity.encode()).hexdigest(),
        description=text,
        run_id="one",
        client_id=f"client-{entity}",
    )
    version = services.artifacts.create(draft)
    manifest = services.artifacts.add_manifest(version.number, name="m.json", digest="")
    services.artifacts.register_files(version.number, [("a.bin", MD5)])
    services.artifacts.put_file(version.number, "a.bin", _blob(services, b"bytes"))
    contents = json.dumps({"version": 1, "contents": {"a.bin": {"digest": MD5, "size": 5}}})
    services.artifacts.put_manifest(manifest.number, _blob(services, contents.encode()))
    services.artifacts.commit(version.number)
    return [
        entity,
        sweep.path.sweep_id,
        agent.agent_id,
        f"client-{entity}",
        f"{text}.txt",
        codec.run_to_id(run),
        codec.sweep_to_id(sweep.path),
        codec.run_file_to_id(run, f"{text}.txt"),
        codec.node_id("Agent", agent.agent_id),
        codec.node_id("Artifact", version.number),
        codec.node_id("ArtifactManifest", manifest.number),
        codec.node_id("ArtifactCollection", entity, "digits", "model"),
        codec.node_id("ProjectInternalId", services.projects.get(entity, "digits").number),
    ]


def _update(body: dict[str, Any]) -> StreamUpdate:
    from sweepyard.hub.wandb_api.filestream import update_from_wire

    return update_from_wire(json.dumps(body).encode())


def _blob(services: Services, content: bytes) -> Any:
    with services.files.writer() as writer:
        writer.write(content)
        return writer.finish()
