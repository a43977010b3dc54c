"""Artifacts, written: made, filled, committed, used, renamed, deleted."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from graphql import GraphQLResolveInfo

from sweepyard.domain.artifact import ArtifactFile, ManifestKind
from sweepyard.domain.run import RunPath
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.connections import connect_all
from sweepyard.hub.wandb_api.context import FALLBACK_PROJECT, Input, Resolvers, context_of
from sweepyard.hub.wandb_api.operations.artifact_files import ArtifactFileNode, ManifestNode
from sweepyard.hub.wandb_api.operations.artifacts import ArtifactNode
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.artifacts import ArtifactChanges


def create_artifact(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Begin a version, or find the committed one with the same content."""
    context = context_of(info)
    context.require_write()
    collection = _collection_name(given)
    _refuse_time_limit(given)
    metadata = given.get("metadata")
    version = context.services.artifacts.create(
        ArtifactDraft(
            entity=context.entity(given["entity_name"]),
            project=given["project_name"] or FALLBACK_PROJECT,
            collection=collection,
            artifact_type=given["artifact_type_name"],
            digest=given["digest"],
            aliases=_aliases(given, collection) or (),
            tags=_tags(given, "tags"),
            description=given.get("description") or "",
            metadata=codec.object_from_wire("metadata", metadata) if metadata else None,
            run_id=given.get("run_name") or None,
            client_id=given.get("client_id"),
            sequence_client_id=given.get("sequence_client_id"),
            history_step=given.get("history_step"),
            deduplicate=bool(given.get("enable_digest_deduplication")),
            distributed_id=given.get("distributed_id"),
        )
    )
    return {"artifact": ArtifactNode(context, version)}


