from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from tests.fakes.deterministic import ManualClock
from tests.fakes.memory_blobs import MemoryBlobs

from sweepyard.errors import RequestInvalid
from sweepyard.jsonvalue import dumps
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.artifacts import ArtifactService
from sweepyard.services.cleaning import Cleaner, CleaningReport
from sweepyard.services.files import FileService
from sweepyard.services.ports.blobs import Upload, store_bytes

HOUR = timedelta(hours=1)


class Store:
    """Files and artifacts over one blob store, and what cleans it."""

    def __init__(self, hub) -> None:
        hub.begin("one")
        self.path = hub.path("one")
        self.clock: ManualClock = hub.clock
        self.blobs = MemoryBlobs(hub.clock)
        self.files = FileService(hub.database, self.blobs, hub.clock)
        self.artifacts = ArtifactService(hub.database, self.blobs, hub.clock)
        self.cleaner = Cleaner(hub.database, self.blobs, hub.clock)

    def put(self, name: str, content: bytes) -> str:
        blob = store_bytes(self.blobs, [content])
        self.files.put(self.path, name, blob)
        return blob.digest

    def log(self, content: bytes, *, upload: bool = True, client_id: str = "c") -> int:
        md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
        draft = ArtifactDraft(
            entity="lab",
            project="digits",
            collection="model",
            artifact_type="model",
            digest=hashlib.md5(content + client_id.encode()).hexdigest(),
            client_id=client_id,
        )
        version = self.artifacts.create(draft)
        manifest = self.artifacts.add_manifest(version.number, name="m.json", digest="")
        [file] = self.artifacts.register_files(version.number, [("w.bin", md5)])
        if upload:
            self.artifacts.put_file(version.number, "w.bin", store_bytes(self.blobs, [content]))
        else:
            assert file.blob is not None
        text = dumps({"version": 1, "contents": {"w.bin": {"digest": md5, "size": len(content)}}, "of": client_id})
        self.artifacts.put_manifest(manifest.number, store_bytes(self.blobs, [text.encode()]))
        self.artifacts.commit(version.number)
        return version.number

    def clean(self, *, grace: timedelta = HOUR, dry_run: bool = False) -> CleaningReport:
        return self.cleaner.clean(grace=grace, dry_run=dry_run)


@pytest.fixture
def store(hub) -> Store:
    return Store(hub)


def test_what_nothing_refers_to_goes_and_the_rest_stays(store: Store) -> None:
    kept, shared = store.put("kept", b"kept"), store.put("shared", b"shared")
    store.put("also", b"shared")
    gone = store.put("gone", b"gone....")
    replaced = store.put("replaced", b"before")
    store.put("replaced", b"after")
    for name in ("gone", "also"):
        store.files.delete(store.path, name)
    store.clock.advance(3601)
    report = store.clean()
    assert (report.blobs.count, report.blobs.size_bytes) == (2, len(b"gone....before"))
    assert report.kept.count == 3
    assert report.missing == ()
    assert {digest for digest in (kept, shared, gone, replaced) if store.blobs.contains(digest)} == {kept, shared}
    assert store.clean().blobs.count == 0


def test_a_dry_run_says_the_same_and_removes_nothing(store: Store) -> None:
    store.put("gone", b"gone")
    store.files.delete(store.path, "gone")
    store.blobs.broken["x"] = Upload("x", 7, store.clock.now())
    store.clock.advance(3601)
    said, done = store.clean(dry_run=True), store.clean()
    assert said == done
    assert done.blobs.to_json() == {"count": 1, "size_bytes": 4}
    assert done.uploads.to_json() == {"count": 1, "size_bytes": 7}
    assert store.clean().uploads.count == 0


def test_what_was_stored_lately_may_be_named_soon(store: Store) -> None:
    upload = store_bytes(store.blobs, [b"on its way"])
    store.blobs.broken["x"] = Upload("x", 7, store.clock.now())
    store.clock.advance(3599)
    report = store.clean()
    assert (report.blobs.count, report.recent.count, report.uploads.count) == (0, 1, 0)
    store.files.put(store.path, "a", upload)
    store.clock.advance(10_000)
    assert store.clean().kept.count == 1


def test_bytes_that_come_again_are_new_again(store: Store) -> None:
    digest = store.put("gone", b"twice")
    store.files.delete(store.path, "gone")
    store.clock.advance(4000)
    store_bytes(store.blobs, [b"twice"])
    assert store.clean().recent.count == 1
    assert store.blobs.contains(digest)


def test_deleted_versions_free_their_bytes_and_lend_them_to_nobody(store: Store) -> None:
    first = store.log(b"weights")
    store.clock.advance(3601)
    assert store.clean().kept.count == 2
    store.artifacts.delete(first, delete_aliases=True)
    report = store.clean()
    assert (report.blobs.count, report.kept.count, report.missing) == (2, 0, ())
    md5 = base64.b64encode(hashlib.md5(b"weights").digest()).decode()
    pending = store.artifacts.create(
        ArtifactDraft(entity="lab", project="digits", collection="model", artifact_type="model", digest="d")
    )
    # The client is told to upload: what the deleted version had is gone.
    [file] = store.artifacts.register_files(pending.number, [("w.bin", md5)])
    assert file.blob is None


def test_bytes_that_a_living_version_shares_stay(store: Store) -> None:
    first = store.log(b"weights", client_id="a")
    second = store.log(b"weights", client_id="b", upload=False)
    store.artifacts.delete(first, delete_aliases=True)
    store.clock.advance(3601)
    assert store.clean().blobs.count == 1  # the first one's manifest
    assert store.artifacts.open_blob(store.artifacts.file(second, "w.bin").blob).read() == b"weights"


def test_uploads_to_a_pending_version_stay(store: Store) -> None:
    draft = ArtifactDraft(entity="lab", project="digits", collection="m", artifact_type="model", digest="d")
    version = store.artifacts.create(draft)
    md5 = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    store.artifacts.register_files(version.number, [("w.bin", md5)])
    store.artifacts.put_file(version.number, "w.bin", store_bytes(store.blobs, [b"x"]))
    store.clock.advance(10_000)
    assert store.clean().kept.count == 1


def test_missing_bytes_are_named(store: Store) -> None:
    digest = store.put("a", b"lost")
    store.clock.advance(1)
    assert store.blobs.discard(digest, stored_before=store.clock.now())
    assert store.clean().missing == (digest,)


def test_an_upload_gets_a_minute(store: Store) -> None:
    with pytest.raises(RequestInvalid, match=r"a minute at least; received 59 s"):
        store.clean(grace=timedelta(seconds=59))


def test_progress_counts_blobs(store: Store) -> None:
    store.put("a", b"a")
    store.put("b", b"b")
    seen: list[int] = []
    store.cleaner.clean(grace=HOUR, dry_run=True, progress=seen.append)
    assert seen == [1, 2]
