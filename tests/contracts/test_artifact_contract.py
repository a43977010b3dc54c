from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.artifact import (
    ArtifactCollection,
    ArtifactFile,
    ArtifactState,
    ArtifactVersion,
    BlobRef,
    Manifest,
    ManifestKind,
)
from sweepyard.domain.run import RunPath
from sweepyard.errors import Conflict
from sweepyard.services.ports import Database

COLLECTION = ArtifactCollection(entity="lab", project="digits", name="model", artifact_type="model", created_at=START)
DRAFT = ArtifactVersion(
    number=0,
    entity="lab",
    project="digits",
    collection="model",
    artifact_type="model",
    digest="d0",
    state=ArtifactState.PENDING,
    created_at=START,
    updated_at=START,
)
PLACE = ("lab", "digits", "model")
BLOB = BlobRef("ab" * 32, "cd" * 16, 3)


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.artifacts.ensure_collection(COLLECTION)
    return database


def committed(database: Database, version: int, **changes: object) -> ArtifactVersion:
    with database.writing() as unit:
        draft = replace(DRAFT, digest=f"d{version}", state=ArtifactState.COMMITTED, version=version, **changes)
        return unit.artifacts.add(draft)


def test_collections(stored: Database) -> None:
    other = replace(COLLECTION, name="data", artifact_type="dataset", description="digits")
    with stored.writing() as unit:
        assert unit.artifacts.ensure_collection(other) == other
        assert unit.artifacts.ensure_collection(replace(other, artifact_type="model")) == other
    with stored.reading() as unit:
        assert unit.artifacts.collections("lab", "digits") == [other, COLLECTION]
        assert unit.artifacts.collections("lab", "other") == []
        assert unit.artifacts.collection("lab", "digits", "data") == other
        assert unit.artifacts.collection("lab", "digits", "nothing") is None


def test_every_field_of_a_version_survives(stored: Database) -> None:
    with stored.writing() as unit:
        first = unit.artifacts.add(DRAFT)
        second = unit.artifacts.add(DRAFT)
        assert 0 < first.number != second.number > 0
        full = replace(
            second,
            digest="e" * 64,
            state=ArtifactState.PENDING,
            updated_at=START + timedelta(seconds=1),
            description="d",
            metadata={"accuracy": 0.5, "nested": {"x": [1]}},
            aliases=("best", "a"),
            size_bytes=2**40,
            file_count=7,
            created_by_run="r",
            client_id="c",
            sequence_client_id="s",
            history_step=2**40,
            tags=("t", "s"),
        )
        unit.artifacts.save(full)
    with stored.reading() as unit:
        assert unit.artifacts.get(second.number) == full
        assert unit.artifacts.get(first.number) == first
        assert unit.artifacts.get(99) is None


def test_a_version_needs_its_collection(stored: Database) -> None:
    with pytest.raises(Conflict), stored.writing() as unit:
        unit.artifacts.add(replace(DRAFT, collection="nowhere"))


def test_client_ids(stored: Database) -> None:
    with stored.writing() as unit:
        unit.artifacts.add(replace(DRAFT, client_id="c1", sequence_client_id="s1"))
        newer = unit.artifacts.add(replace(DRAFT, client_id="c1"))
        assert unit.artifacts.by_client_id("c1") == newer
        assert unit.artifacts.by_client_id("c2") is None
        assert unit.artifacts.by_sequence_client_id("s1") == COLLECTION
        assert unit.artifacts.by_sequence_client_id("s2") is None


def test_versions_by_index_and_digest(stored: Database) -> None:
    with stored.writing() as unit:
        assert unit.artifacts.next_version(*PLACE) == 0
        unit.artifacts.add(DRAFT)
    first, second, third = (committed(stored, version) for version in range(3))
    with stored.writing() as unit:
        assert unit.artifacts.versions(*PLACE) == [third, second, first]
        assert unit.artifacts.versions("lab", "digits", "data") == []
        assert unit.artifacts.by_digest(*PLACE, "d1") == second
        assert unit.artifacts.by_digest(*PLACE, "nothing") is None
        unit.artifacts.save(replace(third, state=ArtifactState.DELETED))
        assert unit.artifacts.versions(*PLACE) == [second, first]
        assert unit.artifacts.by_digest(*PLACE, "d2") is None
        assert unit.artifacts.next_version(*PLACE) == 3


