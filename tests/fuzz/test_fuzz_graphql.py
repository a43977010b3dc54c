"""Documents generated from the schema: nothing breaks, nobody reads or changes what is not theirs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from copy import copy
from typing import Any

import pytest
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLScalarType,
    IntValueNode,
    ListValueNode,
    NameNode,
    ObjectFieldNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    Visitor,
    print_ast,
    visit,
)
from hypothesis import given, note
from hypothesis import strategies as st
from hypothesis_graphql import strategies as gql
from tests.fuzz.conftest import SECRET
from tests.fuzz.rules import check, fuzz

from sweepyard.hub.wandb_api import schema

# Drawn by their place, since a world's ids are made anew.
PLACES = 26
NAMES = ["digits", "one", "model", "model:latest", "model:v0", "writer", "lab", "zoo", "loss", "", "..", "🙂", "a/b"]
JSON_TEXTS = [
    "{}",
    "[]",
    "null",
    '{"state": "running"}',
    '{"config.lr": {"$gt": 0}}',
    '{"$or": [{"display_name": {"$regex": "("}}]}',
    '{"lr": {"value": 1e999}}',
    '{"keys": ["loss"], "samples": 10}',
    '{"_step": NaN}',
    "{",
]
MARK = "known:"
SDL = schema.sdl()
SCHEMA = schema.build()


def text_node(value: str) -> ValueNode:
    return StringValueNode(value=value)


TEXT = st.one_of(
    st.sampled_from([f"{MARK}{place}" for place in range(PLACES)]),
    st.sampled_from(NAMES),
    st.text(st.characters(codec="utf-8"), max_size=10),
).map(text_node)
NUMBER = st.one_of(st.integers(0, 5), st.integers(-(2**70), 2**70)).map(lambda value: IntValueNode(value=str(value)))
SCALARS: dict[str, Any] = {name: TEXT for name, kind in SCHEMA.type_map.items() if isinstance(kind, GraphQLScalarType)}
for _name in ("Int", "Float", "Boolean"):
    del SCALARS[_name]
SCALARS |= {
    "JSONString": st.one_of(st.sampled_from(JSON_TEXTS).map(text_node), TEXT),
    "Int64": NUMBER,
    "Duration": NUMBER,
}
# Making them takes seconds, which each process that only collects this file can spare.
QUERIES = st.deferred(lambda: gql.queries(SDL, custom_scalars=SCALARS))
MUTATIONS = st.deferred(lambda: gql.mutations(SDL, custom_scalars=SCALARS))

# Where in `World.known` the entity zoo's things are.
ZOO, SWEEP, AGENT, CLIENT, FILE, RUN_ID, SWEEP_ID, FILE_ID, AGENT_ID, ARTIFACT_ID, MANIFEST_ID, COLLECTION_ID = (
    f"{MARK}{place}" for place in range(12)
)
ARGUMENTS = {
    "Query.project": {"name": "digits", "entityName": ZOO},
    "Query.model": {"name": "digits", "entityName": ZOO},
    "Query.models": {"entityName": ZOO},
    "Query.entity": {"name": ZOO},
    "Query.artifact": {"id": ARTIFACT_ID},
    "Query.artifactCollection": {"id": COLLECTION_ID},
    "Query.clientIDMapping": {"clientID": CLIENT},
    "Project.run": {"name": "one"},
    "Project.bucket": {"name": "one"},
    "Project.sweep": {"sweepName": SWEEP},
    "Project.artifact": {"name": "model:latest"},
    "Project.artifactType": {"name": "model"},
    "Project.artifactCollection": {"name": "model"},
    "Project.artifactCollectionMembership": {"name": "model:v0"},
    "Sweep.agent": {"agentName": AGENT},
}
FIELDS = {
    "entityName": ZOO,
    "projectName": "digits",
    "modelName": "digits",
    "runName": "one",
    "artifactID": ARTIFACT_ID,
    "artifactManifestID": MANIFEST_ID,
    "artifactCollectionID": COLLECTION_ID,
    "sweep": SWEEP_ID,
    "config": "",
}
IDS = {
    "stopRun": RUN_ID,
    "deleteRun": RUN_ID,
    "updateRunState": RUN_ID,
    "upsertBucket": RUN_ID,
    "agentHeartbeat": AGENT_ID,
}
IDS |= {"upsertSweep": SWEEP_ID}


class Aim(Visitor):
    """Lets a document name what belongs to the entity zoo wherever it can."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self._mutation = ""

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        parent = self._types.get_parent_type()
        if parent is not None and parent.name == "Mutation":
            self._mutation = node.name.value
        aimed = ARGUMENTS.get(f"{parent.name if parent else ''}.{node.name.value}")
        if aimed is None:
            return None
        others = [item for item in node.arguments if item.name.value not in {*aimed, "internalId"}]
        ours = [ArgumentNode(name=NameNode(value=name), value=text_node(value)) for name, value in aimed.items()]
        changed = copy(node)
        changed.arguments = (*others, *ours)
        return changed

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        name = node.name.value
        aimed = IDS.get(self._mutation) if name == "id" else FIELDS.get(name)
        if aimed is None:
            return None
        value: ValueNode = text_node(aimed)
        if name == "files" and self._mutation == "deleteFiles":
            value = ListValueNode(values=(text_node(FILE_ID),))
        return ObjectFieldNode(name=node.name, value=value)


