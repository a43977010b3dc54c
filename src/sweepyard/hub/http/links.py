"""Addresses that the hub gives out: pages for people, and file addresses that carry their own permission."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import PurePosixPath
from urllib.parse import quote

from sweepyard.domain.run import RunPath
from sweepyard.errors import Forbidden
from sweepyard.hub.http.signing import Signer
from sweepyard.jsonvalue import JsonObject

UPLOAD_LIFETIME = timedelta(days=2)
DOWNLOAD_LIFETIME = timedelta(days=1)


class Access(Enum):
    """What the bearer of a signed address may do."""

    READ = "get"
    WRITE = "put"


@dataclass(frozen=True, slots=True)
class RunFileTarget:
    """A file of a run."""

    path: RunPath
    name: str


@dataclass(frozen=True, slots=True)
class ArtifactFileTarget:
    """A file of an artifact version, by the version's number."""

    artifact_number: int
    name: str


@dataclass(frozen=True, slots=True)
class ManifestTarget:
    """An artifact's manifest, by its own number."""

    manifest_number: int
    name: str


Target = RunFileTarget | ArtifactFileTarget | ManifestTarget


@dataclass(frozen=True, slots=True)
class Links:
    """Makes absolute addresses.

    Attributes:
        base_url: Scheme, host and port as the asking client sees them, without a slash at the end.
    """

    base_url: str
    signer: Signer

    def upload(self, target: Target) -> str:
        """Where the bytes of `target` may be PUT, without a key."""
        return self._signed(target, Access.WRITE, UPLOAD_LIFETIME)

    def download(self, target: Target) -> str:
        """Where the bytes of `target` may be read, without a key."""
        return self._signed(target, Access.READ, DOWNLOAD_LIFETIME)

    def run_file(self, path: RunPath, name: str) -> str:
        """Where a run's file is read with a key or a session."""
        parts = (path.entity, path.project, path.run_id, name)
        return f"{self.base_url}/files/{'/'.join(quote(part, safe='/') for part in parts)}"

    def _signed(self, target: Target, access: Access, lifetime: timedelta) -> str:
        token = self.signer.sign({"do": access.value, **_claims_of(target)}, lifetime)
        return f"{self.base_url}/storage/{token}/{quote(PurePosixPath(target.name).name or 'file', safe='')}"


def open_target(signer: Signer, token: str, access: Access) -> Target:
    """What a signed address stands for.

    Raises:
        Forbidden: The address is not ours, is too old, or permits something else.
    """
    claims = signer.verify(token)
    if claims.get("do") != access.value:
        raise Forbidden(f"this address does not permit to {access.value}")
    return _target_of(claims)


def _claims_of(target: Target) -> JsonObject:
    match target:
        case RunFileTarget(path, name):
            return {"of": "run", "e": path.entity, "p": path.project, "r": path.run_id, "n": name}
        case ArtifactFileTarget(number, name):
            return {"of": "artifact", "i": number, "n": name}
        case ManifestTarget(number, name):
            return {"of": "manifest", "i": number, "n": name}


def _target_of(claims: JsonObject) -> Target:
    match claims:
        case {"of": "run", "e": str(entity), "p": str(project), "r": str(run_id), "n": str(name)}:
            return RunFileTarget(RunPath(entity, project, run_id), name)
        case {"of": "artifact", "i": int(number), "n": str(name)}:
            return ArtifactFileTarget(number, name)
        case {"of": "manifest", "i": int(number), "n": str(name)}:
            return ManifestTarget(number, name)
        case _:
            raise Forbidden("this address stands for nothing that this hub knows")