def test_aliases_move_from_version_to_version(stored: Database) -> None:
    first, second = committed(stored, 0), committed(stored, 1)
    with stored.writing() as unit:
        unit.artifacts.set_aliases(first.number, ["latest", "best"])
        unit.artifacts.set_aliases(second.number, ["latest", "good"])
        unit.artifacts.set_aliases(999, ["nobody"])
    with stored.writing() as unit:
        assert unit.artifacts.by_alias(*PLACE, "latest") == replace(second, aliases=("latest", "good"))
        assert unit.artifacts.get(first.number) == replace(first, aliases=("best",))
        assert unit.artifacts.by_alias(*PLACE, "nobody") is None
        unit.artifacts.set_aliases(second.number, [])
        assert unit.artifacts.by_alias(*PLACE, "latest") is None
        assert [version.aliases for version in unit.artifacts.versions(*PLACE)] == [(), ("best",)]


def test_manifests(stored: Database) -> None:
    with stored.writing() as unit:
        number = unit.artifacts.add(DRAFT).number
        assert unit.artifacts.manifest_of(number) is None
        first = unit.artifacts.add_manifest(Manifest(0, number, "wandb_manifest.json", ""))
        second = unit.artifacts.add_manifest(Manifest(0, number, "wandb_manifest.json", "x"))
        assert 0 < first.number != second.number > 0
        full = replace(second, digest="y", blob=BLOB)
        unit.artifacts.save_manifest(full)
        assert unit.artifacts.manifest(first.number) == first
        assert unit.artifacts.manifest(99) is None
        assert unit.artifacts.manifest_of(number) == full


def test_files(stored: Database) -> None:
    with stored.writing() as unit:
        number = unit.artifacts.add(DRAFT).number
        one, two = ArtifactFile(number, "b", "m1"), ArtifactFile(number, "a", "m2", BLOB)
        unit.artifacts.put_files([])
        unit.artifacts.put_files([one, two])
        unit.artifacts.put_files([replace(one, blob=BLOB)])
        assert unit.artifacts.file(number, "b") == replace(one, blob=BLOB)
        assert unit.artifacts.file(number, "c") is None
        assert unit.artifacts.files(number) == [two, replace(one, blob=BLOB)]
        assert unit.artifacts.files(99) == []


def test_bytes_are_found_by_md5_within_the_entity(stored: Database) -> None:
    with stored.writing() as unit:
        number = unit.artifacts.add(DRAFT).number
        files = [ArtifactFile(number, f"f{index}", f"m{index}", BLOB) for index in range(2500)]
        unit.artifacts.put_files([*files, ArtifactFile(number, "no bytes", "none")])
    with stored.reading() as unit:
        wanted = [file.md5 for file in files]
        assert unit.artifacts.blobs_by_md5("lab", [*wanted, "none", "unknown"]) == dict.fromkeys(wanted, BLOB)
        assert unit.artifacts.blobs_by_md5("zoo", wanted) == {}
        assert unit.artifacts.blobs_by_md5("lab", []) == {}


def test_who_made_and_who_used_a_version(stored: Database) -> None:
    run, other = RunPath("lab", "digits", "one"), RunPath("lab", "digits", "two")
    first, second = committed(stored, 0), committed(stored, 1)
    with stored.writing() as unit:
        unit.artifacts.link(second.number, run, used=False)
        unit.artifacts.link(first.number, run, used=False)
        unit.artifacts.link(second.number, run, used=False)
        unit.artifacts.link(first.number, other, used=True)
        unit.artifacts.link(first.number, run, used=True)
    with stored.writing() as unit:
        assert unit.artifacts.linked_to_run(run, used=False) == [second, first]
        assert unit.artifacts.linked_to_run(run, used=True) == [first]
        assert unit.artifacts.users_of(first.number) == [other, run]
        assert unit.artifacts.users_of(second.number) == []
        unit.artifacts.save(replace(second, state=ArtifactState.DELETED))
        assert unit.artifacts.linked_to_run(run, used=False) == [first]


