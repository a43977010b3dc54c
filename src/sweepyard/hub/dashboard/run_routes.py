"""The routes of a run's pages, and of the artifacts that runs make."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from sweepyard.domain.access import Actor
from sweepyard.domain.artifact import ArtifactVersion
from sweepyard.errors import NotFound
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.curve_views import CurvesAsked
from sweepyard.hub.dashboard.doors import Doors
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.packing import packed_json
from sweepyard.hub.dashboard.pages.artifact import artifact_page, version_named
from sweepyard.hub.dashboard.pages.run import SECTIONS, run_page
from sweepyard.hub.dashboard.places import PROJECT, RUN, project_of, run_of
from sweepyard.hub.dashboard.run_sections.console import all_lines
from sweepyard.hub.dashboard.run_sections.system_data import system_data
from sweepyard.hub.http.blobs import blob_response
from sweepyard.services.bundle import Services
from sweepyard.services.guard import acting_as
from sweepyard.web.headers import NEVER_STORED

_ARTIFACT = f"{PROJECT}/artifacts/{{type}}/{{collection}}/{{version}}"


def run_routes(doors: Doors, services: Services) -> list[BaseRoute]:
    """A run's sections, its stream of marks, its console as a file; versions of artifacts, and their files."""
    return [
        *(_section(doors, services, name) for name in SECTIONS),
        doors.events(urls.events_url(RUN), lambda request: services.watching.run(run_of(request))),
        doors.answer(f"{RUN}/system.json", lambda request: _system(services, request)),
        doors.answer(f"{RUN}/console.log", lambda request: _console(doors, services, request)),
        doors.page(_ARTIFACT, lambda request, actor: artifact_page(services, actor, _version_of(services, request))),
        doors.answer(f"{_ARTIFACT}/files/{{name:path}}", lambda request: _artifact_file(services, request)),
    ]


def _section(doors: Doors, services: Services, name: str) -> BaseRoute:
    def page(request: Request, actor: Actor) -> Page:
        return run_page(services, actor, run_of(request), name, request.query_params)

    return doors.page(f"{RUN}/{name}" if name else RUN, page)


def _console(doors: Doors, services: Services, request: Request) -> Response:
    path = run_of(request)
    services.runs.get(path)
    actor = doors.sessions.actor_of(request)

    def pieces() -> Iterator[bytes]:
        lines = all_lines(services, path)
        while True:
            # Each piece is read when the last one was sent, in whichever thread.
            with acting_as(actor):
                piece = next(lines, None)
            if piece is None:
                return
            yield "".join(f"{line.text}\n" for line in piece).encode("utf-8", "backslashreplace")

    name = quote(f"{path.run_id}.log", safe="")
    headers = {**NEVER_STORED, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(pieces(), media_type="text/plain; charset=utf-8", headers=headers)


def _system(services: Services, request: Request) -> Response:
    return packed_json(request, system_data(services, run_of(request), CurvesAsked.of(request.query_params)))


def _version_of(services: Services, request: Request) -> ArtifactVersion:
    return version_named(
        services, *project_of(request), request.path_params["collection"], request.path_params["version"]
    )


def _artifact_file(services: Services, request: Request) -> Response:
    version = _version_of(services, request)
    file = services.artifacts.file(version.number, request.path_params["name"])
    if file.blob is None:
        raise NotFound(f"{file.name} does not lie in this hub")
    return blob_response(request, services.artifacts.open_blob(file.blob), file.blob, name=file.name)
