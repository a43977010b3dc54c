"""Artifacts of the real client: logged, versioned, deduplicated, used, downloaded."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from typing import Any

import pytest

pytestmark = pytest.mark.slow

LOGGING = """
import json, pathlib, wandb
run = wandb.init(project={project!r}, id={run!r})
folder = pathlib.Path("files")
folder.mkdir(exist_ok=True)
(folder / "model.bin").write_bytes({content!r})
(folder / "inner").mkdir(exist_ok=True)
(folder / "inner" / "note ü.txt").write_text("the same each time")
artifact = wandb.Artifact("model", type="model", metadata={{"accuracy": 0.9}}, description="what it is")
artifact.add_dir(str(folder))
run.log_artifact(artifact, aliases=["best", "e1"])
artifact.wait()
print("RESULT " + json.dumps([artifact.version, sorted(artifact.aliases), artifact.digest, artifact.state]))
run.finish()
"""


def log(client: Any, project: str, run: str, content: bytes) -> Any:
    return client.python(LOGGING.format(project=project, run=run, content=content))


def test_artifacts_are_versioned_and_deduplicated_by_content(client: Any, project: str) -> None:
    first = log(client, project, "a", b"one" * 1000)
    again = log(client, project, "b", b"one" * 1000)
    second = log(client, project, "c", b"two" * 1000)
    assert first[0] == "v0"
    assert set(first[1]) == {"best", "e1", "latest"}
    assert first[3] == "COMMITTED"
    assert again[0] == "v0"
    assert again[2] == first[2]
    assert second[0] == "v1"
    read = client.python(f"""
import json, wandb
api = wandb.Api()
latest = api.artifact("local/{project}/model:latest")
old = api.artifact("local/{project}/model:v0")
versions = api.artifacts("model", "local/{project}/model")
print("RESULT " + json.dumps({{
    "latest": [latest.version, sorted(latest.aliases), latest.metadata, latest.description, latest.size, latest.type],
    "old": sorted(old.aliases),
    "by": latest.logged_by().id,
    "versions": sorted(item.version for item in versions),
    "files": sorted(file.name for file in latest.files()),
    "types": [kind.name for kind in api.artifact_types("local/{project}")],
    "collections": [item.name for item in api.artifact_type("model", "local/{project}").collections()],
    "exists": [api.artifact_exists("local/{project}/model:best"), api.artifact_exists("local/{project}/model:none")],
}}))
""")
    assert read["latest"][:4] == ["v1", ["best", "e1", "latest"], {"accuracy": 0.9}, "what it is"]
    assert read["latest"][4] == 3000 + len("the same each time")
    assert read["old"] == []
    assert read["by"] == "c"
    assert read["versions"] == ["v0", "v1"]
    assert read["files"] == ["inner/note ü.txt", "model.bin"]
    assert read["types"] == ["model"]
    assert read["collections"] == ["model"]
    assert read["exists"] == [True, False]


def test_an_artifact_is_used_downloaded_and_renamed(client: Any, project: str) -> None:
    log(client, project, "maker", b"weights")
    read = client.python(f"""
import json, pathlib, wandb
run = wandb.init(project={project!r}, id="user")
artifact = run.use_artifact("model:best")
folder = pathlib.Path(artifact.download(root="down"))
content = [(folder / "model.bin").read_text(), (folder / "inner" / "note ü.txt").read_text()]
run.finish()
api = wandb.Api()
artifact = api.artifact("local/{project}/model:v0")
artifact.aliases.append("chosen")
artifact.description = "described anew"
artifact.save()
again = wandb.Api().artifact("local/{project}/model:chosen")
print("RESULT " + json.dumps({{
    "content": content, "description": again.description, "aliases": sorted(again.aliases),
    "used_by": [item.id for item in again.used_by()],
    "inputs": [item.name for item in api.run("local/{project}/user").used_artifacts()],
    "outputs": [item.name for item in api.run("local/{project}/maker").logged_artifacts()],
}}))
""")
    assert read == {
        "content": ["weights", "the same each time"],
        "description": "described anew",
        "aliases": ["best", "chosen", "e1", "latest"],
        "used_by": ["user"],
        "inputs": ["model:v0"],
        "outputs": ["model:v0"],
    }


def test_single_files_are_read_by_every_address_that_the_client_knows(client: Any, project: str) -> None:
    """Of one file, or when a signed address is too old, the client makes up the address by itself."""
    log(client, project, "maker", b"weights")
    read = client.python(f"""
import json, pathlib, requests, shutil, wandb
from wandb.apis.public.service_api import ServiceApi
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.artifacts.storage_layout import StorageLayout

