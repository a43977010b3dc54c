"""compose.yaml as Compose reads it: what services may do, who has which secret and GPU, who meets whom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = Path(sys.executable).parent / "docker-compose"
PROFILES = ("cpu", "gpu", "gpu-1", "notebook")
AGENTS = {"agent", "agent-gpu", "agent-gpu-1"}


def read(*files: str, profiles: tuple[str, ...] = PROFILES, **environ: str) -> dict[str, Any]:
    chosen = [f"--profile={profile}" for profile in profiles] + [f"--file={file}" for file in files]
    done = subprocess.run(
        [str(COMPOSE), *chosen, "config", "--format=json"],
        cwd=ROOT,
        env={"PATH": os.defpath, "COMPOSE_PROFILES": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    config: dict[str, Any] = json.loads(done.stdout)
    return config


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return read("compose.yaml")


@pytest.fixture(scope="module")
def services(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["services"]
    return found


def test_each_profile_has_its_own_service_over_what_there_always_is() -> None:
    rest = {"database", "hub", "sweep"}
    assert set(read("compose.yaml", profiles=())["services"]) == rest
    for profile, own in zip(PROFILES, ("agent", "agent-gpu", "agent-gpu-1", "notebook"), strict=True):
        assert set(read("compose.yaml", profiles=(profile,))["services"]) == {*rest, own}


def test_where_no_profile_is_named_there_are_agents_for_processors() -> None:
    assert (ROOT / ".env").read_text(encoding="utf-8").splitlines()[1:] == ["COMPOSE_PROFILES=cpu"]


def test_no_service_has_a_right_that_it_does_not_need(services: dict[str, Any]) -> None:
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["deploy"]["resources"]["limits"]["memory"]
        assert not {"privileged", "cap_add", "pid", "ipc", "network_mode"} & set(service)
        assert all(volume["type"] == "volume" or volume["read_only"] for volume in service["volumes"])


def test_secrets_are_files_and_nobody_has_one_that_is_not_for_it(
    config: dict[str, Any], services: dict[str, Any]
) -> None:
    assert all(set(secret) == {"name", "file"} for secret in config["secrets"].values())
    held = {name: {secret["source"] for secret in service["secrets"]} for name, service in services.items()}
    assert held["database"] == {"database-password"}
    assert held["hub"] == set(config["secrets"]) - {"notebook-token"}
    assert held["notebook"] == {"api-key", "ca", "notebook-token"}
    assert all(held[name] == {"api-key", "ca"} for name in ("sweep", *AGENTS))
    for service in services.values():
        for name, value in service["environment"].items():
            if name.endswith("_FILE"):
                assert Path(value).name in {secret["source"] for secret in service["secrets"]}
            assert not name.endswith(("KEY", "PASSWORD", "TOKEN"))


def test_each_gpu_has_one_agent(services: dict[str, Any]) -> None:
    for number, name in enumerate(("agent-gpu", "agent-gpu-1")):
        (device,) = services[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "device_ids": [str(number)], "capabilities": ["gpu"]}
        assert services[name]["build"]["target"] == "gpu"
        assert services[name]["command"] == ["agent", "--unless-over", "--gpus", "all"]
        assert services[name].get("deploy").get("replicas", 1) == 1
    assert "reservations" not in services["agent"]["deploy"]["resources"]
    assert services["agent"]["build"]["target"] == "cpu"


def test_only_the_hub_meets_the_database_and_only_this_machine_the_hub(
    config: dict[str, Any], services: dict[str, Any]
) -> None:
    assert {name for name, service in services.items() if "database" in service["networks"]} == {"database", "hub"}
    assert config["networks"]["database"]["internal"] is True
    assert set(services["database"]["networks"]) == {"database"}
    assert {port["host_ip"] for service in services.values() for port in service.get("ports", [])} == {"127.0.0.1"}
    assert {name for name, service in services.items() if "ports" in service} == {"hub", "notebook"}


def test_on_the_hosts_network_nothing_listens_beyond_loopback() -> None:
    ports = {"HUB_PORT": "18443", "DATABASE_PORT": "15432"}
    services = read("compose.yaml", "deploy/compose/host-network.yaml", **ports)["services"]
    for name, service in services.items():
        assert service["network_mode"] == "host"
        assert not {"networks", "ports"} & set(service)
        if name not in {"database", "hub"}:
            assert service["environment"]["WANDB_BASE_URL"] == "https://localhost:18443"
    assert "--host" not in services["hub"]["command"]
    assert services["notebook"]["command"] == ["notebook"]
    assert "listen_addresses=127.0.0.1" in services["database"]["command"]
    assert services["hub"]["environment"]["SWEEPYARD_DATABASE"] == "postgresql://sweepyard@127.0.0.1:15432/sweepyard"


def test_the_sweep_that_comes_with_it_is_there() -> None:
    (file,) = read("compose.yaml")["services"]["sweep"]["command"][1:]
    assert file.startswith("/sweeps/")
    assert yaml.safe_load((ROOT / file[1:]).read_text(encoding="utf-8"))["parameters"]


@pytest.mark.system
def test_secrets_are_made_once_for_names_and_addresses(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which makes the certificates: make system-parts")
    program = str(ROOT / "deploy/compose/make-secrets.sh")

    def make(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert make("made", "sweeps.lab", "10.0.0.5").returncode == 0
    certificate = (tmp_path / "made" / "hub.crt").read_bytes()
    names = x509_names(certificate)
    assert {"DNS:hub", "DNS:localhost", "DNS:sweeps.lab", "IP Address:127.0.0.1", "IP Address:10.0.0.5"} == names
    again = make("made")
    assert (again.returncode, certificate) == (1, (tmp_path / "made" / "hub.crt").read_bytes())
    assert "made is there already" in again.stderr
    wrong = make("other", "no name")
    assert (wrong.returncode, [path.name for path in tmp_path.iterdir()]) == (2, ["made"])
    assert "received 'no name'" in wrong.stderr


def x509_names(certificate: bytes) -> set[str]:
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName"],
        input=certificate.decode(),
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.strip() for name in shown.stdout.splitlines()[1].split(",")}
