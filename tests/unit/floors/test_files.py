from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.parts.disks import disk_of

from sweepyard.errors import InvalidInput
from sweepyard.files import FileLock, atomic_file, make_folder, sha256_of, write_atomically

HOLDER = """
import sys
from pathlib import Path
from sweepyard.files import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire(shared=sys.argv[2] == "shared")
print("held", flush=True)
sys.stdin.read()
"""


def hold(path: Path, kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def close(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    process.wait()


def test_an_atomic_write_replaces_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"old and long")
    write_atomically(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def half_a_write() -> None:
        with atomic_file(path) as stream:
            stream.write(b"half")
            raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        half_a_write()
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_reported_and_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(OSError, match=os.strerror(errno.EFBIG)), disk_of(4096):
        write_atomically(path, b"x" * 10_000)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_the_digest_of_a_file_is_the_standard_one(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_exclusive_lock_keeps_others_out_until_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path, "exclusive")
    lock = FileLock(path)
    assert not lock.acquire(blocking=False)
    assert not lock.held
    holder.kill()
    close(holder)
    assert lock.acquire(blocking=False)
    assert lock.held
    lock.release()
    lock.release()
    assert not lock.held


def test_shared_holders_admit_each_other_but_no_exclusive_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path, "shared")
    with FileLock(tmp_path / "other"):
        shared = FileLock(path)
        assert shared.acquire(shared=True, blocking=False)
        assert not FileLock(path).acquire(blocking=False)
        shared.release()
    close(holder)


def test_one_object_holds_its_lock_once(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as lock, pytest.raises(RuntimeError, match="held by this object already"):
        lock.acquire()


def test_a_folder_is_made_with_those_above_it_and_may_be_there(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder, "output")
    make_folder(folder, "output")
    assert folder.is_dir()


@pytest.mark.parametrize("below", ["", "b/c"])
def test_a_file_in_place_of_a_folder_is_named_with_the_setting(tmp_path: Path, below: str) -> None:
    file = tmp_path / "a"
    file.touch()
    with pytest.raises(InvalidInput) as refused:
        make_folder(file / below, "output")
    assert str(refused.value) == (
        f"output must name a folder that can be written; received {file / below}: {file} is a file. Name another one"
    )


def test_where_no_folder_can_be_made_the_reason_is_told() -> None:
    with pytest.raises(InvalidInput, match=r"received /proc/nosuch/a: nothing can be made in /proc \(No such file"):
        make_folder(Path("/proc/nosuch/a"), "output")
