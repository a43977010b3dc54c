"""Variables as the client sends them: every field of its own input types, also those that we do not know.

Its structs name fields of newer servers and leave them null. A null asks for nothing, so it is left out; an
unknown field with a value stays, and the schema refuses it by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    type_from_ast,
)

from sweepyard.jsonvalue import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Pruned:
    """Variables without unknown nulls, and the dotted paths of what is unknown and not null."""

    variables: JsonObject
    unknown: tuple[str, ...]


def prune(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: JsonObject) -> Pruned:
    """Leave out null fields that the schema's input types do not have."""
    unknown: list[str] = []
    kept = dict(variables)
    for definition in operation.variable_definitions:
        name = definition.variable.name.value
        if name in kept:
            declared = type_from_ast(schema, definition.type)
            kept[name] = _prune(declared, kept[name], f"${name}", unknown)  # type: ignore[arg-type]
    return Pruned(kept, tuple(unknown))


def _prune(declared: GraphQLInputType | None, value: JsonValue, path: str, unknown: list[str]) -> JsonValue:
    if isinstance(declared, GraphQLNonNull):
        return _prune(declared.of_type, value, path, unknown)
    if isinstance(declared, GraphQLList) and isinstance(value, list):
        return [_prune(declared.of_type, item, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    if not isinstance(declared, GraphQLInputObjectType) or not isinstance(value, dict):
        return value
    kept: JsonObject = {}
    for key, item in value.items():
        field = declared.fields.get(key)
        if field is not None:
            kept[key] = _prune(field.type, item, f"{path}.{key}", unknown)
        elif item is not None:
            unknown.append(f"{path}.{key}")
            kept[key] = item
    return kept
