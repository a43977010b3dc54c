"""The IDX format: round trips of everything it can hold, and refusal of everything else."""

from __future__ import annotations

import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sweepyard.datasets.idx import idx_bytes, idx_digest, looks_like_idx, read_idx, write_idx
from sweepyard.errors import DataError, IdxInvalid

KINDS = ("uint8", "int8", "int16", "int32", "float32", "float64")
SMALL = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))


def stored(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


@given(
    array=st.sampled_from(KINDS).flatmap(
        lambda kind: npst.arrays(kind, npst.array_shapes(min_dims=0, max_dims=6, min_side=0, max_side=4))
    ),
    suffix=st.sampled_from(["", ".gz"]),
    big_endian=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read_back(tmp_path: Path, array: np.ndarray, suffix: str, big_endian: bool) -> None:
    path = tmp_path / f"array{suffix}"
    write_idx(path, array.astype(array.dtype.newbyteorder(">")) if big_endian else array)
    back = read_idx(path)
    assert back.shape == array.shape
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


@given(content=st.binary(max_size=64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    try:
        array = read_idx(stored(tmp_path, content))
    except IdxInvalid:
        return
    assert idx_bytes(array) == content


def test_the_bytes_are_those_of_the_format() -> None:
    array = np.array([[1, -2]], dtype=np.int16)
    assert idx_bytes(array) == bytes.fromhex("00000b02 00000001 00000002 0001 fffe")
    assert idx_digest(array) == hashlib.sha256(idx_bytes(array)).hexdigest()


def test_equal_arrays_give_equal_packed_files(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.ones((9, 9), np.float32))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == idx_bytes(np.ones((9, 9), np.float32))


def test_packing_is_told_from_the_content(tmp_path: Path) -> None:
    assert read_idx(stored(tmp_path, gzip.compress(SMALL))).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated"),
        (SMALL[:3], "truncated"),
        (SMALL[:7], "truncated within the sizes"),
        (SMALL[:-1], "truncated"),
        (SMALL + b"x", "oversized"),
        (b"\x89PNG" + SMALL, "wrong magic"),
        (b"\0\0\x0a\x01" + SMALL, "wrong magic"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "at most 64 dimensions"),
        (gzip.compress(SMALL, mtime=0)[:-9], "gzip stream must be whole"),
        (gzip.compress(SMALL, mtime=0)[:-4] + b"\0\0\0\0", "gzip stream must be whole"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 20, "gzip stream must be whole"),
        (gzip.compress(SMALL[:-1], mtime=0), "truncated"),
        (gzip.compress(SMALL + b"x", mtime=0), "oversized"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 0, 2**32 - 1, 2**32 - 1), "no array can have the shape"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(IdxInvalid, match=message):
        read_idx(stored(tmp_path, content))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("sizes", [(60_000, 60_000), (2**32 - 1, 2**32 - 1), (2**31,)])
def test_absurd_claims_take_no_memory(tmp_path: Path, sizes: tuple[int, ...], packed: bool) -> None:
    content = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + b"few"
    path = stored(tmp_path, gzip.compress(content) if packed else content)
    tracemalloc.start()
    with pytest.raises(IdxInvalid, match="claims"):
        read_idx(path)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing: cannot be read: No such file"):
        read_idx(tmp_path / "missing")


@pytest.mark.parametrize("array", [np.zeros(2, np.int64), np.zeros(2, np.uint16), np.zeros(2, bool), np.array(["a"])])
def test_types_that_the_format_lacks_are_not_written(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="IDX holds uint8"):
        write_idx(tmp_path / "file", array)
    assert not (tmp_path / "file").exists()


def test_a_side_beyond_the_format_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"below 2\*\*32"):
        idx_bytes(np.broadcast_to(np.uint8(0), (2**32,)))


@pytest.mark.parametrize(
    ("start", "expected"),
    [(SMALL, True), (SMALL[:3], False), (b"\0\0\x07\x01", False), (b"\x01\0\x08\x01", False)],
)
def test_idx_is_known_by_its_first_bytes(start: bytes, expected: bool) -> None:
    assert looks_like_idx(start) is expected
