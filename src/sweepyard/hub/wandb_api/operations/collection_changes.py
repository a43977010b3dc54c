"""Collections of artifacts, written: described, tagged, renamed, moved to another type, deleted."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.context import Context, Input, Resolvers, context_of
from sweepyard.hub.wandb_api.operations.artifacts import CollectionNode, TagNode
from sweepyard.services.collections import CollectionChanges


def update_artifact_sequence(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Rename or describe a collection."""
    changes = CollectionChanges(name=given.get("name"), description=given.get("description"))
    return _updated(context_of(info), given["artifact_sequence_id"], changes)


def move_artifact_sequence(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Give a collection another type."""
    changes = CollectionChanges(artifact_type=given["destination_artifact_type_name"])
    return _updated(context_of(info), given["artifact_sequence_id"], changes)


def delete_artifact_sequence(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Delete a collection with all of its versions."""
    context = context_of(info)
    context.require_write()
    collection = context.services.collections.delete(*_key(given["artifact_sequence_id"]))
    node = CollectionNode(context, collection)
    node.state = "DELETED"
    return {"artifact_collection": node}


def create_artifact_collection_tag_assignments(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Tag a collection."""
    tags = tuple(item["tag_name"] for item in given["tags"])
    collection = _tagged(context_of(info), given, CollectionChanges(tags_to_add=tags))
    return {"tags": [TagNode(tag) for tag in collection]}


def delete_artifact_collection_tag_assignments(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Take tags from a collection."""
    tags = tuple(item["tag_name"] for item in given["tags"])
    _tagged(context_of(info), given, CollectionChanges(tags_to_delete=tags))
    return {"success": True}


def refuse_portfolio(_root: object, info: GraphQLResolveInfo, given: Input) -> None:
    """Refuse: there are no portfolios here.

    Raises:
        RequestInvalid: Always.
    """
    context_of(info).require_write()
    name = given.get("artifact_portfolio_name") or given.get("artifact_portfolio_id") or "none"
    hint = "Give the version an alias in its own collection"
    raise RequestInvalid([Violation("this hub has no portfolios or registries to link artifacts to", str(name), hint)])


def _updated(context: Context, identity: str, changes: CollectionChanges) -> dict[str, Any]:
    context.require_write()
    collection = context.services.collections.update(*_key(identity), changes)
    return {"artifact_collection": CollectionNode(context, collection)}


def _tagged(context: Context, given: Input, changes: CollectionChanges) -> tuple[str, ...]:
    context.require_write()
    key = (context.entity(given["entity_name"]), given["project_name"], given["artifact_collection_name"])
    return context.services.collections.update(*key, changes).tags


def _key(identity: str) -> tuple[str, str, str]:
    entity, project, name = codec.parts_of_id("ArtifactCollection", identity, 3)
    return entity, project, name


MUTATIONS: Resolvers = {
    "update_artifact_sequence": update_artifact_sequence,
    "move_artifact_sequence": move_artifact_sequence,
    "delete_artifact_sequence": delete_artifact_sequence,
    "create_artifact_collection_tag_assignments": create_artifact_collection_tag_assignments,
    "delete_artifact_collection_tag_assignments": delete_artifact_collection_tag_assignments,
    "link_artifact": refuse_portfolio,
    "unlink_artifact": refuse_portfolio,
    "update_artifact_portfolio": refuse_portfolio,
    "delete_artifact_portfolio": refuse_portfolio,
}
