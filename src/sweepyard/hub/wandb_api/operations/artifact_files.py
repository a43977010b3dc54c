"""Files and manifests of artifact versions."""

from __future__ import annotations

from typing import ClassVar

from graphql import GraphQLResolveInfo

from sweepyard.domain.artifact import ArtifactFile, Manifest
from sweepyard.hub.http.links import ArtifactFileTarget, ManifestTarget
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.context import Context
from sweepyard.hub.wandb_api.operations.files import FileNode


class ArtifactFileNode(FileNode):
    """A file of an artifact version; the version is in `relations`."""

    updated_at: ClassVar[None] = None

    def __init__(self, context: Context, file: ArtifactFile) -> None:
        super().__init__(file.name, file.blob)
        self._reference = file.reference
        self.artifact_number = file.artifact_number
        self._links = context.links
        self._target = ArtifactFileTarget(file.artifact_number, file.name)
        self.id = codec.node_id("ArtifactFile", file.artifact_number, file.name)
        self.md5 = file.md5
        self.digest = file.md5
        self.storage_path = f"artifacts/{file.artifact_number}/{file.name}"
        self._stored = file.blob is not None

    @property
    def upload_url(self) -> str | None:
        return None if self._stored else self._links.upload(self._target)

    @property
    def direct_url(self) -> str:
        return self._reference or self._links.download(self._target)

    def url(self, info: GraphQLResolveInfo, upload: bool | None = None) -> str | None:
        return self.upload_url if upload else self.direct_url


class ManifestFileNode(FileNode):
    """A manifest, as a file; its version is in `relations`."""

    updated_at: ClassVar[None] = None
    storage_path: ClassVar[None] = None

    def __init__(self, context: Context, manifest: Manifest) -> None:
        super().__init__(manifest.name, manifest.blob)
        self.artifact_number = manifest.artifact_number
        target = ManifestTarget(manifest.number, manifest.name)
        self.id = codec.node_id("ManifestFile", manifest.number)
        self.upload_url = context.links.upload(target)
        self.direct_url = context.links.download(target)

    def url(self, info: GraphQLResolveInfo, upload: bool | None = None) -> str:
        return self.upload_url if upload else self.direct_url


class ManifestNode:
    """The list of an artifact's files."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self._context = context
        self._manifest = manifest
        self.id = codec.node_id("ArtifactManifest", manifest.number)
        self.digest = manifest.digest

    @property
    def file(self) -> ManifestFileNode:
        return ManifestFileNode(self._context, self._manifest)
