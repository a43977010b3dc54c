"""Static files: under addresses that change with what the files hold, so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
_PREFIX = "/static"
_KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def version() -> str:
    """A digest over all static files: a module finds those that it imports, by relative paths, in its own version."""
    digest = hashlib.sha256()
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FOLDER).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def asset_url(path: str) -> str:
    """The address of a static file, by its path in `static/`."""
    return f"{_PREFIX}/{version()}/{path}"


def assets_route() -> BaseRoute:
    """What serves the static files of this version; other versions are not there."""
    files = _Kept(directory=FOLDER, follow_symlink=False)
    return Mount(_PREFIX, routes=[Mount(f"/{version()}", files)], name="static")


class _Kept(StaticFiles):
    """Files that do not change under their address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        MutableHeaders(raw=response.raw_headers)["Cache-Control"] = _KEPT_FOR_GOOD
        return response
