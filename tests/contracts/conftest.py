"""Every adapter of every port, one after the other, under one suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_database import MemoryDatabase

from sweepyard.services.ports import BlobStore, Database
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.unit_of_work import open_database


@pytest.fixture(params=["memory", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened: Database = MemoryDatabase() if request.param == "memory" else open_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "folder"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return MemoryBlobs() if request.param == "memory" else BlobFolder(tmp_path / "blobs")
