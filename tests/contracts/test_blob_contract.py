from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import NotFound
from sweepyard.services.ports.blobs import BlobStore, store_bytes
from sweepyard.storage.blobs import BlobFolder

CONTENT = b"many small" + b" pieces" * 1000
DAY = timedelta(days=1)


def break_off(blobs: BlobStore) -> None:
    with blobs.writer() as writer:
        writer.write(CONTENT)
        raise ConnectionError("the client went away")


def digests(blobs: BlobStore) -> list[str]:
    return sorted(blob.digest for blob in blobs.stored())


def now() -> datetime:
    return datetime.now(UTC)


def test_bytes_come_back_under_their_digest(blobs: BlobStore) -> None:
    pieces = [CONTENT[begin : begin + 100] for begin in range(0, len(CONTENT), 100)]
    blob = store_bytes(blobs, pieces)
    assert blob == BlobRef(hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest(), len(CONTENT))
    assert blobs.contains(blob.digest)
    with blobs.open(blob.digest) as stream:
        assert stream.read() == CONTENT
        stream.seek(5)
        assert stream.read(5) == CONTENT[5:10]
        assert stream.tell() == 10
        stream.seek(-3, 2)
        assert stream.read() == CONTENT[-3:]


def test_nothing_is_a_blob_too(blobs: BlobStore) -> None:
    blob = store_bytes(blobs, [])
    with blobs.open(blob.digest) as stream:
        assert stream.read() == b""


def test_storing_twice_is_storing_once(blobs: BlobStore) -> None:
    assert store_bytes(blobs, [CONTENT]) == store_bytes(blobs, [CONTENT])
    [stored] = blobs.stored()
    assert stored.size_bytes == len(CONTENT)
    assert abs(stored.stored_at - now()) < DAY


def test_what_is_not_finished_is_forgotten(blobs: BlobStore) -> None:
    with blobs.writer() as writer:
        writer.write(CONTENT)
    with pytest.raises(ConnectionError):
        break_off(blobs)
    assert digests(blobs) == []
    assert list(blobs.uploads()) == []


def test_discarding(blobs: BlobStore) -> None:
    blob = store_bytes(blobs, [CONTENT])
    kept = store_bytes(blobs, [b"kept"])
    assert blobs.discard(blob.digest, stored_before=now() + DAY)
    assert not blobs.discard(blob.digest, stored_before=now() + DAY)
    assert not blobs.contains(blob.digest)
    assert digests(blobs) == [kept.digest]
    with pytest.raises(NotFound):
        blobs.open(blob.digest)


def test_what_was_stored_lately_is_not_discarded(blobs: BlobStore) -> None:
    blob = store_bytes(blobs, [CONTENT])
    assert not blobs.discard(blob.digest, stored_before=now() - DAY)
    assert blobs.contains(blob.digest)


def test_storing_again_makes_a_blob_new(blobs: BlobStore) -> None:
    digest = store_bytes(blobs, [CONTENT]).digest
    between = now()
    # A file system's clock ticks more coarsely than ours, and lags behind it: store until it has passed `between`.
    while next(iter(blobs.stored())).stored_at <= between:
        assert now() < between + timedelta(minutes=1)
        store_bytes(blobs, [CONTENT])
    assert not blobs.discard(digest, stored_before=between)
    assert blobs.contains(digest)


def test_who_stores_again_while_it_is_discarded_has_it(blobs: BlobStore) -> None:
    """Whatever the order: the bytes are there once the writer says that they are."""
    old = now() + DAY
    digest = store_bytes(blobs, [CONTENT]).digest
    for _ in range(50):
        discarding = threading.Thread(target=blobs.discard, args=(digest,), kwargs={"stored_before": now()})
        discarding.start()
        store_bytes(blobs, [CONTENT])
        discarding.join()
        assert blobs.contains(digest)
    assert blobs.discard(digest, stored_before=old)


def test_an_upload_under_way_stays(blobs: BlobStore) -> None:
    with blobs.writer() as writer:
        writer.write(CONTENT)
        for upload in blobs.uploads():
            assert abs(upload.touched_at - now()) < DAY
            assert not blobs.forget(upload)
        blob = writer.finish()
    assert list(blobs.uploads()) == []
    assert digests(blobs) == [blob.digest]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "ab", "AB" * 32, "ab" * 31 + "/.", "ab" * 32 + "\n"])
def test_only_a_digest_names_a_blob(blobs: BlobStore, name: str) -> None:
    assert not blobs.contains(name)
    assert not blobs.discard(name, stored_before=now() + DAY)
    with pytest.raises(NotFound):
        blobs.open(name)


def test_an_upload_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path / "blobs")
    with pytest.raises(ConnectionError):
        break_off(folder)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_an_upload_under_way_shows_in_the_folder(tmp_path: Path) -> None:
    store = BlobFolder(tmp_path / "blobs")
    with store.writer() as writer:
        writer.write(CONTENT)
        [upload] = store.uploads()
        assert not store.forget(upload)


KILLED = """
import os, signal, sys
from pathlib import Path
from sweepyard.storage.blobs import BlobFolder
with BlobFolder(Path(sys.argv[1])).writer() as writer:
    writer.write(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_upload_left_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    store = BlobFolder(folder)
    [upload] = store.uploads()
    assert store.forget(upload)
    assert not store.forget(upload)
    assert list(store.uploads()) == []