def test_collections_are_changed_renamed_and_deleted(stored: Database) -> None:
    version = committed(stored, 0)
    changed = replace(COLLECTION, artifact_type="other", description="d", tags=("t",))
    with stored.writing() as unit:
        unit.artifacts.set_aliases(version.number, ["best"])
        unit.artifacts.save_collection(changed)
        assert unit.artifacts.collection(*PLACE) == changed
        found = unit.artifacts.get(version.number)
        assert found is not None
        assert found.artifact_type == "other"
        unit.artifacts.ensure_collection(replace(COLLECTION, name="taken"))
        with pytest.raises(Conflict):
            unit.artifacts.rename_collection(*PLACE, "taken")
        unit.artifacts.rename_collection("lab", "digits", "nobody", "x")
        unit.artifacts.rename_collection(*PLACE, "new")
    with stored.writing() as unit:
        assert unit.artifacts.collection(*PLACE) is None
        assert unit.artifacts.collection("lab", "digits", "new") == replace(changed, name="new")
        named = unit.artifacts.by_alias("lab", "digits", "new", "best")
        assert named is not None
        assert (named.number, named.collection) == (version.number, "new")
        unit.artifacts.put_files([ArtifactFile(version.number, "a", "m")])
        unit.artifacts.add_manifest(Manifest(0, version.number, "m", "d"))
        unit.artifacts.link(version.number, RunPath("lab", "digits", "one"), used=True)
        unit.artifacts.delete_collection("lab", "digits", "new")
        unit.artifacts.delete_collection("lab", "digits", "new")
    with stored.writing() as unit:
        assert [item.name for item in unit.artifacts.collections("lab", "digits")] == ["taken"]
        assert unit.artifacts.get(version.number) is None
        assert unit.artifacts.linked_to_run(RunPath("lab", "digits", "one"), used=True) == []
        unit.artifacts.ensure_collection(replace(COLLECTION, name="new"))
        assert unit.artifacts.next_version("lab", "digits", "new") == 0
        assert unit.artifacts.by_alias("lab", "digits", "new", "best") is None


def test_versions_made_together_are_found_and_their_manifests_listed(stored: Database) -> None:
    with stored.writing() as unit:
        first = unit.artifacts.add(replace(DRAFT, distributed_id="together"))
        second = unit.artifacts.add(replace(DRAFT, distributed_id="together"))
        assert unit.artifacts.by_distributed_id(*PLACE, "together") == second
        assert unit.artifacts.by_distributed_id(*PLACE, "alone") is None
        one = unit.artifacts.add_manifest(Manifest(0, first.number, "p", "", kind=ManifestKind.PATCH))
        two = unit.artifacts.add_manifest(
            Manifest(0, first.number, "i", "", BLOB, kind=ManifestKind.INCREMENTAL, base_number=second.number)
        )
    with stored.reading() as unit:
        assert unit.artifacts.manifests_of(first.number) == [one, two]
        assert unit.artifacts.manifest_of(first.number) == two
        assert unit.artifacts.manifests_of(second.number) == []


def test_a_file_may_be_a_reference(stored: Database) -> None:
    with stored.writing() as unit:
        number = unit.artifacts.add(DRAFT).number
        reference = ArtifactFile(number, "r", "", reference="s3://bucket/key")
        unit.artifacts.put_files([reference])
    with stored.reading() as unit:
        assert unit.artifacts.file(number, "r") == reference
        assert list(unit.artifacts.blobs("lab")) == []
