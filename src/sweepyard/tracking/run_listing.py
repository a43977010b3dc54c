"""The runs of a project, page by page, with the config as it was recorded.

The client's own list unwraps `{"value": ...}` twice where it is asked for whole runs (0.31), so that a config key which
is a mapping with a key `value` loses the rest of it. This asks for what a record needs, and unwraps once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wandb.apis.public.service_api import ServiceApi

from sweepyard.jsonvalue import JsonObject

_INTERNAL = frozenset({"_wandb", "wandb_version"})
_QUERY = """
query RunList($project: String!, $entity: String!, $cursor: String, $first: Int, $order: String, $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, after: $cursor, first: $first, order: $order) {
      edges { node { name displayName state tags sweepName createdAt heartbeatAt config summaryMetrics } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""


def nodes(
    service: ServiceApi, entity: str, project: str, *, filters: Mapping[str, Any], order: str, page: int
) -> Iterator[Mapping[str, Any]]:
    """The runs as the server gives them; see `config_of` for their configs.

    Raises:
        ValueError: There is no such project.
    """
    cursor = None
    while True:
        variables = {
            "project": project,
            "entity": entity,
            "cursor": cursor,
            "first": page,
            "order": order,
            "filters": json.dumps(filters),
        }
        found: Any = service.execute_graphql(_QUERY, variables)
        if found["project"] is None:
            raise ValueError(f"Could not find project {entity}/{project}")
        runs = found["project"]["runs"]
        for edge in runs["edges"]:
            yield edge["node"]
        if not runs["pageInfo"]["hasNextPage"]:
            return
        cursor = runs["pageInfo"]["endCursor"]


def config_of(text: str | None) -> JsonObject:
    """A run's config in plain nesting, without what the client keeps for itself."""
    config: JsonObject = json.loads(text or "{}")
    return {key: _unwrapped(value) for key, value in config.items() if key not in _INTERNAL}


def _unwrapped(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and "value" in value else value
