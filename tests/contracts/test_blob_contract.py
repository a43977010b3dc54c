from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import NotFound
from sweepyard.services.ports import BlobStore, store_bytes
from sweepyard.storage.blobs import BlobFolder

CONTENT = b"many small" + b" pieces" * 1000


def break_off(blobs: BlobStore) -> None:
    with blobs.writer() as writer:
        writer.write(CONTENT)
        raise ConnectionError("the client went away")


def test_bytes_come_back_under_their_digest(blobs: BlobStore) -> None:
    pieces = [CONTENT[begin : begin + 100] for begin in range(0, len(CONTENT), 100)]
    blob = store_bytes(blobs, pieces)
    assert blob == BlobRef(hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest(), len(CONTENT))
    assert blobs.contains(blob.digest)
    with blobs.open(blob.digest) as stream:
        assert stream.read() == CONTENT
        stream.seek(5)
        assert stream.read(5) == CONTENT[5:10]


def test_nothing_is_a_blob_too(blobs: BlobStore) -> None:
    blob = store_bytes(blobs, [])
    with blobs.open(blob.digest) as stream:
        assert stream.read() == b""


def test_storing_twice_is_storing_once(blobs: BlobStore) -> None:
    assert store_bytes(blobs, [CONTENT]) == store_bytes(blobs, [CONTENT])
    assert len(list(blobs.digests())) == 1


def test_what_is_not_finished_is_forgotten(blobs: BlobStore) -> None:
    with blobs.writer() as writer:
        writer.write(CONTENT)
    with pytest.raises(ConnectionError):
        break_off(blobs)
    assert list(blobs.digests()) == []


def test_deleting(blobs: BlobStore) -> None:
    blob = store_bytes(blobs, [CONTENT])
    kept = store_bytes(blobs, [b"kept"])
    blobs.delete(blob.digest)
    blobs.delete(blob.digest)
    assert not blobs.contains(blob.digest)
    assert list(blobs.digests()) == [kept.digest]
    with pytest.raises(NotFound):
        blobs.open(blob.digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "ab", "AB" * 32, "ab" * 31 + "/.", "ab" * 32 + "\n"])
def test_only_a_digest_names_a_blob(blobs: BlobStore, name: str) -> None:
    assert not blobs.contains(name)
    blobs.delete(name)
    with pytest.raises(NotFound):
        blobs.open(name)


def test_an_upload_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path / "blobs")
    with pytest.raises(ConnectionError):
        break_off(folder)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