asked, send, feature_enabled = [], requests.Session.send, ServiceApi.feature_enabled

def noting(session, request, **options):
    asked.append(request.url)
    return send(session, request, **options)

requests.Session.send = noting

def content(name="model.bin"):
    shutil.rmtree("cache", ignore_errors=True)
    shutil.rmtree("down", ignore_errors=True)
    return pathlib.Path(artifact.get_entry(name).download("down")).read_text(), asked[-1].partition("/artifacts")[2]

artifact = wandb.Api().artifact("local/{project}/model:v0")
entry, policy = artifact.manifest.entries["model.bin"], artifact.manifest.storage_policy
told = {{"stock": content(), "named": content("inner/note ü.txt")}}
entry.birth_artifact_id = None
told["without a birth"] = content()
with_artifact_id = pb.ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID
ServiceApi.feature_enabled = lambda api, feature: feature == with_artifact_id or feature_enabled(api, feature)
told["with the artifact"] = content()
policy._config = policy._config.model_copy(update={{"storage_layout": StorageLayout.V1}})
told["of old"] = content()
print("RESULT " + json.dumps(told))
""")
    text, digits = "weights", hashlib.md5(b"weights").hexdigest()
    place = f"V2/default/local/{project}/model"
    said, address = read["stock"]
    assert said == text
    assert re.fullmatch(rf"{place}/[^/]+/{digits}/model\.bin", address)
    assert read["named"][0] == "the same each time"
    assert read["without a birth"] == [text, f"{place}//{digits}/model.bin"]
    said, address = read["with the artifact"]
    assert said == text
    assert re.fullmatch(rf"{place}/[^/]+//{digits}/model\.bin", address)
    assert read["of old"] == [text, f"/local/{digits}"]


def test_an_artifact_is_deleted(client: Any, project: str) -> None:
    log(client, project, "maker", b"weights")
    gone = client.python(f"""
import json, wandb
api = wandb.Api()
api.artifact("local/{project}/model:v0").delete(delete_aliases=True)
print("RESULT " + json.dumps(not wandb.Api().artifact_exists("local/{project}/model:v0")))
""")
    assert gone is True


def test_bytes_that_are_not_the_announced_ones_are_refused(hub: Any, project: str) -> None:
    hub.graphql(f'mutation {{ upsertBucket(input: {{name: "r", modelName: "{project}", host: "h"}}) {{ inserted }} }}')
    made = hub.graphql(
        """mutation ($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id state } } }""",
        {
            "input": {
                "entityName": "local",
                "projectName": project,
                "runName": "r",
                "artifactTypeName": "t",
                "artifactCollectionName": "c",
                "digest": "d" * 32,
                "notKnownYet": None,
            }
        },
    )["createArtifact"]["artifact"]
    files = hub.graphql(
        """mutation ($input: CreateArtifactFilesInput!) {
             createArtifactFiles(input: $input) { files { edges { node { uploadUrl } } } } }""",
        {"input": {"artifactFiles": [{"artifactID": made["id"], "name": "a", "md5": "CY9rzUYh03PK3k6DJie09g=="}]}},
    )["createArtifactFiles"]["files"]["edges"]
    with hub.http(key="") as http:
        wrong = http.put(files[0]["node"]["uploadUrl"], content=b"tes")
        right = http.put(files[0]["node"]["uploadUrl"], content=b"test")
    assert (wrong.status_code, right.status_code) == (400, 200)
    assert made["state"] == "PENDING"


def test_versions_are_made_upon_others_together_and_of_references(client: Any, project: str) -> None:
    (client.folder / "far.txt").write_text("somewhere else")
    read = client.python(f"""
import json, pathlib, wandb
def entries(artifact):
    return sorted(artifact.manifest.entries)
def artifact(files, **options):
    made = wandb.Artifact("set", "dataset", **options)
    for name in files:
        with made.new_file(name) as file:
            file.write("content of " + name)
    return made
run = wandb.init(project={project!r}, id="maker")
first = artifact(["a.txt", "in/b.txt"])
first.add_reference(pathlib.Path("far.txt").absolute().as_uri(), name="far")
run.log_artifact(first, tags=["one"]).wait()
second = run.log_artifact(artifact(["c.txt"], incremental=True)).wait()
draft = wandb.Api().artifact("local/{project}/set:v0").new_draft()
draft.remove("a.txt")
third = run.log_artifact(draft).wait()
for name, log in (("p.txt", run.upsert_artifact), ("q.txt", run.finish_artifact)):
    part = wandb.Artifact("together", "dataset")
    with part.new_file(name) as file:
        file.write(name)
    log(part, distributed_id="all")
