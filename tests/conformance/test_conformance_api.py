"""What `wandb.Api()` reads: filters, order, paging, updates, deletes, files."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

pytestmark = pytest.mark.slow

UPSERT = """
mutation ($name: String!, $project: String!, $config: JSONString, $summary: JSONString, $tags: [String!]) {
  upsertBucket(
    input: {name: $name, modelName: $project, host: "h", config: $config, summaryMetrics: $summary, tags: $tags}
  ) { inserted }
}"""
CREATE_FILES = """mutation ($project: String!, $names: [String!]!) {
  createRunFiles(input: {entityName: "local", projectName: $project, runName: "one", files: $names}) {
    files { name uploadUrl directUrl }
  }
}"""


@pytest.fixture
def filled(hub: Any, project: str) -> str:
    """A project of 60 runs: `n` counts up, `kind` alternates, the loss falls."""
    with hub.http() as http:
        for n in range(60):
            variables = {
                "name": f"run{n:02}",
                "project": project,
                "config": json.dumps({"n": {"value": n}, "kind": {"value": "odd" if n % 2 else "even"}}),
                "summary": json.dumps({"loss": math.nan if n == 7 else 1 / (n + 1), "acc": n / 100}),
                "tags": ["first"] if n == 0 else [],
            }
            hub.graphql(UPSERT, variables)
            if n < 50:
                url = f"/files/local/{project}/run{n:02}/file_stream"
                assert http.post(url, json={"complete": True, "exitcode": 0 if n < 40 else 1}).status_code == 200
    return project


def test_runs_are_filtered_ordered_and_paged(client: Any, filled: str) -> None:
    script = f"""
import json, wandb
api = wandb.Api()
def ids(**arguments):
    return [run.id for run in api.runs("local/{filled}", **arguments)]
print("RESULT " + json.dumps({{
    "newest": ids(order="-created_at", per_page=7),
    "oldest": ids(order="+created_at", per_page=25),
    "finished": len(ids(filters={{"state": "finished"}})),
    "failed": ids(filters={{"state": {{"$in": ["failed"]}}}}, order="+config.n"),
    "config": ids(filters={{"config.n": {{"$gte": 10, "$lt": 13}}}}, order="-config.n"),
    "wrapped": ids(filters={{"config.kind.value": "odd", "config.n": {{"$lt": 4}}}}, order="+created_at"),
    "or": ids(filters={{"$or": [{{"config.n": 3}}, {{"tags": "first"}}]}}, order="+created_at"),
    "best": ids(order="+summary_metrics.loss")[:2],
    "regex": ids(filters={{"display_name": {{"$regex": "run0[12]$"}}}}, order="+created_at"),
    "hang": ids(filters={{"display_name": {{"$regex": "^(r+u*n*)+$"}}}}),
    "not": ids(filters={{"$not": {{"config.n": {{"$gt": 1}}}}}}, order="+created_at"),
    "nor": ids(filters={{"$nor": [{{"config.n": {{"$nin": [4, 5]}}}}, {{"tags": "none"}}]}}, order="+name"),
    "best run": [run.id for run in api.runs("local/{filled}", order="-summary_metrics.acc", per_page=1)[:1]],
    "count": len(api.runs("local/{filled}", filters={{"config.kind": "even"}})),
    "states": sorted({{run.state for run in api.runs("local/{filled}")}}),
    "team": [api.team("local").name, api.team("local").storage_bytes],
    "projects": [project.name for project in api.projects("local")],
}}))
"""
    read = client.python(script)
    everything = [f"run{n:02}" for n in range(60)]
    assert read["oldest"] == everything
    assert read["newest"] == everything[::-1]
    assert read["finished"] == 40
    assert read["failed"] == everything[40:50]
    assert read["config"] == ["run12", "run11", "run10"]
    assert read["wrapped"] == ["run01", "run03"]
    assert read["or"] == ["run00", "run03"]
    assert read["best"] == ["run59", "run58"]
    assert read["regex"] == ["run01", "run02"]
    assert read["hang"] == []
    assert read["not"] == ["run00", "run01"]
    assert read["nor"] == ["run04", "run05"]
    assert read["best run"] == ["run59"]
    assert read["count"] == 30
    assert read["states"] == ["failed", "finished", "running"]
    assert filled in read["projects"]
    assert read["team"][0] == "local"
    assert read["team"][1] >= 0


def test_a_malformed_filter_is_refused_with_the_reason(hub: Any, project: str) -> None:
    hub.graphql(UPSERT, {"name": "one", "project": project})
    query = "query ($p: String!, $filters: JSONString) { project(name: $p) { runCount(filters: $filters) } }"
    variables = {"p": project, "filters": '{"state": {"$near": 1}}'}
    with hub.http() as http:
        answer = http.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200
    assert "$near" in answer.json()["errors"][0]["message"]


def test_what_the_hub_does_not_serve_is_refused_by_name_and_logged(client: Any, project: str) -> None:
    client.hub.graphql(UPSERT, {"name": "one", "project": project})
    said = client.python("""
