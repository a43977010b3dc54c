"""The routes that W&B's client knows."""

from __future__ import annotations

import asyncio
import binascii
import errno
import logging
from base64 import b64encode
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.agent import AGENT_HEADER
from sweepyard.domain.artifact import BlobRef
from sweepyard.domain.run import RunPath
from sweepyard.errors import NotFound
from sweepyard.hub.http.authentication import Sessions, key_of
from sweepyard.hub.http.blobs import blob_response
from sweepyard.hub.http.callers import RecentCallers
from sweepyard.hub.http.links import (
    Access,
    ArtifactFileTarget,
    Links,
    ManifestTarget,
    RunFileTarget,
    Target,
    open_target,
)
from sweepyard.hub.http.signing import Signer
from sweepyard.hub.wandb_api.context import Context
from sweepyard.hub.wandb_api.filestream import reply_to_wire, update_from_wire
from sweepyard.hub.wandb_api.graphql import GraphQL
from sweepyard.services.bundle import Services
from sweepyard.services.guard import acting_as, acting_for_the_hub
from sweepyard.services.streams import StreamReply
from sweepyard.web.bodies import pieces_of, read_body
from sweepyard.web.hosts import Addresses
from sweepyard.web.problems import plain_problem

MAX_GRAPHQL_BYTES = 32 << 20
MAX_STREAM_BYTES = 64 << 20
MAX_UPLOAD_BYTES = 64 << 30
_WRITE_BLOCK_BYTES = 1 << 20
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

