"""The manifests are what Kubernetes takes, give nobody more than needed, and hold no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from sweepyard.cli.group import root

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
# The oldest that has all of it (`backoffLimitPerIndex`, beta and on), and the newest whose schemas are there.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
OBJECTS: list[dict[str, Any]] = [
    item for file in sorted(FOLDER.glob("*.yaml")) for item in yaml.safe_load_all(file.read_text(encoding="utf-8"))
]
PODS = [item for item in OBJECTS if "template" in item.get("spec", {})]


def name_of(item: object) -> str | None:
    return f"{item['kind']}-{item['metadata']['name']}" if isinstance(item, dict) else None


def containers(item: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = item["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("item", OBJECTS, ids=name_of)
def test_kubernetes_takes_it(item: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(item, version, strict=True)


def test_there_is_a_job_for_agents_and_a_service_for_the_hub() -> None:
    kinds = [item["kind"] for item in OBJECTS]
    assert {"Job", "Deployment", "Service"} <= set(kinds)
    assert "Secret" not in kinds


@pytest.mark.parametrize("item", PODS, ids=name_of)
def test_a_pod_has_no_right_that_it_does_not_need(item: dict[str, Any]) -> None:
    pod = item["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all("hostPath" not in volume for volume in pod["volumes"])
    for container in containers(item):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("item", PODS, ids=name_of)
def test_keys_come_by_reference_alone(item: dict[str, Any]) -> None:
    for container in containers(item):
        for variable in container["env"]:
            if "KEY" in variable["name"]:
                assert set(variable["valueFrom"]) == {"secretKeyRef"}


@pytest.mark.parametrize("item", PODS, ids=name_of)
def test_its_command_is_one_of_ours_with_options_that_exist(item: dict[str, Any]) -> None:
    for container in containers(item):
        program, *words = [*container["command"], *container.get("args", [])]
        assert program == "sweepyard"
        group = words[: 2 if words[0] == "hub" else 1]
        told = CliRunner().invoke(root, [*group, "--help"]).output
        assert [word for word in words if word.startswith("--") and word not in told] == []


def test_the_hub_is_asked_for_by_the_name_that_it_answers_to() -> None:
    by_kind = {item["kind"]: item for item in OBJECTS}
    server = by_kind["ConfigMap"]["data"]["server"]
    service = by_kind["Service"]
    assert server == f"https://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    (hub,) = containers(by_kind["Deployment"])
    assert hub["args"] == ["--public-url", server]


def test_an_agent_that_was_told_to_leave_begins_again() -> None:
    (job,) = (item for item in PODS if item["kind"] == "Job")
    ignored = [rule.get("onExitCodes", {}).get("values") for rule in job["spec"]["podFailurePolicy"]["rules"]]
    assert [75] in ignored
    assert job["spec"]["completionMode"] == "Indexed"