def create_artifact_manifest(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Register a version's manifest; the answer says where to put its bytes."""
    context = context_of(info)
    context.require_write()
    number = codec.number_of_id("Artifact", given["artifact_id"])
    manifest = context.services.artifacts.add_manifest(
        number,
        name=given["name"],
        digest=given["digest"],
        kind=ManifestKind(given.get("type") or "FULL"),
        base_number=_base_number(given),
    )
    return {"artifact_manifest": ManifestNode(context, manifest)}


def update_artifact_manifest(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Give a registered manifest its digest."""
    context = context_of(info)
    context.require_write()
    number = codec.number_of_id("ArtifactManifest", given["artifact_manifest_id"])
    manifest = context.services.artifacts.update_manifest(
        number, digest=given.get("digest") or "", base_number=_base_number(given)
    )
    return {"artifact_manifest": ManifestNode(context, manifest)}


def create_artifact_files(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Register files; those that the hub lacks get an address for their bytes."""
    context = context_of(info)
    context.require_write()
    wanted: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for spec in given["artifact_files"]:
        number = codec.number_of_id("Artifact", spec["artifact_id"])
        wanted[number].append((spec["name"], spec.get("md5") or spec.get("digest") or ""))
    registered: dict[tuple[int, str], ArtifactFile] = {}
    for number, specs in wanted.items():
        files = context.services.artifacts.register_files(number, specs)
        registered |= {(number, name): file for (name, _), file in zip(specs, files, strict=True)}
    in_order = [
        registered[codec.number_of_id("Artifact", spec["artifact_id"]), spec["name"]]
        for spec in given["artifact_files"]
    ]
    return {"files": connect_all(ArtifactFileNode(context, file) for file in in_order)}


def complete_multipart_upload_artifact(_root: object, info: GraphQLResolveInfo, given: Input) -> None:
    """Refuse: no file is offered to be uploaded in pieces.

    Joining gigabytes takes longer than the client waits for an answer; a whole upload is hashed while it comes.

    Raises:
        RequestInvalid: Always.
    """
    context_of(info).require_write()
    raise RequestInvalid([Violation("this hub takes each file of an artifact whole, by its `uploadUrl`", "pieces")])


def commit_artifact(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Make a version final."""
    context = context_of(info)
    context.require_write()
    version = context.services.artifacts.commit(codec.number_of_id("Artifact", given["artifact_id"]))
    return {"artifact": ArtifactNode(context, version)}


def use_artifact(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Note that a run uses a version."""
    context = context_of(info)
    context.require_write()
    run = RunPath(context.entity(given["entity_name"]), given["project_name"], given["run_name"])
    version = context.services.artifacts.use(codec.number_of_id("Artifact", given["artifact_id"]), run)
    return {"artifact": ArtifactNode(context, version)}


def update_artifact(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Describe a version anew."""
    context = context_of(info)
    context.require_write()
    _refuse_time_limit(given)
    number = codec.number_of_id("Artifact", given["artifact_id"])
    metadata = given.get("metadata")
    changes = ArtifactChanges(
        description=given.get("description"),
        metadata=codec.object_from_wire("metadata", metadata) if metadata else None,
        aliases=_aliases(given, context.services.artifacts.get(number).collection),
        tags_to_add=_tags(given, "tags_to_add"),
        tags_to_delete=_tags(given, "tags_to_delete"),
    )
    return {"artifact": ArtifactNode(context, context.services.artifacts.update(number, changes))}


def delete_artifact(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Delete a version."""
    context = context_of(info)
    context.require_write()
    number = codec.number_of_id("Artifact", given["artifact_id"])
    version = context.services.artifacts.delete(number, delete_aliases=bool(given.get("delete_aliases")))
    return {"artifact": ArtifactNode(context, version)}


def add_aliases(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Move aliases to a version."""
    context = context_of(info)
    context.require_write()
    number = codec.number_of_id("Artifact", given["artifact_id"])
    collection = context.services.artifacts.get(number).collection
    context.services.artifacts.add_aliases(number, _aliases(given, collection) or ())
    return {"success": True}


def delete_aliases(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Take aliases from a version."""
    context = context_of(info)
    context.require_write()
    number = codec.number_of_id("Artifact", given["artifact_id"])
    collection = context.services.artifacts.get(number).collection
    context.services.artifacts.remove_aliases(number, _aliases(given, collection) or ())
    return {"success": True}


def _base_number(given: Input) -> int | None:
    base = given.get("base_artifact_id")
    return codec.number_of_id("Artifact", base) if base else None


def _collection_name(given: Input) -> str:
    names = {
        name
        for name in (given.get("artifact_collection_name"), *(given.get("artifact_collection_names") or []))
        if name
    }
    if len(names) != 1:
        raise RequestInvalid([Violation("an artifact is made in exactly one collection", ", ".join(sorted(names)))])
    return str(names.pop())


def _aliases(given: Input, collection: str) -> tuple[str, ...] | None:
    """The aliases asked for.

    Raises:
        RequestInvalid: Some are for another collection; linking is not served.
    """
    asked = given.get("aliases")
    if asked is None:
        return None
    foreign = sorted({item["artifact_collection_name"] for item in asked} - {collection})
    if foreign:
        rule = f"aliases of a version are of its collection, {collection}; linking to others is not served"
        raise RequestInvalid([Violation(rule, name) for name in foreign])
    return tuple(item["alias"] for item in asked)


def _tags(given: Input, key: str) -> tuple[str, ...]:
    return tuple(item["tag_name"] for item in given.get(key) or [])


def _refuse_time_limit(given: Input) -> None:
    if (given.get("ttl_duration_seconds") or 0) > 0:
        rule = "this hub keeps artifacts until they are deleted; a time to live is not served"
        raise RequestInvalid([Violation(rule, f"{given['ttl_duration_seconds']} seconds")])


MUTATIONS: Resolvers = {
    "create_artifact": create_artifact,
    "create_artifact_manifest": create_artifact_manifest,
    "update_artifact_manifest": update_artifact_manifest,
    "create_artifact_files": create_artifact_files,
    "complete_multipart_upload_artifact": complete_multipart_upload_artifact,
    "commit_artifact": commit_artifact,
    "use_artifact": use_artifact,
    "update_artifact": update_artifact,
    "delete_artifact": delete_artifact,
    "add_aliases": add_aliases,
    "delete_aliases": delete_aliases,
}
