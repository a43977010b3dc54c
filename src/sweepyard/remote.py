"""Folders at any URL that fsspec speaks to: object stores, other machines' folders."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, Protocol, cast
from urllib.parse import urlsplit

_BLOCK_BYTES = 1 << 20


class FileSystem(Protocol):
    """The little that is used of `fsspec.AbstractFileSystem`."""

    def open(self, path: str, mode: str) -> IO[bytes]: ...

    def info(self, path: str) -> Mapping[str, Any]: ...

    def exists(self, path: str) -> bool: ...

    def find(self, path: str, *, detail: bool) -> Mapping[str, Mapping[str, Any]]: ...

    def modified(self, path: str) -> datetime: ...

    def makedirs(self, path: str, exist_ok: bool) -> None: ...

    def mv(self, path1: str, path2: str) -> None: ...

    def rm_file(self, path: str) -> None: ...

    def invalidate_cache(self) -> None: ...


def open_folder(url: str) -> tuple[FileSystem, str]:
    """The file system of a URL, and the folder's path there; nothing is made or looked at yet.

    Raises:
        ValueError: No such file system is known, it keeps nothing, cannot be reached, the URL lacks what it needs, or
            the package that speaks to it is missing; the text says which, without the URL.
    """
    if urlsplit(url).scheme == "memory":
        raise ValueError("what is kept in memory is forgotten when the process ends")
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise ValueError("URLs need fsspec: install Sweepyard with the extra `remote`") from error
    try:
        filesystem, root = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise ValueError(str(error)) from error
    except TypeError as error:
        raise ValueError(f"a URL of this kind has to say more ({error})") from error
    except Exception as error:  # Some connect already, and raise classes of their own.
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return cast(FileSystem, filesystem), root.rstrip("/")


def put(filesystem: FileSystem, content: IO[bytes], place: str, *, temporary: str) -> None:
    """Have a file at `place`, whole or not at all.

    Args:
        content: At its beginning.
        temporary: Where it goes first, on its way.

    Raises:
        OSError: It did not arrive.
    """
    for path in (temporary, place):
        filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    try:
        with filesystem.open(temporary, "wb") as out:
            shutil.copyfileobj(content, out, _BLOCK_BYTES)
        filesystem.mv(temporary, place)
    except BaseException:
        remove(filesystem, temporary)
        raise
    filesystem.invalidate_cache()
    arrived = int(filesystem.info(place)["size"])
    if arrived != content.tell():
        remove(filesystem, place)
        raise OSError(errno.EIO, f"{arrived} of {content.tell()} bytes arrived", place)


def remove(filesystem: FileSystem, path: str) -> bool:
    """Take a file away; gives whether it was there."""
    try:
        filesystem.rm_file(path)
    except FileNotFoundError:
        return False
    return True


def without_secrets(url: str) -> str:
    """The URL as it may be shown: without user, password and query."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