log = logging.getLogger(__name__)
_READ_HERE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class WandbApi:
    """What W&B's client talks to."""

    services: Services
    graphql: GraphQL
    signer: Signer
    sessions: Sessions
    callers: RecentCallers
    addresses: Addresses

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/graphql", self._graphql, methods=["POST"]),
            Route("/files/{entity}/{project}/{run}/file_stream", self._file_stream, methods=["POST"]),
            Route("/files/{entity}/{project}/{run}/{name:path}", self._run_file, methods=["GET"]),
            Route("/storage/{token}/{name}", self._upload, methods=["PUT"]),
            Route("/storage/{token}/{name}", self._download, methods=["GET"]),
            # Without a signed address the client asks by MD5. Its place is project/collection/birth, with the artifact
            # before the birth where a server says that it knows that, and without a birth for old manifests.
            Route("/artifacts/{entity}/{md5}", self._artifact_by_md5, methods=["GET"]),
            Route(
                "/artifactsV2/{region}/{entity}/{place:path}/{md5}/{name:path}",
                self._artifact_by_md5,
                methods=["GET"],
            ),
        ]

    async def _graphql(self, request: Request) -> Response:
        # Nobody makes the hub read a body before it knows them.
        actor = await run_in_threadpool(self._client, request)
        body = await read_body(request, MAX_GRAPHQL_BYTES)
        return await run_in_threadpool(self._answer, request, actor, body)

    def _answer(self, request: Request, actor: Actor, body: bytes) -> Response:
        links = Links(self._base_url_of(request), self.signer)
        context = Context(self.services, actor, links, agent_token=request.headers.get(AGENT_HEADER, ""))
        with acting_as(actor):
            return self.graphql.answer(body, context)

    async def _file_stream(self, request: Request) -> Response:
        actor = await self.callers.actor_of(request)
        self.services.access.require(actor, Role.WRITE, request.path_params["entity"])
        body = await read_body(request, MAX_STREAM_BYTES)
        # What is read in a moment is read here: handing it to another thread would cost more.
        if len(body) <= _READ_HERE_BYTES:
            stored = self._submit(request, actor, body)
        else:
            stored = await run_in_threadpool(self._submit, request, actor, body)
        return Response(reply_to_wire(await asyncio.wrap_future(stored)), media_type="application/json")

    def _submit(self, request: Request, actor: Actor, body: bytes) -> Future[StreamReply]:
        with acting_as(actor):
            token = request.headers.get(AGENT_HEADER, "")
            return self.services.streams.submit(_run_of(request), update_from_wire(body, agent_token=token))

    async def _upload(self, request: Request) -> Response:
        target = open_target(self.signer, request.path_params["token"], Access.WRITE)
        try:
            blob = await self._received(request)
        except OSError as error:
            if error.errno not in _DISK_FULL:
                raise
            log.error("an upload failed: %s", error.strerror)
            return plain_problem(507, "full", "the hub's disk is full; nothing of the file was kept")
        await run_in_threadpool(self._put, target, blob)
        return Response(status_code=200, headers={"ETag": f'"{blob.md5}"'})

    async def _received(self, request: Request) -> BlobRef:
        with self.services.files.writer() as writer:
            pending = bytearray()
            async for piece in pieces_of(request, MAX_UPLOAD_BYTES):
                pending += piece
                if len(pending) >= _WRITE_BLOCK_BYTES:
                    await run_in_threadpool(writer.write, bytes(pending))
                    pending.clear()
            await run_in_threadpool(writer.write, bytes(pending))
            return await run_in_threadpool(writer.finish)

    def _put(self, target: Target, blob: BlobRef) -> None:
        with acting_for_the_hub():  # who signed the address had the right
            match target:
                case RunFileTarget(path, name):
                    self.services.files.put(path, name, blob)
                case ArtifactFileTarget(number, name):
                    self.services.artifacts.put_file(number, name, blob)
                case ManifestTarget(number, _):
                    self.services.artifacts.put_manifest(number, blob)

    def _download(self, request: Request) -> Response:
        target = open_target(self.signer, request.path_params["token"], Access.READ)
        with acting_for_the_hub():  # who signed the address had the right
            stream, blob = self._open(target)
        return blob_response(request, stream, blob, name=target.name)

    def _open(self, target: Target) -> tuple[IO[bytes], BlobRef]:
        match target:
            case RunFileTarget(path, name):
                return self._open_run_file(path, name)
            case ArtifactFileTarget(number, name):
                blob = self.services.artifacts.file(number, name).blob
            case ManifestTarget(number, name):
                blob = self.services.artifacts.manifest(number).blob
        if blob is None:
            raise NotFound(f"{target.name} was announced, but never uploaded")
        return self.services.artifacts.open_blob(blob), blob

    def _run_file(self, request: Request) -> Response:
        actor = self.sessions.reader_of(request)
        name = request.path_params["name"]
        with acting_as(actor):
            stream, blob = self._open_run_file(_run_of(request), name)
        return blob_response(request, stream, blob, name=name)

    def _open_run_file(self, path: RunPath, name: str) -> tuple[IO[bytes], BlobRef]:
        file, stream = self.services.files.open(path, name)
        if file.blob is None:
            stream.close()
            raise NotFound(f"{name} was announced, but never uploaded")
        return stream, file.blob

    def _artifact_by_md5(self, request: Request) -> Response:
        actor = self.sessions.reader_of(request)
        try:
            md5 = b64encode(binascii.unhexlify(request.path_params["md5"])).decode()
        except (binascii.Error, ValueError) as error:
            raise NotFound("an artifact's file is named by its MD5 in hexadecimal digits") from error
        with acting_as(actor):
            blob = self.services.artifacts.file_by_md5(request.path_params["entity"], md5)
        name = request.path_params.get("name") or request.path_params["md5"]
        return blob_response(request, self.services.artifacts.open_blob(blob), blob, name=name)

    def _client(self, request: Request) -> Actor:
        return self.services.access.authenticate(key_of(request))

    def _base_url_of(self, request: Request) -> str:
        return self.addresses.base_url(request.url.scheme, request.headers.get("host", ""))


def _run_of(request: Request) -> RunPath:
    parts = request.path_params
    return RunPath(parts["entity"], parts["project"], parts["run"])
