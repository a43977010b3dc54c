"""Artifacts of the real client: logged, versioned, deduplicated, used, downloaded."""

from __future__ import annotations

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
