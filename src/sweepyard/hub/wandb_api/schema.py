"""The executable schema: the SDL file, scalars, and a resolver for everything that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from sweepyard import jsonvalue
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.context import Resolvers
from sweepyard.hub.wandb_api.limits import COSTS, DEFAULT_COST
from sweepyard.hub.wandb_api.names import snake_case
from sweepyard.hub.wandb_api.operations import (
    artifact_changes,
    artifacts,
    collection_changes,
    files,
    projects,
    relations,
    runs,
    sweeps,
    users,
    views,
)
from sweepyard.jsonvalue import JsonValue

QUERIES: Resolvers = {**users.QUERIES, **projects.QUERIES, **artifacts.QUERIES, **views.QUERIES}
MUTATIONS: Resolvers = {
    **projects.MUTATIONS,
    **runs.MUTATIONS,
    **files.MUTATIONS,
    **sweeps.MUTATIONS,
    **views.MUTATIONS,
    **artifact_changes.MUTATIONS,
    **collection_changes.MUTATIONS,
}
# Arguments whose names are Python's own words.
_ARGUMENTS = {"input": "given", "id": "identity"}


def sdl() -> str:
    """The schema's text."""
    return resources.files("sweepyard.hub.wandb_api").joinpath("schema.graphql").read_text(encoding="utf-8")


def build() -> GraphQLSchema:
    """The schema with all its resolvers.

    Raises:
        LookupError: A root field has no resolver, or a resolver no field.
    """
    schema = build_schema(sdl())
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLScalarType) and name in _SCALARS:
            # The library reads them as attributes; it has no other way to give an SDL's scalars their functions.
            kind.serialize = _SCALARS[name][0]  # type: ignore[method-assign,assignment]
            kind.parse_value = _SCALARS[name][1]  # type: ignore[method-assign,assignment]
        elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _typename
        elif isinstance(kind, GraphQLInputObjectType):
            for key, item in kind.fields.items():
                item.out_name = snake_case(key)
        elif isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for key, field in kind.fields.items():
                _find_by_name(key, field)
    _bind(schema.query_type, QUERIES)
    _bind(schema.mutation_type, MUTATIONS)
    for typename, resolvers in relations.RELATIONS.items():
        owner = schema.get_type(typename)
        _bind(owner if isinstance(owner, GraphQLObjectType) else None, resolvers, whole=False)
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for key, field in kind.fields.items():
                _count(field, COSTS.get((name, key), DEFAULT_COST))
    return schema


def _count(field: GraphQLField, cost: int) -> None:
    """Let every value of the field be paid for."""
    resolve = field.resolve
    if resolve is None:
        raise LookupError("a field is counted once it has a resolver")

    def counted(node: object, info: GraphQLResolveInfo, **arguments: object) -> object:
        info.context.budget.spend(cost)
        return resolve(node, info, **arguments)

    field.resolve = counted


def _find_by_name(name: str, field: GraphQLField) -> None:
    """Let a field be found by its name in snake case, and its arguments come in snake case."""
    for key, argument in field.args.items():
        argument.out_name = _ARGUMENTS.get(key, snake_case(key))
    field.resolve = _member(snake_case(name))


def _member(name: str) -> GraphQLFieldResolver:
    def resolve(node: object, info: GraphQLResolveInfo, **arguments: object) -> object:
        value = node[name] if isinstance(node, Mapping) else getattr(node, name)
        return value(info, **arguments) if callable(value) else value

    return resolve


def _bind(owner: GraphQLObjectType | None, resolvers: Resolvers, *, whole: bool = True) -> None:
    if owner is None:
        raise LookupError(f"the schema lacks the type of {sorted(resolvers)}")
    by_name = {snake_case(name): field for name, field in owner.fields.items()}
    strays = set(resolvers) ^ set(by_name) if whole else set(resolvers) - set(by_name)
    if strays:
        raise LookupError(f"{owner.name}: these have a field without resolver, or the reverse: {sorted(strays)}")
    for name, resolver in resolvers.items():
        by_name[name].resolve = resolver


def _typename(node: object, *_: object) -> str:
    return str(getattr(node, "typename"))  # noqa: B009 - nodes of several classes have it


def _moment(value: datetime | str) -> str:
    return codec.moment_to_wire(value) if isinstance(value, datetime) else value


def _whole_number(value: JsonValue) -> int:
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise GraphQLError(f"expected a whole number of 64 bits; received {value!r}")
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"expected text; received {type(value).__name__}")
    return value


# How each scalar is written and read; GraphQL's literals come as the values that they stand for.
_SCALARS: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "JSONString": (str, _text),
    "JSON": (jsonvalue.strict, lambda value: value),
    "DateTime": (_moment, _text),
    "Int64": (int, _whole_number),
    "Duration": (int, _whole_number),
}
