"""Keys, hosts and doors: the real `wandb login`, and plain HTTP."""

from __future__ import annotations

import base64
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.slow

WRONG_KEY = "local-" + "0" * 40


def test_login_takes_the_right_key_and_refuses_a_wrong_one(client: Any) -> None:
    command = ["wandb", "login", "--verify", "--host", client.hub.url]
    client.run(*command, client.hub.key, WANDB_SILENT="false", WANDB_API_KEY="")
    netrc = (client.folder / ".netrc").read_text()
    assert client.hub.key in netrc
    output = client.run(*command, "--relogin", WRONG_KEY, expect=1, WANDB_SILENT="false", WANDB_API_KEY="")
    assert "the API key is unknown or revoked" in output
    assert WRONG_KEY not in client.hub.log()
    assert client.hub.key not in client.hub.log()


def test_a_run_with_a_wrong_key_fails_at_once(client: Any, project: str) -> None:
    script = f"import wandb\nwandb.init(project={project!r}, settings=wandb.Settings(init_timeout=30))"
    output = client.run("python", "-c", script, expect=1, WANDB_API_KEY=WRONG_KEY, WANDB_SILENT="false")
    assert "the API key is unknown or revoked" in output


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/graphql"),
        ("POST", "/files/local/p/r/file_stream"),
        ("GET", "/files/local/p/r/config.yaml"),
        ("GET", "/artifacts/local/00000000000000000000000000000000"),
    ],
)
@pytest.mark.parametrize("key", ["", WRONG_KEY, "x"])
def test_nothing_is_served_without_a_right_key(hub: Any, method: str, path: str, key: str) -> None:
    with hub.http(key=key) as http:
        answer = http.request(method, path, json={"query": "{ viewer { id } }"} if method == "POST" else None)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "unauthenticated"


def test_health_needs_no_key(hub: Any) -> None:
    with hub.http(key="") as http:
        answer = http.get("/healthz")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version", "home_id"}


def test_another_sites_name_does_not_reach_the_hub(hub: Any) -> None:
    with hub.http() as http:
        answer = http.get("/healthz", headers={"Host": "evil.example"})
    assert answer.status_code == 421


@pytest.mark.parametrize("address", ["/storage/x.y/a", "/storage/" + "a" * 300 + "/a", "/storage/../../etc/passwd"])
def test_a_file_address_that_was_not_given_out_opens_nothing(hub: Any, address: str) -> None:
    with hub.http(key="") as http:
        assert http.get(address).status_code in {303, 403, 404}
        assert http.put(address, content=b"x").status_code in {403, 404, 405}


def test_a_query_that_is_not_served_gets_an_error_that_names_the_field(hub: Any) -> None:
    with hub.http() as http:
        answer = http.post("/graphql", json={"query": "{ viewer { shoeSize } }", "operationName": ""})
    assert answer.status_code == 400
    assert "shoeSize" in answer.json()["errors"][0]["message"]
    assert "shoeSize" in hub.log()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"query": 1}',
        b'{"query": "{"}',
        b'{"query": "query A { viewer { id } }", "operationName": "B"}',
    ],
)
def test_a_malformed_request_gets_400_and_the_one_shape(hub: Any, body: bytes) -> None:
    with hub.http() as http:
        answer = http.post("/graphql", content=body)
    assert answer.status_code == 400
    assert {"message", "code"} <= set(answer.json()["errors"][0])


def test_a_deep_query_is_refused(hub: Any) -> None:
    deep = '{ entity(name: "local") ' + "{ user { teams { edges { node " * 12 + "{ id }" + " } } } }" * 12 + " }"
    with hub.http() as http:
        answer = http.post("/graphql", json={"query": deep})
    assert answer.status_code == 400
    assert "deep" in answer.json()["errors"][0]["message"]


def test_introspection_answers(hub: Any) -> None:
    names = {item["name"] for item in hub.graphql("{ __schema { types { name } } }")["__schema"]["types"]}
    assert {"Run", "Sweep", "Artifact"} <= names


def test_an_unknown_agent_gets_404(hub: Any) -> None:
    query = 'mutation { agentHeartbeat(input: {id: "QWdlbnQ6bm9uZQ==", runState: "{}"}) { commands } }'
    with hub.http() as http:
        assert http.post("/graphql", json={"query": query}).status_code == 404


def test_a_body_over_the_limit_is_refused_before_it_is_sent(hub: Any) -> None:
    address = urlsplit(hub.url)
    shown = base64.b64encode(f"api:{hub.key}".encode())
    head = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\nAuthorization: Basic " + shown
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        raw.sendall(head + b"\r\n\r\n")
        answer = b""
        while b"too_large" not in answer:
            piece = raw.recv(4096)
            assert piece, answer
            answer += piece
    assert b" 413 " in answer.splitlines()[0]


@pytest.mark.timeout(400)
def test_the_clients_own_verification_passes(client: Any) -> None:
    process = client.start("wandb", "verify", "--host", client.hub.url, WANDB_SILENT="false")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    checks = [line for line in output.splitlines() if line.startswith("Checking ")]
    failed = [line.split("...")[0] for line in checks if "✅" not in line]
    # It warns of plain HTTP, which a hub speaks on loopback alone.
    assert failed == ["Checking requests to base url", "Checking requests made over signed URLs"]
    assert len(checks) == 10
