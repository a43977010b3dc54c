"""A hub's home with a little of everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.deterministic import START, CountingIds, ManualClock
from tests.parts.databases import open_migrated

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.artifact import BlobRef
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath
from sweepyard.services import bundle
from sweepyard.services.ports.blobs import store_bytes
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.settings import Settings
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.unit_of_work import DATABASE_FILE, SqlDatabase

RUN = RunPath("lab", "digits", "one")
ANN = Actor("lab", "ann", Role.WRITE)


@dataclass
class Home:
    """A home, its database and its blobs, open as a serving hub has them."""

    folder: Path
    database: SqlDatabase
    blobs: BlobFolder
    services: bundle.Services

    @classmethod
    def open(cls, folder: Path) -> Home:
        folder.mkdir(parents=True, exist_ok=True)
        database, blobs = open_migrated(folder), BlobFolder(folder / "blobs")
        settings = Settings(home=folder, cache=folder)
        return cls(folder, database, blobs, bundle.build(database, blobs, ManualClock(), CountingIds(), settings))

    @property
    def database_file(self) -> Path:
        return self.folder / DATABASE_FILE

    def begin(self, run: RunPath = RUN) -> None:
        changes = RunChanges(host="h", config={"lr": 0.1}, wandb_config={"t": {}})
        self.services.runs.upsert(run, changes, actor=ANN, begins=True)

    def log(self, first: int, *values: str, run: RunPath = RUN) -> None:
        lines = tuple(f'{{"_step": {first + index}, "loss": {value}}}' for index, value in enumerate(values))
        self.services.streams.receive(run, StreamUpdate(chunks=(Chunk(Stream.HISTORY, first, lines),)))

    def put(self, name: str, content: bytes, run: RunPath = RUN) -> BlobRef:
        blob = store_bytes(self.blobs, [content])
        self.services.files.put(run, name, blob)
        return blob

    def contents(self) -> dict[str, object]:
        """What a client would see of it."""
        files = {file.name: self.services.files.open(RUN, file.name)[1] for file in self.services.files.list(RUN).items}
        found: dict[str, object] = {}
        for name, stream in files.items():
            with stream:
                found[name] = stream.read()
        return {"files": found, "history": self.services.history.lines(RUN), "run": self.services.runs.get(RUN)}

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def home(tmp_path: Path):
    opened = Home.open(tmp_path / "home")
    opened.begin()
    opened.log(0, "1.5", "NaN", "-Infinity")
    opened.put("a.txt", b"first")
    opened.put("media/b.bin", bytes(range(256)) * 5000)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    clock = ManualClock()
    assert clock.now() == START
    return clock