import json, wandb
api = wandb.Api()
said = {}
asked = {
    "runQueue": lambda: api.run_queue("local", "a-queue").id,
    "createDefaultResourceConfig": lambda: api.create_run_queue("a-queue", "local-process", entity="local"),
    "createCustomChart": lambda: api.create_custom_chart(
        entity="local", name="c", display_name="C", spec_type="vega2", access="private", spec={"a": 1}),
    "integrations": lambda: list(api.integrations(entity="local")),
}
for name, ask in asked.items():
    try:
        said[name] = ask()
    except Exception as error:
        said[name] = str(error)
print("RESULT " + json.dumps(said))
""")
    assert all(name in text for name, text in said.items()), said
    assert all(f"'{name}'" in client.hub.log() for name in said)


def test_a_run_is_changed_stopped_and_deleted(client: Any, project: str) -> None:
    client.hub.graphql(UPSERT, {"name": "one", "project": project, "config": '{"a": {"value": 1}}'})
    script = f"""
import json, os, wandb
odd = os.fsdecode(b"caf\\xe9.csv")  # a file's name as Python has it where it is no UTF-8
api = wandb.Api()
run = api.run("local/{project}/one")
run.config["a"] = 2
run.config["score " + odd] = odd
run.summary["acc/" + odd] = 0.5
run.config["b"] = {{"c": [1]}}
run.tags = ["kept"]
run.notes = "a note"
run.name = "another name"
run.summary["best"] = 0.75
run.update()
run.summary.update()
again = wandb.Api().run("local/{project}/one")
before = [again.config, again.tags, again.notes, again.name, again.summary["best"], again.state]
before.append(again.summary["acc/caf\ufffd.csv"])
before.append([found.id for found in wandb.Api().runs("local/{project}", order="+config.score caf\ufffd.csv")])
again.delete()
try:
    wandb.Api().run("local/{project}/one")
    gone = False
except Exception:
    gone = True
print("RESULT " + json.dumps([before, gone]))
"""
    before, gone = client.python(script)
    config = {"a": 2, "b": {"c": [1]}, "score caf\ufffd.csv": "caf\ufffd.csv"}
    assert before == [config, ["kept"], "a note", "another name", 0.75, "running", 0.5, ["one"]]
    assert gone is True


def test_a_files_bytes_come_back_whole_and_in_ranges(client: Any, project: str) -> None:
    client.hub.graphql(UPSERT, {"name": "one", "project": project})
    content = bytes(range(256)) * 2000
    (client.folder / "a file, ü.bin").write_bytes(content)
    script = f"""
import json, wandb
api = wandb.Api()
run = api.run("local/{project}/one")
run.upload_file("a file, ü.bin")
(file,) = api.run("local/{project}/one").files()
file.download(root="back", replace=True)
print("RESULT " + json.dumps([file.name, file.size, file.direct_url, file.url]))
file.delete()
"""
    name, size, direct, url = client.python(script)
    assert (name, size) == ("a file, ü.bin", len(content))
    assert (client.folder / "back" / name).read_bytes() == content
    with client.hub.http(key="") as http:
        assert http.get(direct).status_code == 404, "it was deleted"
        assert http.get(url).status_code == 401


def test_ranges_of_a_file(hub: Any, project: str) -> None:
    hub.graphql(UPSERT, {"name": "one", "project": project})
    made = hub.graphql(CREATE_FILES, {"project": project, "names": ["./x.txt"]})["createRunFiles"]["files"]
    assert [file["name"] for file in made] == ["x.txt"]
    with hub.http(key="") as http:
        assert http.put(made[0]["uploadUrl"], content=b"0123456789").status_code == 200
        assert http.put(made[0]["directUrl"], content=b"evil").status_code == 403
        url = made[0]["directUrl"]
        assert http.get(url).content == b"0123456789"
        part = http.get(url, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
        assert http.get(url, headers={"Range": "bytes=-3"}).content == b"789"
        assert http.get(url, headers={"Range": "bytes=7-"}).content == b"789"
        assert http.get(url, headers={"Range": "bytes=10-"}).status_code == 416
        assert http.get(url, headers={"If-None-Match": part.headers["etag"]}).status_code == 304
        assert "sandbox" in part.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", ""])
def test_a_file_name_that_leaves_the_run_is_refused(hub: Any, project: str, name: str) -> None:
    hub.graphql(UPSERT, {"name": "one", "project": project})
    with hub.http() as http:
        variables = {"project": project, "names": [name]}
        answer = http.post("/graphql", json={"query": CREATE_FILES, "variables": variables})
    assert answer.json()["errors"][0]["code"] == "invalid"
    assert answer.json()["data"] == {"createRunFiles": None}
