"""A push to a hub that speaks HTTPS with a certificate of an authority of one's own."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx
import pytest
from tests.parts.authority import Authority

pytestmark = [pytest.mark.slow, pytest.mark.system]

LOGGING = """
import wandb
with wandb.init(project={project!r}, id="there") as run:
    for step in range(3):
        run.log({{"loss": step}})
    artifact = wandb.Artifact("data", "dataset")
    with artifact.new_file("a.txt") as file:
        file.write("hello")
    run.log_artifact(artifact)
"""
READING = """query ($project: String!) { project(name: $project) { run(name: "there") {
  state history(minStep: 0, maxStep: 9, samples: 9) files { edges { node { name md5 } } }
  outputArtifacts { edges { node { digest } } } } } }"""


def told(url: str, key: str, project: str, trusting: ssl.SSLContext | bool = True) -> Any:
    body = {"query": READING, "variables": {"project": project}}
    with httpx.Client(verify=trusting, trust_env=False, auth=("api", key), timeout=30) as http:
        found = http.post(f"{url}/graphql", json=body).json()["data"]["project"]
    return found and {**found["run"], "history": [json.loads(line) for line in found["run"]["history"]]}


def test_a_run_is_pushed_over_https(make_hub: Any, client: Any, authority: Authority, project: str) -> None:
    client.run("python", "-c", LOGGING.format(project=project))
    source = client.hub
    with make_hub(client.folder / "far", *authority.serving_at(authority.free_port())) as far:
        trusting = ssl.create_default_context(cafile=str(authority.certificate))
        key_file = client.folder / "far.key"
        key_file.touch(mode=0o600)
        key_file.write_text(far.key)
        command = ["python", "-m", "sweepyard", "push", f"{project}/there", "--to", far.url]
        command += ["--key-file", str(key_file)]
        home = {"SWEEPYARD_HOME": str(source.home)}
        refused = client.run(*command, expect=1, **home)
        assert "certificate" in refused, refused
        assert told(far.url, far.key, project, trusting) is None
        client.run(*command, **home, **authority.trust())
        arrived = told(far.url, far.key, project, trusting)
        again = client.run(*command, **home, **authority.trust())
    assert arrived == told(source.url, source.key, project)
    assert len(arrived["history"]) == 3
    assert "unchanged" in again
