"""Static files: under addresses that change with what the files hold, so that browsers may keep them for good.

Every server's pages share the files of this room: colours, the frame, the switch between light and dark.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_SHARED = Path(__file__).parent / "static"
_PREFIX = "/static"
_KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


class Assets:
    """The static files of one server: its own, and the shared ones."""

    def __init__(self, own: Path) -> None:
        """Files are looked for in the folder `own` first."""
        self._folders = (own, _SHARED)

    @cached_property
    def version(self) -> str:
        """A digest over all of them: a module finds those that it imports, by relative paths, in its own version."""
        digest = hashlib.sha256()
        for folder in self._folders:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                content = path.read_bytes()
                digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    def url(self, path: str) -> str:
        """The address of a file, by its path in `static/`."""
        return f"{_PREFIX}/{self.version}/{path}"

    def text(self, path: str) -> str:
        """What a file holds, by its path in `static/`."""
        return next(folder / path for folder in self._folders if (folder / path).is_file()).read_text(encoding="utf-8")

    def route(self) -> BaseRoute:
        """What serves the files of this version; other versions are not there."""
        files = _Kept(directory=self._folders[0], packages=[("sweepyard.web", _SHARED.name)])
        return Mount(_PREFIX, routes=[Mount(f"/{self.version}", files)], name="static")


class _Kept(StaticFiles):
    """Files that do not change under their address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        MutableHeaders(raw=response.raw_headers)["Cache-Control"] = _KEPT_FOR_GOOD
        return response
