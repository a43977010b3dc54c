"""The artifacts of a server: found, fetched, used, named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import wandb
from wandb.sdk.artifacts._generated.enums import ArtifactDigestAlgorithm
from wandb.sdk.artifacts._gqlutils import record_artifact_use
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.lib.hashutil import md5_file_b64

from sweepyard.domain.run import RunPath
from sweepyard.errors import NotTracked, TrackingError
from sweepyard.jsonvalue import loads_object
from sweepyard.tracking.push.connection import PAGE, Connection
from sweepyard.tracking.push.facts import ArtifactFacts

ARTIFACT_FIELDS = """
  id digest versionIndex description metadata state createdAt aliases { alias } tags { name }
  artifactSequence { name } artifactType { name }
"""
_NAMED_ARTIFACT = f"""
query PushedArtifact($entity: String!, $project: String!, $name: String!) {{
  project(name: $project, entityName: $entity) {{ artifact(name: $name) {{ {ARTIFACT_FIELDS} }} }}
}}
"""
_CLIENT_ID = "query ClientIDMapping($id: ID!) { clientIDMapping(clientID: $id) { serverID } }"
_ALIASES = """
mutation {name}($input: {input}!) {{ result: {call}(input: $input) {{ success }} }}
"""


class SideArtifacts:
    """The artifacts of one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, entity: str, project: str, name: str) -> ArtifactFacts | None:
        """A version by `name:v3` or `name:digest`, or None."""
        try:
            found = self._connection.query(
                _NAMED_ARTIFACT, {"entity": entity, "project": project, "name": name}, f"the artifact {name}"
            )
        except NotTracked:
            return None
        node = (found.get("project") or {}).get("artifact")
        return artifact_facts(node) if node else None

    def id_of_client_id(self, client_id: str) -> str | None:
        """The artifact version that a client called so when it logged it, by what the server calls it."""
        mapping = self._connection.query(_CLIENT_ID, {"id": client_id}, f"the artifact of client id {client_id}")
        found = mapping.get("clientIDMapping")
        return str(found["serverID"]) if found else None

    def download(self, path: RunPath, facts: ArtifactFacts, folder: Path) -> wandb.Artifact:
        """Fetch an artifact's files into `folder`; its references stay references.

        Raises:
            TrackingError: A file is missing, or not what the manifest says.
        """
        version = "latest" if facts.version is None else f"v{facts.version}"
        name = f"{path.entity}/{path.project}/{facts.collection}:{version}"

        def fetch() -> wandb.Artifact:
            artifact: wandb.Artifact = self._connection.api.artifact(name, type=facts.kind)
            stored = [str(entry.path) for entry in artifact.manifest.entries.values() if entry.ref is None]
            for start in range(0, len(stored), PAGE):
                for file in artifact.files(names=stored[start : start + PAGE], per_page=PAGE):
                    file.download(str(folder), replace=True).close()
            return artifact

        artifact = self._connection.ask(fetch, f"the artifact {name}")
        for entry in artifact.manifest.entries.values():
            _check_digest(entry, folder, name)
        return artifact

    def use(self, path: RunPath, artifact: ArtifactFacts) -> None:
        """Note that the run has the artifact, of the same project, as its input."""
        self._connection.ask(
            lambda: record_artifact_use(
                self._connection.service,
                artifact_id=artifact.node_id,
                entity_name=path.entity,
                project_name=path.project,
                run_name=path.run_id,
                artifact_entity_name=path.entity,
                artifact_project_name=path.project,
            ),
            f"the use of {artifact} by {path}",
        )

    def change_aliases(self, path: RunPath, artifact: ArtifactFacts, aliases: Iterable[str], *, add: bool) -> None:
        """Give the version aliases, or take them away."""
        verb = "add" if add else "delete"
        mutation = _ALIASES.format(
            name=f"{verb.title()}Aliases", input=f"{verb.title()}AliasesInput", call=f"{verb}Aliases"
        )
        wanted = [
            {
                "alias": alias,
                "artifactCollectionName": artifact.collection,
                "entityName": path.entity,
                "projectName": path.project,
            }
            for alias in aliases
        ]
        given = {"input": {"artifactID": artifact.node_id, "aliases": wanted}}
        self._connection.query(mutation, given, f"the aliases of {artifact}")


def artifact_facts(node: dict[str, Any]) -> ArtifactFacts:
    """A version, from what a server answers for `ARTIFACT_FIELDS`."""
    return ArtifactFacts(
        node_id=node["id"],
        collection=node["artifactSequence"]["name"],
        kind=node["artifactType"]["name"],
        digest=node["digest"],
        version=node["versionIndex"],
        description=node["description"] or "",
        metadata=loads_object(node["metadata"] or "{}"),
        aliases=tuple(alias["alias"] for alias in node["aliases"] or ()),
        tags=tuple(tag["name"] for tag in node["tags"] or ()),
        created_at=node["createdAt"] or "",
    )


def _check_digest(entry: ArtifactManifestEntry, folder: Path, name: str) -> None:
    """Refuse bytes that are not the manifest's: they would be stored under a wrong digest."""
    if entry.ref is not None:
        return
    path = folder / entry.path
    if not path.is_file():
        raise TrackingError(f"every file of the artifact {name} must be there; {entry.path!s} is not")
    if entry.digest_algorithm() is not ArtifactDigestAlgorithm.MANIFEST_MD5:
        return  # another digest that the client knows how to make; it checks what it sends
    received = md5_file_b64(path)
    if received != entry.digest:
        raise TrackingError(
            f"{entry.path!s} of the artifact {name} must have the MD5 {entry.digest}; received {received}"
        )
