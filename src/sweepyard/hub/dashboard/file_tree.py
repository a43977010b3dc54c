"""Files as a tree of folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.frame import Link

_DEEPEST = 12
"""Folders below are part of their files' names: nobody opens so many."""


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file by its path, and where it is read.

    Attributes:
        url: Empty for one that lies on another host: these pages lead to none.
        reference: What names it there.
    """

    path: str
    size_bytes: int
    url: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with all that it holds.

    Attributes:
        note: How many files there are in it and below, and how large they are together.
    """

    name: str
    note: str
    folders: tuple[Folder, ...]
    files: tuple[Link, ...]


def tree_of(files: Iterable[NamedFile], name: str = "") -> Folder:
    """The files as a folder; folders and files by name."""
    return _folder(name, [(file.path.split("/", _DEEPEST), file) for file in files])


def _folder(name: str, members: list[tuple[list[str], NamedFile]]) -> Folder:
    below: dict[str, list[tuple[list[str], NamedFile]]] = {}
    here: list[Link] = []
    for parts, file in members:
        if len(parts) > 1:
            below.setdefault(parts[0], []).append((parts[1:], file))
        else:
            here.append(Link(parts[0], file.url, texts.shortened(file.reference) or texts.size_text(file.size_bytes)))
    size = texts.size_text(sum(file.size_bytes for _, file in members))
    return Folder(
        name=name,
        note=f"{texts.counted(len(members), 'file')}, {size}",
        folders=tuple(_folder(each, below[each]) for each in sorted(below)),
        files=tuple(sorted(here, key=lambda link: link.text)),
    )
