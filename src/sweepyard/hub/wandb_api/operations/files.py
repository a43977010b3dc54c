"""Files of runs: announced, listed, deleted; their bytes go by addresses of their own."""

from __future__ import annotations

import base64
import mimetypes
from typing import Any, ClassVar

from graphql import GraphQLResolveInfo

from sweepyard.domain.artifact import BlobRef, RunFile
from sweepyard.domain.run import RunPath
from sweepyard.hub.http.links import RunFileTarget
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.context import Context, Input, Resolvers, context_of


class FileNode:
    """What all files have in common."""

    upload_multipart_urls: ClassVar[None] = None
    artifact_number: int | None = None

    def __init__(self, name: str, blob: BlobRef | None) -> None:
        self.name = name
        self.display_name = name
        self.size_bytes = blob.size_bytes if blob else 0
        self.md5 = md5_to_wire(blob) if blob else None
        self.digest = self.md5
        self.mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.upload_headers: list[str] = []


class RunFileNode(FileNode):
    """A file of a run."""

    storage_path: ClassVar[None] = None

    def __init__(self, context: Context, path: RunPath, file: RunFile) -> None:
        super().__init__(file.name, file.blob)
        self._links = context.links
        self._path = path
        self.id = codec.run_file_to_id(path, file.name)
        self.updated_at = file.updated_at

    def url(self, info: GraphQLResolveInfo, upload: bool | None = None) -> str:
        return self.upload_url if upload else self._links.run_file(self._path, self.name)

    @property
    def upload_url(self) -> str:
        return self._links.upload(RunFileTarget(self._path, self.name))

    @property
    def direct_url(self) -> str:
        return self._links.download(RunFileTarget(self._path, self.name))


def md5_to_wire(blob: BlobRef) -> str:
    """The MD5 of bytes in base64, as W&B writes it."""
    return base64.b64encode(bytes.fromhex(blob.md5)).decode()


def create_run_files(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Announce files of a run; the answer says where to put their bytes."""
    context = context_of(info)
    context.require_write()
    path = _run_of(context, given)
    announced = context.services.files.register(path, given["files"])
    nodes = [RunFileNode(context, path, file) for file in announced]
    return {"run_id": codec.run_to_id(path), "upload_headers": [], "files": nodes}


def mark_run_files_uploaded(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Say whether the named files have their bytes; an upload is complete here once its PUT was answered."""
    context = context_of(info)
    context.require_write()
    files = context.services.files
    return {"success": all(files.get(_run_of(context, given), name).blob is not None for name in given["files"])}


def delete_files(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Delete files of runs."""
    context = context_of(info)
    context.require_write()
    for path, name in [codec.run_file_from_id(identity) for identity in given["files"]]:
        context.services.files.delete(path, name)
    return {"success": True}


def _run_of(context: Context, given: Input) -> RunPath:
    return RunPath(context.entity(given["entity_name"]), given["project_name"], given["run_name"])


MUTATIONS: Resolvers = {
    "create_run_files": create_run_files,
    "mark_run_files_uploaded": mark_run_files_uploaded,
    "delete_files": delete_files,
}