def aim(document: DocumentNode) -> str:
    types = TypeInfo(SCHEMA)
    return print_ast(visit(document, TypeInfoVisitor(types, Aim(types))))


AIMED = st.one_of(
    gql.queries(SDL, custom_scalars=SCALARS, print_ast=aim), gql.mutations(SDL, custom_scalars=SCALARS, print_ast=aim)
)


def real(document: str, world: Any) -> str:
    """The document, with names of things that there are."""
    for place in reversed(range(PLACES)):  # 12 before 1
        document = document.replace(f'"{MARK}{place}"', json.dumps(world.known[place]))
    note(document)
    return document


@fuzz(150)
@given(document=QUERIES)
def test_queries_of_a_reader(world: Any, document: str) -> None:
    check(world.graphql(real(document, world), user="reader"))


@fuzz(150)
@given(document=MUTATIONS)
def test_mutations_of_a_writer(world: Any, document: str) -> None:
    check(world.graphql(real(document, world)))


@fuzz(60)
@given(document=MUTATIONS)
def test_mutations_of_a_reader_change_nothing(world: Any, document: str) -> None:
    before = everything(world)
    body = check(world.graphql(real(document, world), user="reader"))
    assert body.get("errors")
    assert everything(world) == before


@fuzz(80)
@given(documents=st.lists(st.one_of(AIMED, AIMED, QUERIES, MUTATIONS), min_size=1, max_size=4))
@pytest.mark.parametrize("user", ["stranger", "writer"])
def test_what_belongs_to_others_is_neither_told_nor_changed(world: Any, user: str, documents: list[str]) -> None:
    before = everything(world, entity="zoo")
    for document in documents:
        asked = real(document, world)
        answer = world.graphql(asked, user=user)
        check(answer)
        # What the asker has written down may come back; nothing else does.
        assert SECRET not in answer.text or SECRET in asked
    assert everything(world, entity="zoo") == before


# How lines of streams are packed changes by itself.
PACKED = {"run_chunks", "run_blocks", "run_columns", "sqlite_sequence"}


def everything(world: Any, entity: str | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables that name an entity, of one entity or of all."""
    found = {}
    with contextlib.closing(sqlite3.connect(f"{world.file.as_uri()}?mode=ro", uri=True)) as rows:
        for (table,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table in PACKED:
                continue
            columns = [column[1] for column in rows.execute(f"PRAGMA table_info({table})")]
            if entity is None:
                found[table] = sorted(rows.execute(f"SELECT * FROM {table}"), key=repr)
            elif "entity" in columns:
                found[table] = sorted(rows.execute(f"SELECT * FROM {table} WHERE entity = ?", [entity]), key=repr)
    assert {"runs", "sweeps", "agents", "artifacts", "projects"} <= set(found)
    return found
