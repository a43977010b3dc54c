from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from sweepyard.errors import HubError
from sweepyard.services.ports.blobs import Upload, store_bytes
from sweepyard.settings import Settings
from sweepyard.storage.backup import check_blob, copy_blob
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.remote_blobs import RemoteBlobs, open_store
from sweepyard.storage.unit_of_work import open_database
from sweepyard.wiring.hub import open_blobs

CONTENT = b"0123456789" * 300_000
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "bucket"


@pytest.fixture
def store(root: Path, tmp_path: Path) -> RemoteBlobs:
    return RemoteBlobs(LocalFileSystem(), str(root), lock=tmp_path / "lock")


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def place_of(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest


def test_a_damaged_blob_is_noticed_where_it_is_read(store: RemoteBlobs, root: Path, tmp_path: Path) -> None:
    blob = store_bytes(store, [CONTENT])
    for damaged in (b"x" + CONTENT[1:], CONTENT[:-1], CONTENT + b"x"):
        place_of(root, blob.digest).write_bytes(damaged)
        with store.open(blob.digest) as stream, pytest.raises(OSError, match="not those of blob"):
            stream.read()
        assert "not those of blob" in (check_blob(store, blob.digest, blob.size_bytes) or "")
        copies = BlobFolder(tmp_path / "copies")
        assert "not those of blob" in (copy_blob(store, copies, blob.digest) or "")
        assert list(copies.stored()) == []


def test_a_range_is_read_without_the_rest(store: RemoteBlobs, root: Path) -> None:
    blob = store_bytes(store, [CONTENT])
    place_of(root, blob.digest).write_bytes(b"x" + CONTENT[1:])
    with store.open(blob.digest) as stream:
        stream.seek(len(CONTENT) - 10)
        assert stream.read() == CONTENT[-10:]
        stream.seek(0)
        assert stream.read(10) == b"x123456789"


def test_what_was_stored_a_moment_ago_is_not_sent_again(store: RemoteBlobs, root: Path) -> None:
    blob = store_bytes(store, [CONTENT])
    before = place_of(root, blob.digest).stat().st_ino
    store_bytes(store, [CONTENT])
    assert place_of(root, blob.digest).stat().st_ino == before
    place_of(root, blob.digest).write_bytes(CONTENT[:-1])  # but what was cut short is
    store_bytes(store, [CONTENT])
    assert place_of(root, blob.digest).read_bytes() == CONTENT


class Failing(LocalFileSystem):
    """Loses the connection at a step, or the end of what is sent."""

    cachable = False

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        stream = super().open(path, mode, **options)
        if "w" in mode and self.step in {"write", "lose"}:
            write = stream.write

            def failing(piece: bytes) -> int:
                if self.step == "write":
                    raise ConnectionError("the store went away")
                write(piece[:-1])
                return len(piece)

            stream.write = failing
        return stream

    def mv(self, path1: str, path2: str, **options: Any) -> None:
        if self.step == "move":
            raise ConnectionError("the store went away")
        super().mv(path1, path2, **options)


@pytest.mark.parametrize(
    ("step", "said"), [("write", "went away"), ("move", "went away"), ("lose", r"2999997 of 3000000 bytes arrived")]
)
def test_what_does_not_arrive_is_not_stored(root: Path, tmp_path: Path, step: str, said: str) -> None:
    failing = RemoteBlobs(Failing(step), str(root), lock=tmp_path / "lock")
    with pytest.raises(OSError, match=said):
        store_bytes(failing, [CONTENT])
    assert files_of(root) == []


def test_what_a_killed_upload_left_can_be_removed(store: RemoteBlobs, root: Path) -> None:
    (root / "incoming").mkdir(parents=True)
    (root / "incoming" / "abc").write_bytes(b"half")
    [upload] = store.uploads()
    assert (upload.name, upload.size_bytes) == ("abc", 4)
    assert store.forget(upload)
    assert not store.forget(upload)
    assert not store.forget(Upload("../../etc/passwd", 0, upload.touched_at))


@pytest.mark.parametrize(
    "info",
    [
        {"LastModified": LATER},
        {"last_modified": LATER.replace(tzinfo=None)},
        {"mtime": LATER.timestamp()},
        {"updated": "2026-11-21T08:00:00Z"},
    ],
)
def test_file_systems_say_times_in_their_own_words(tmp_path: Path, info: dict[str, object]) -> None:
    class Worded(MemoryFileSystem):
        store: dict[str, Any] = {}  # noqa: RUF012 - fsspec's own way
        cachable = False

        def find(self, path: str, **options: Any) -> dict[str, dict[str, Any]]:
            found = super().find(path, **options)
            return {name: {"size": each["size"], **info} for name, each in found.items()}

        def modified(self, path: str) -> datetime:
            return LATER

    store = RemoteBlobs(Worded(), "/bucket", lock=tmp_path / "lock")
    store_bytes(store, [b"x"])
    [blob] = store.stored()
    assert abs(blob.stored_at - LATER) < timedelta(seconds=1)


def test_a_local_url_is_a_synced_folder(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/blobs", tmp_path)
    assert isinstance(store, BlobFolder)
    assert store.path_of("ab" * 32) == tmp_path / "blobs" / "ab" / ("ab" * 32)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("bucket/folder", r"is a URL, as s3://bucket/folder or file:///folder; received bucket/folder"),
        ("file://folder", r"named by its whole path, as file:///srv/blobs; received file://folder"),
        ("memory://x", r"memory://x: .* forgotten when the process ends"),
        ("nothing://ann:secret@host/x?key=secret", r"cannot be kept at nothing://host/x: Protocol not known"),
    ],
)
def test_a_place_that_keeps_nothing_is_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(HubError, match=said) as refused:
        open_store(url, tmp_path)
    assert "secret" not in str(refused.value)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(HubError, match="extra `remote`"):
        open_store("s3://bucket/x", tmp_path)


@pytest.mark.parametrize("kind", ["folder", "remote"])
def test_a_place_belongs_to_one_hub(kind: str, tmp_path: Path, root: Path, store: RemoteBlobs) -> None:
    claimed = BlobFolder(root) if kind == "folder" else store
    claimed.claim("hub-1")
    claimed.claim("hub-1")
    with pytest.raises(HubError, match=r"belongs to one hub; .*bucket belongs to another"):
        claimed.claim("hub-2")
    assert list(claimed.stored()) == []


def test_two_homes_do_not_share_a_place_and_one_home_finds_its_own_again(tmp_path: Path) -> None:
    def opened(name: str) -> None:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        database = open_database(home)
        try:
            open_blobs(Settings(home=home, cache=home, blobs=f"file://{tmp_path}/blobs"), database)
        finally:
            database.close()

    opened("first")
    opened("first")
    with pytest.raises(HubError, match="belongs to another"):
        opened("second")


def test_importing_it_needs_no_fsspec() -> None:
    script = "import sys; sys.modules['fsspec'] = None; import sweepyard.storage.remote_blobs"
    subprocess.run([sys.executable, "-c", script], check=True)
