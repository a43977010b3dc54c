"""Every field of the schema is asked for once, over a hub that holds one of everything."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from sweepyard.domain.access import Role
from sweepyard.hub.wandb_api import schema

# What required arguments get; the names say which thing of the filled hub is meant.
ARGUMENTS = {
    "Query.entity": 'name: "lab"',
    "Query.organization": 'name: "none"',
    "Query.project": 'name: "digits"',
    "Query.model": 'name: "digits"',
    "Project.run": 'name: "one"',
    "Project.bucket": 'name: "one"',
    "Project.sweep": "sweepName: $sweep",
    "Project.artifact": 'name: "model:latest"',
    "Project.artifactCollectionMembership": 'name: "model:v0"',
    "Project.artifactType": 'name: "model"',
    "Project.artifactCollection": 'name: "model"',
    "Run.sampledHistory": 'specs: ["{\\"keys\\": [\\"loss\\"]}"]',
    "Run.parquetHistory": "liveKeys: []",
    "Sweep.agent": "agentName: $agent",
    "ArtifactType.artifactCollection": 'name: "model"',
    "ArtifactCollection.artifactMembership": 'aliasName: "best"',
    "ArtifactSequence.artifactMembership": 'aliasName: "best"',
    "Artifact.filesByManifestEntries": 'storageLayout: "V2", manifestVersion: "1", entries: [{name: "a.bin"}]',
    "Query.view": "id: $view",
    "Query.artifact": "id: $artifact",
    "Query.artifactCollection": "id: $collection",
    "Query.clientIDMapping": 'clientID: "client-1"',
}
# Nothing of these exists in a hub yet.
NEVER_MADE = {
    "Organization",
    "RampFeature",
    "ArtifactPortfolio",
    "UploadMultipartUrls",
    "UploadUrlPart",
    "LinkArtifactPayload",
}
KINDS = {"sweep": "String!", "agent": "String!", "artifact": "ID!", "collection": "ID!", "view": "ID!"}
CONTENT = b"weights"


@pytest.fixture
def filled(door: Any) -> dict[str, str]:
    """A hub with a run, a sweep, an agent, a file and an artifact; the variables that name them."""
    config = '{"lr": {"value": 0.1}, "_wandb": {"value": {"t": {}}}}'
    sweep = door.data(
        """mutation ($c: String) {
          upsertSweep(input: {config: $c, projectName: "digits"}) { sweep { name } configValidationWarnings } }""",
        {"c": "method: grid\nprogram: t.py\nmetric: {name: loss}\nparameters: {lr: {values: [0.1, 0.2]}}"},
    )["upsertSweep"]["sweep"]["name"]
    agent = door.data(
        """mutation ($s: String!) {
          createAgent(input: {sweep: $s, host: "h", projectName: "digits"}) { agent { name } } }""",
        {"s": sweep},
    )["createAgent"]["agent"]["name"]
    door.data(
        """mutation ($c: JSONString, $s: String) {
          upsertBucket(input: {name: "one", modelName: "digits", host: "h", config: $c, sweep: $s, tags: ["t"]}) {
            inserted } }""",
        {"c": config, "s": sweep},
    )
    stream = {
        "files": {
            "wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0, "loss": 1.5}']},
            "wandb-events.jsonl": {"offset": 0, "content": ['{"_step": 0, "system.cpu": 1}']},
            "output.log": {"offset": 0, "content": ["hello"]},
            "wandb-summary.json": {"offset": 0, "content": ['{"loss": 1.5}']},
        }
    }
    auth = ("api", door.keys[Role.WRITE])
    assert door.ask("POST", "/files/lab/digits/one/file_stream", json=stream, auth=auth).status_code == 200
    made = door.data(
        """mutation {
          createRunFiles(input: {entityName: "lab", projectName: "digits", runName: "one", files: ["a.txt"]}) {
            files { uploadUrl } } }"""
    )
    assert door.ask("PUT", made["createRunFiles"]["files"][0]["uploadUrl"], content=b"x").status_code == 200
    artifact = artifact_of(door)
    collection = door.data('{ project(name: "digits") { artifactCollection(name: "model") { id } } }')
    view = door.data(
        """mutation {
          upsertView(input: {projectName: "digits", name: "v", displayName: "V", type: "runs", spec: "{}"}) {
            view { id } inserted } }"""
    )
    return {
        "view": view["upsertView"]["view"]["id"],
        "sweep": sweep,
        "agent": agent,
        "artifact": artifact,
        "collection": collection["project"]["artifactCollection"]["id"],
    }


def artifact_of(door: Any) -> str:
    """A committed artifact that the run has made, and used; its id."""
    md5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
    artifact = door.data(
        "mutation ($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id } } }",
        {
            "input": {
                "entityName": "lab",
                "projectName": "digits",
                "runName": "one",
                "artifactTypeName": "model",
                "artifactCollectionName": "model",
                "aliases": [{"artifactCollectionName": "model", "alias": "best"}],
                "tags": [{"tagName": "t"}],
                "digest": "d" * 32,
                "clientID": "client-1",
                "storageRegion": None,
                "someNewField": None,
            }
        },
    )["createArtifact"]["artifact"]["id"]
    file = door.data(
        """mutation ($input: CreateArtifactFilesInput!) {
          createArtifactFiles(input: $input) { files { edges { node { uploadUrl artifact { id } } } } } }""",
        {"input": {"artifactFiles": [{"artifactID": artifact, "name": "a.bin", "md5": md5}]}},
    )["createArtifactFiles"]["files"]["edges"][0]["node"]
    assert door.ask("PUT", file["uploadUrl"], content=CONTENT).status_code == 200
    manifest = door.data(
        """mutation ($id: ID!) { createArtifactManifest(input: {artifactID: $id, name: "wandb_manifest.json",
          digest: "d", entityName: "lab", projectName: "digits"}) { artifactManifest { file { uploadUrl } } } }""",
        {"id": artifact},
    )["createArtifactManifest"]["artifactManifest"]["file"]
    contents = {"version": 1, "contents": {"a.bin": {"digest": md5, "size": len(CONTENT)}}}
    assert door.ask("PUT", manifest["uploadUrl"], json=contents).status_code == 200
    door.data(
        "mutation ($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { state } } }", {"id": artifact}
    )
    door.data(
        """mutation ($id: ID!) { useArtifact(input: {artifactID: $id, entityName: "lab", projectName: "digits",
          runName: "one"}) { artifact { id } } }""",
        {"id": artifact},
    )
    return str(artifact)


class Question:
    """Builds selections that ask each type's every field at least once."""

    def __init__(self, built: GraphQLSchema) -> None:
        self._schema = built
        self.asked: set[str] = set()

    def fields_of(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        """Every field of a type; those that lead on, as long as `depth` lasts."""
        parts = ["__typename"]
        for name, field in kind.fields.items():
            key = f"{kind.name}.{name}"
            needs = [arg for arg, item in field.args.items() if isinstance(item.type, GraphQLNonNull)]
            given = f"({ARGUMENTS[key]})" if key in ARGUMENTS else ""
            assert given or not needs, f"{key} needs {needs}"
            inner = self._inner(field.type, depth)
            if inner is not None:
                parts.append(f"{name}{given} {inner}")
                self.asked.add(key)
        return "{ " + " ".join(parts) + " }"

    def _inner(self, output: GraphQLOutputType, depth: int) -> str | None:
        kind = get_named_type(output)
        if isinstance(kind, GraphQLUnionType):
            if depth == 0:
                return None
            options = [f"... on {option.name} {{ id }}" for option in kind.types]
            return "{ " + " ".join(options) + " }"
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return self.fields_of(kind, depth - 1) if depth else None
        return ""


BEGINNINGS = {
    "Run": "project.run",
    "Sweep": "project.sweep",
    "Project": "project",
    "Artifact": "artifact",
    "ArtifactType": "project.artifactType",
    "ArtifactSequence": "artifact.artifactSequence",
    "ArtifactCollectionMembership": "project.artifactCollectionMembership",
    "User": "viewer",
    "Entity": "entity",
    "ServerInfo": "serverInfo",
    "Query": "",
}


@pytest.mark.parametrize("typename", BEGINNINGS)
def test_every_field_of_a_type_answers(door: Any, filled: dict[str, str], typename: str) -> None:
    built = schema.build()
    question = Question(built)
    kind = built.get_type(typename)
    assert isinstance(kind, GraphQLObjectType)
    query = question.fields_of(kind, 3)
    owner = "Query"
    steps: list[str] = []
    for step in filter(None, BEGINNINGS[typename].split(".")):
        key = f"{owner}.{step}"
        steps.append(f"{step}({ARGUMENTS[key]})" if key in ARGUMENTS else step)
        parent = built.get_type(owner)
        assert isinstance(parent, GraphQLObjectType)
        owner = get_named_type(parent.fields[step].type).name
    for step in reversed(steps):
        query = f"{{ {step} {query} }}"
    used = ", ".join(f"${name}: {kind}" for name, kind in KINDS.items() if f"${name}" in query)
    declared = f"query ({used}) " if used else "query "
    found: Any = door.data(declared + query, filled)
    for step in filter(None, BEGINNINGS[typename].split(".")):
        found = found[step]
    assert found["__typename"] == typename


def test_the_question_leaves_no_type_out() -> None:
    built = schema.build()
    question = Question(built)
    for typename in BEGINNINGS:
        kind = built.get_type(typename)
        assert isinstance(kind, GraphQLObjectType)
        question.fields_of(kind, 3)
    asked = {key.partition(".")[0] for key in question.asked}
    payloads = {name for name in built.type_map if name.endswith("Payload")}
    objects = {name for name, kind in built.type_map.items() if isinstance(kind, GraphQLObjectType)}
    reached = {name for name in objects if not name.startswith("__")} - payloads - NEVER_MADE - {"Mutation"}
    assert reached <= asked