used = run.use_artifact("set:v0")
root = pathlib.Path(used.download(root="down"))
run.finish()
api = wandb.Api()
refused = []
for ask in (lambda: used.link("local/{project}/a-portfolio"),):
    try:
        ask()
    except Exception as error:
        refused.append(str(error))
print("RESULT " + json.dumps({{
    "first": entries(first), "second": [second.version, entries(second)], "third": [third.version, entries(third)],
    "together": entries(api.artifact("local/{project}/together:latest")),
    "downloaded": sorted(path.name for path in root.rglob("*") if path.is_file()),
    "far": (root / "far").read_text(), "listed": sorted(file.name for file in used.files()), "refused": refused,
    "tagged": [item.version for item in api.artifacts("dataset", "local/{project}/set", tags=["one"])],
    "oldest": [item.version for item in api.artifacts("dataset", "local/{project}/set", order="+createdAt")],
}}))
""")
    assert read["first"] == ["a.txt", "far", "in/b.txt"]
    assert read["second"] == ["v1", ["a.txt", "c.txt", "far", "in/b.txt"]]
    assert read["third"] == ["v2", ["far", "in/b.txt"]]
    assert read["together"] == ["p.txt", "q.txt"]
    assert read["downloaded"] == ["a.txt", "b.txt", "far"]
    assert read["far"] == "somewhere else"
    assert read["listed"] == ["a.txt", "far", "in/b.txt"]
    assert len(read["refused"]) == 1
    assert "no portfolios" in read["refused"][0]
    assert read["tagged"] == ["v0"]
    assert read["oldest"] == ["v0", "v1", "v2"]


def test_the_command_line_puts_lists_and_gets_and_collections_change(client: Any, project: str) -> None:
    (client.folder / "data.txt").write_text("some data")
    put = [
        "wandb",
        "artifact",
        "put",
        "--type",
        "dataset",
        "--alias",
        "prod",
        "--name",
        f"{project}/things",
        "data.txt",
    ]
    client.run(*put)
    listed = client.run("wandb", "artifact", "ls", f"local/{project}", WANDB_SILENT="false")
    assert "things:v0" in listed
    client.run("wandb", "artifact", "get", "--root", "got", f"local/{project}/things:prod")
    assert (client.folder / "got" / "data.txt").read_text() == "some data"
    read = client.python(f"""
import json, wandb
def collection(kind, name):
    return wandb.Api().artifact_collection(kind, "local/{project}/" + name)
one = collection("dataset", "things")
one.description, one.name = "described", "others"
one.tags.append("kept")
one.save()
again = collection("dataset", "others")
seen = [again.name, again.description, list(again.tags), again.aliases]
again.change_type("samples")
moved = [wandb.Api().artifact("local/{project}/others:prod").type]
collection("samples", "others").delete()
left = [kind.name for kind in wandb.Api().artifact_types("local/{project}")]
print("RESULT " + json.dumps([seen, moved, left, list(wandb.Api().reports("local/{project}"))]))
""")
    seen, moved, left, reports = read
    assert seen[:3] == ["others", "described", ["kept"]]
    assert sorted(seen[3]) == ["latest", "prod"]
    assert (moved, left, reports) == (["samples"], [kind for kind in left if kind != "samples"], [])


def test_a_file_that_a_client_would_send_in_pieces_is_taken_whole(hub: Any, project: str) -> None:
    hub.graphql(f'mutation {{ upsertBucket(input: {{name: "r", modelName: "{project}", host: "h"}}) {{ inserted }} }}')
    made = hub.graphql(
        """mutation ($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id } } }""",
        {
            "input": {
                "entityName": "local",
                "projectName": project,
                "artifactTypeName": "t",
                "artifactCollectionName": "big",
                "digest": "d" * 32,
            }
        },
    )["createArtifact"]["artifact"]["id"]
    content = b"like nothing else here" * 1000
    md5 = b64encode(hashlib.md5(content).digest()).decode()
    parts = [{"partNumber": 1, "hexMD5": hashlib.md5(content).hexdigest()}]
    spec = {"artifactID": made, "name": "a", "md5": md5, "uploadPartsInput": parts}
    (edge,) = hub.graphql(
        """mutation ($input: CreateArtifactFilesInput!) { createArtifactFiles(input: $input) { files { edges { node {
             uploadUrl uploadMultipartUrls { uploadID } } } } } }""",
        {"input": {"artifactFiles": [spec]}},
    )["createArtifactFiles"]["files"]["edges"]
    assert edge["node"]["uploadMultipartUrls"] is None
    with hub.http(key="") as http:
        assert http.put(edge["node"]["uploadUrl"], content=content).status_code == 200
