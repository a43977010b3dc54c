"""Folders of checkpoints: of this host, and at URLs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.memory import MemoryFileSystem

from sweepyard.errors import CheckpointError, ConfigInvalid, InvalidInput
from sweepyard.training.checkpoint_folders import CheckpointFolder, LocalFolder, RemoteFolder, folder_of
from sweepyard.training.checkpoints import Checkpoint, Checkpoints


@pytest.fixture(params=["folder", "file://", "memory://"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CheckpointFolder]:
    """A scheme stands for the adapter over fsspec."""
    if request.param == "folder":
        yield LocalFolder(tmp_path / "mine")
        return
    filesystem, root = url_to_fs(f"{request.param}{tmp_path}/mine")
    yield RemoteFolder(filesystem, root, f"{request.param}mine")
    MemoryFileSystem.store.clear()


def put(place: CheckpointFolder, name: str, content: bytes) -> None:
    with place.writing(name) as stream:
        stream.write(content)


def test_files_come_back_sorted_and_whole(place: CheckpointFolder) -> None:
    assert (place.exists(), place.names()) == (False, [])
    put(place, "b", b"second")
    put(place, "a", b"first")
    put(place, "b", b"again")
    assert (place.exists(), place.names()) == (True, ["a", "b"])
    with place.reading("b") as stream:
        assert stream.seek(2) == 2
        assert stream.read() == b"ain"
    place.remove("a")
    assert place.names() == ["b"]
    with pytest.raises(FileNotFoundError), place.reading("a"):
        pass


def test_a_folder_is_prepared_without_a_run_having_begun_there(place: CheckpointFolder) -> None:
    place.prepare()
    assert (place.exists(), place.names()) == (False, [])


def test_a_folder_that_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"trainer.checkpoint.folder must name a folder .* made in /proc \("):
        folder_of("/proc/nope", tmp_path / "p" / "r").prepare()
    with pytest.raises(ConfigInvalid, match=r"received odd://bucket/p/r: Throttled: slow down"):
        RemoteFolder(Refusing(), "/bucket/p/r", "odd://bucket/p/r").prepare()


def test_an_error_while_writing_leaves_what_was_there(place: CheckpointFolder) -> None:
    put(place, "a", b"whole")

    def write_half() -> None:
        with place.writing("a") as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert place.names() == ["a"]
    with place.reading("a") as stream:
        assert stream.read() == b"whole"


def test_checkpoints_are_kept_there(place: CheckpointFolder) -> None:
    store = Checkpoints(place, keep=2)
    assert not store.begun
    for step in (3, 20, 100):
        store.write(Checkpoint(step, {"epoch": 1}, {"model/0000": np.arange(4.0)}))
    assert place.names() == ["step-000000020.npz", "step-000000100.npz"]
    latest = Checkpoints(place, keep=2).latest()
    assert latest is not None
    assert (latest.step, latest.arrays["model/0000"].tolist()) == (100, [0.0, 1.0, 2.0, 3.0])
    store.clear()
    assert (place.names(), store.latest()) == ([], None)


class Refusing(MemoryFileSystem):
    """Fails as the libraries of object stores do: with classes of their own."""

    class Throttled(Exception):
        pass

    def open(self, path: str, mode: str = "rb", **options: object) -> IO[bytes]:
        if "w" in mode:
            raise self.Throttled("slow down")
        return io.BytesIO(b"not an archive")

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        raise self.Throttled("slow down")

    def find(self, path: str, **options: object) -> dict[str, dict[str, object]]:
        raise self.Throttled("not now")


def test_a_store_that_refuses_is_told_with_its_reason() -> None:
    store = Checkpoints(RemoteFolder(Refusing(), "/bucket", "odd://bucket"), keep=1)
    with pytest.raises(CheckpointError, match=r"odd://bucket/step-000000001.npz could not be written: .*slow down"):
        store.write(Checkpoint(1, {}, {}))
    with pytest.raises(CheckpointError, match=r"must be there to be read and changed; odd://bucket: .*not now"):
        store.latest()


def test_each_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    run = tmp_path / "outputs" / "digits" / "ab12cd34"
    assert str(folder_of(None, run)) == f"{run}/checkpoints"
    for setting in (f"{tmp_path}/shared", f"file://{tmp_path}/shared"):
        assert str(folder_of(setting, run)) == f"{tmp_path}/shared/digits/ab12cd34"


# What fsspec made by half complains when it goes.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <function FTPFileSystem.__del__")
@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("memory://checkpoints", "forgotten when the process ends"),
        ("nowhere://bucket?token=secret", "nowhere://bucket: .*nowhere"),
        ("ftp://", r"a URL of this kind has to say more \(.*'host'\)"),
        ("ftp://127.0.0.1:1/", "ftp://127.0.0.1:1/: ConnectionRefusedError: "),
    ],
)
def test_a_url_that_keeps_nothing_is_refused(setting: str, reason: str) -> None:
    with pytest.raises(ConfigInvalid, match=reason) as caught:
        folder_of(setting, Path("outputs/p/r"))
    assert "secret" not in str(caught.value)
