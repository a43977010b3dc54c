"""The IDX format of MNIST: every element type, any rank, plain or gzip.

A file is two zero bytes, a byte for the element type, a byte for the rank, a big-endian 32-bit size for each
dimension, then the elements, big-endian, the last dimension varying fastest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from sweepyard.errors import DataError, IdxInvalid
from sweepyard.files import write_atomically

_TYPES: Final[dict[int, np.dtype[Any]]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_CODES: Final = {kind.newbyteorder("="): code for code, kind in _TYPES.items()}
_GZIP_MAGIC = b"\x1f\x8b"
_LARGEST_BYTES = 4 << 30
_LARGEST_RANK = 64  # NumPy's own limit
_DEFLATE_LARGEST_RATIO = 1100  # deflate reaches at most 1032:1


@dataclass(frozen=True, slots=True)
class _Header:
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    size_bytes: int

    @property
    def content_bytes(self) -> int:
        return math.prod(self.shape) * self.kind.itemsize


def read_idx(path: Path) -> NDArray[Any]:
    """Read an IDX file, plain or gzip, whatever its name.

    Returns:
        The array in the machine's byte order: uint8, int8, int16, int32, float32 or float64, writable.

    Raises:
        IdxInvalid: The file is truncated, oversized, of wrong magic, or of an absurd size; nothing of the
            claimed size is allocated before the claim is found plausible.
        DataError: The file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            available_bytes = os.fstat(stream.fileno()).st_size
            packed = stream.read(2) == _GZIP_MAGIC
            stream.seek(0)
            if not packed:
                return _read(stream, available_bytes, path)
            with gzip.GzipFile(fileobj=stream) as unpacked:
                return _read(unpacked, available_bytes * _DEFLATE_LARGEST_RATIO, path, exact=False)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise IdxInvalid(f"{path}: the gzip stream must be whole; {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def write_idx(path: Path, array: NDArray[Any]) -> None:
    """Write an array as IDX, atomically; gzip when the name ends in `.gz`, with equal bytes for equal arrays.

    Raises:
        ValueError: The format has no such element type, rank or size.
        OSError: The disk is full or the folder cannot be written; nothing is left behind.
    """
    content = idx_bytes(array)
    write_atomically(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def idx_bytes(array: NDArray[Any]) -> bytes:
    """The content of a plain IDX file that holds `array`.

    Raises:
        ValueError: The format has no such element type, rank or size.
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        names = ", ".join(str(kind) for kind in _CODES)
        raise ValueError(f"IDX holds {names}; received {array.dtype}")
    if array.ndim > 255 or any(size >= 1 << 32 for size in array.shape):
        raise ValueError(f"IDX holds at most 255 dimensions below 2**32; received {array.shape}")
    header = bytes([0, 0, code, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + np.ascontiguousarray(array, dtype=_TYPES[code]).tobytes()


def idx_digest(array: NDArray[Any]) -> str:
    """The SHA-256, in hex, of the plain IDX file that holds `array`."""
    return hashlib.sha256(idx_bytes(array)).hexdigest()


def looks_like_idx(start: bytes) -> bool:
    """Whether a plain file that begins with these bytes, at least 4 of them, may be IDX."""
    return len(start) >= 4 and start[:2] == b"\x00\x00" and start[2] in _TYPES


def _read(stream: IO[bytes] | gzip.GzipFile, available_bytes: int, path: Path, *, exact: bool = True) -> NDArray[Any]:
    header = _read_header(stream, path)
    wanted = header.content_bytes
    whole = header.size_bytes + wanted
    if wanted > _LARGEST_BYTES:
        raise IdxInvalid(f"{path}: an IDX file may hold at most {_LARGEST_BYTES} bytes; its header claims {wanted}")
    if whole > available_bytes:
        size = f"{available_bytes} bytes" if exact else "too few bytes to unpack to that"
        raise IdxInvalid(f"{path}: truncated; its header claims {header.shape} ({whole} bytes), the file has {size}")
    content = bytearray(wanted)
    filled = stream.readinto(content) if isinstance(stream, io.BufferedReader) else _fill(stream, content)
    if filled < wanted:
        raise IdxInvalid(f"{path}: truncated; its header claims {wanted} bytes of elements, {filled} are there")
    if stream.read(1):
        raise IdxInvalid(f"{path}: oversized; bytes follow the {wanted} bytes of elements that its header claims")
    try:
        array = np.frombuffer(content, dtype=header.kind).reshape(header.shape)
    except ValueError as error:  # An empty array whose other sides are beyond what can be addressed.
        raise IdxInvalid(f"{path}: no array can have the shape {header.shape} that its header claims") from error
    return array.astype(header.kind.newbyteorder("="), copy=False)


def _fill(stream: IO[bytes] | gzip.GzipFile, content: bytearray) -> int:
    filled = 0
    while filled < len(content):
        block = stream.read(min(1 << 20, len(content) - filled))
        if not block:
            break
        content[filled : filled + len(block)] = block
        filled += len(block)
    return filled


def _read_header(stream: IO[bytes] | gzip.GzipFile, path: Path) -> _Header:
    magic = stream.read(4)
    if len(magic) < 4:
        raise IdxInvalid(f"{path}: truncated; an IDX file begins with 4 bytes of magic, {len(magic)} are there")
    if magic[:2] != b"\x00\x00" or magic[2] not in _TYPES:
        raise IdxInvalid(
            f"{path}: wrong magic; IDX begins with 00 00 and a type of 08 to 0e, this with {magic.hex(' ')}"
        )
    rank = magic[3]
    if rank > _LARGEST_RANK:
        raise IdxInvalid(f"{path}: at most {_LARGEST_RANK} dimensions are read; its header claims {rank}")
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise IdxInvalid(f"{path}: truncated within the sizes of its {rank} dimensions")
    shape = tuple(int.from_bytes(sizes[4 * index : 4 * index + 4], "big") for index in range(rank))
    return _Header(_TYPES[magic[2]], shape, 4 + 4 * rank)
