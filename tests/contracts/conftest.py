"""Every adapter of every port, one after the other, under one suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fsspec.core import url_to_fs
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_database import MemoryDatabase
from tests.parts.databases import open_migrated
from tests.parts.postgresql import PostgresServer

from sweepyard.services.ports import Database
from sweepyard.services.ports.blobs import BlobStore
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.remote_blobs import RemoteBlobs
from sweepyard.storage.unit_of_work import open_database


@pytest.fixture(scope="session")
def migrated(postgresql: PostgresServer) -> Callable[[], str]:
    """Gives URLs of databases on PostgreSQL whose tables are there."""
    url = postgresql.new_database()
    open_database(Path(), url).close()
    return lambda: postgresql.new_database(url.rpartition("/")[2])


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened: Database
    if request.param == "memory":
        opened = MemoryDatabase()
    elif request.param == "sqlite":
        opened = open_migrated(tmp_path)
    else:
        opened = open_database(tmp_path, request.getfixturevalue("migrated")())
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "folder", "memory://", "file://"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "folder":
        return BlobFolder(tmp_path / "blobs")
    # A scheme stands for the adapter over fsspec.
    filesystem, root = url_to_fs(f"{request.param}{tmp_path}/blobs")
    return RemoteBlobs(filesystem, root, lock=tmp_path / "lock", fresh=timedelta(0))
