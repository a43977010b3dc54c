"""What the store says of the bytes that its rows refer to: `hub gc` and `hub backup` trust it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.contracts.test_artifact_contract import COLLECTION, DRAFT
from tests.fakes.deterministic import START

from sweepyard.domain.artifact import ArtifactFile, ArtifactState, BlobRef, Manifest, RunFile
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.storage import tables

FILE, MANIFEST, SHARED = (BlobRef(letter * 64, letter * 32, 3) for letter in "abc")
RUN = RunPath("lab", "digits", "one")


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as unit:
        for entity in ("lab", "zoo"):
            unit.projects.ensure(entity, "digits", START)
            unit.artifacts.ensure_collection(replace(COLLECTION, entity=entity))
        unit.runs.add(Run(path=RUN, state=RunState.RUNNING, created_at=START, updated_at=START))
    return database


def referred(unit: UnitOfWork, entity: str) -> set[BlobRef]:
    return {*unit.files.blobs(entity), *unit.artifacts.blobs(entity)}


def test_files_of_runs(stored: Database) -> None:
    with stored.writing() as unit:
        unit.files.put(RUN, RunFile("a", START, FILE))
        unit.files.put(RUN, RunFile("b", START))
        assert list(unit.files.blobs("lab")) == [FILE]
    with stored.reading() as unit:
        assert list(unit.files.blobs("lab")) == [FILE]
        assert referred(unit, "zoo") == set()
    with stored.writing() as unit:
        unit.runs.delete(RUN)
    with stored.reading() as unit:
        assert referred(unit, "lab") == set()


@pytest.mark.parametrize("state", list(ArtifactState))
def test_files_and_manifests_of_versions_that_are_not_deleted(stored: Database, state: ArtifactState) -> None:
    with stored.writing() as unit:
        version = unit.artifacts.add(replace(DRAFT, state=state))
        unit.artifacts.add_manifest(Manifest(0, version.number, "m", "d", MANIFEST))
        unit.artifacts.add_manifest(Manifest(0, version.number, "n", "d"))
        unit.artifacts.put_files(
            [ArtifactFile(version.number, "a", "m1", SHARED), ArtifactFile(version.number, "b", "m2")]
        )
    with stored.reading() as unit:
        lives = state is not ArtifactState.DELETED
        assert referred(unit, "lab") == ({MANIFEST, SHARED} if lives else set())
        assert unit.artifacts.blobs_by_md5("lab", ["m1", "m2"]) == ({"m1": SHARED} if lives else {})
        assert referred(unit, "zoo") == set()


def test_many_come_piece_by_piece(stored: Database) -> None:
    with stored.writing() as unit:
        version = unit.artifacts.add(DRAFT)
        many = [BlobRef(f"{number:064x}", "d" * 32, number) for number in range(2500)]
        unit.artifacts.put_files([ArtifactFile(version.number, blob.digest, "m", blob) for blob in many])
    with stored.reading() as unit:
        coming = unit.artifacts.blobs("lab")
        first = next(coming)
        assert unit.artifacts.get(version.number) is not None
        assert {first, *coming} == set(many)


def test_no_table_names_bytes_that_nobody_asks_it_for() -> None:
    """`hub gc` would remove them: a table's bytes belong into its repository's `blobs`, and into the tests above."""
    with_blobs = {table.name for table in tables.metadata.tables.values() if "blob_digest" in table.columns}
    assert with_blobs == {"run_files", "artifact_files", "artifact_manifests"}
