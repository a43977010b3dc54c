"""The executable schema: the SDL file, scalars, and a resolver for everything that it names."""

from __future__ import annotations

from datetime import datetime
from importlib import resources

from ariadne import InterfaceType, ScalarType, UnionType, make_executable_schema
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema

from sweepyard import jsonvalue
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.context import Resolvers
from sweepyard.hub.wandb_api.names import snake_case
from sweepyard.hub.wandb_api.operations import (
    artifact_changes,
    artifacts,
    files,
    projects,
    relations,
    runs,
    sweeps,
    users,
)
from sweepyard.jsonvalue import JsonValue

QUERIES: Resolvers = {**users.QUERIES, **projects.QUERIES, **artifacts.QUERIES}
MUTATIONS: Resolvers = {
    **projects.MUTATIONS,
    **runs.MUTATIONS,
    **files.MUTATIONS,
    **sweeps.MUTATIONS,
    **artifact_changes.MUTATIONS,
}
# Arguments whose names are Python's own words.
_ARGUMENTS = {"input": "given", "id": "identity"}
_ARGUMENT_DEPTH = 3  # type, field, argument


def sdl() -> str:
    """The schema's text."""
    return resources.files("sweepyard.hub.wandb_api").joinpath("schema.graphql").read_text(encoding="utf-8")


def build() -> GraphQLSchema:
    """The schema with all its resolvers.

    Raises:
        LookupError: A root field has no resolver, or a resolver no field.
    """
    schema = make_executable_schema(
        sdl(),
        _json_string(),
        _json(),
        _moment(),
        _whole_number("Int64"),
        _whole_number("Duration"),
        InterfaceType("ArtifactCollection", _typename),
        UnionType("ArtifactCreator", _typename),
        convert_names_case=_our_name,
    )
    _bind(schema.query_type, QUERIES)
    _bind(schema.mutation_type, MUTATIONS)
    for typename, fields in relations.RELATIONS.items():
        owner = schema.type_map[typename]
        if isinstance(owner, GraphQLObjectType):
            _bind(owner, fields, whole=False)
    return schema


def _our_name(name: str, _schema: GraphQLSchema, path: tuple[str, ...]) -> str:
    is_argument = len(path) == _ARGUMENT_DEPTH
    return _ARGUMENTS.get(name, snake_case(name)) if is_argument else snake_case(name)


def _bind(owner: GraphQLObjectType | None, resolvers: Resolvers, *, whole: bool = True) -> None:
    if owner is None:
        raise LookupError("the schema lacks a root type")
    by_name = {snake_case(name): field for name, field in owner.fields.items()}
    strays = set(resolvers) ^ set(by_name) if whole else set(resolvers) - set(by_name)
    if strays:
        raise LookupError(f"{owner.name}: these have a field without resolver, or the reverse: {sorted(strays)}")
    for name, resolver in resolvers.items():
        by_name[name].resolve = resolver


def _typename(node: object, *_: object) -> str:
    return str(getattr(node, "typename"))  # noqa: B009 - nodes of several classes have it


def _json_string() -> ScalarType:
    return ScalarType("JSONString", serializer=str, value_parser=_text)


def _json() -> ScalarType:
    return ScalarType("JSON", serializer=jsonvalue.strict)


def _moment() -> ScalarType:
    def write(value: datetime | str) -> str:
        return codec.moment_to_wire(value) if isinstance(value, datetime) else value

    return ScalarType("DateTime", serializer=write)


def _whole_number(name: str) -> ScalarType:
    def read(value: JsonValue) -> int:
        if isinstance(value, str) and value.lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
            raise GraphQLError(f"{name} is a whole number of 64 bits; received {value!r}")
        return value

    return ScalarType(name, serializer=int, value_parser=read)


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"JSONString is JSON as text; received {type(value).__name__}")
    return value
