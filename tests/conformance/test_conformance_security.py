"""A real hub process as others reach it: over HTTPS, with clients that are slow, too big, or speak nonsense."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.parts.authority import Authority

pytestmark = pytest.mark.slow

SCRIPT = """
import json, wandb
with wandb.init(project="tls") as run:
    for step in range(3):
        run.log({"loss": step})
    artifact = wandb.Artifact("data", "dataset")
    with artifact.new_file("a.txt") as file:
        file.write("hello")
    run.log_artifact(artifact)
found = wandb.Api().run(f"local/tls/{run.id}")
folder = wandb.Api().artifact("local/tls/data:latest").download()
text = open(folder + "/a.txt").read()
print("RESULT " + json.dumps([found.url, [row["loss"] for row in found.scan_history()], text]))
"""


@pytest.mark.system
def test_the_real_client_works_over_https_beyond_loopback(
    make_hub: Any, client: Any, authority: Authority, tmp_path: Path
) -> None:
    port = authority.free_port()
    with make_hub(tmp_path / "home", *authority.serving_at(port)) as hub:
        client.hub = hub
        url, losses, text = client.python(SCRIPT, **authority.trust())
        assert url.startswith(f"https://localhost:{port}/local/tls/runs/")
        assert (losses, text) == ([0, 1, 2], "hello")
        trusting = ssl.create_default_context(cafile=str(authority.certificate))
        with httpx.Client(verify=trusting, trust_env=False) as http:
            assert http.get(f"{hub.url}/healthz").status_code == 200
            assert http.get(f"https://127.0.0.1:{port}/healthz").status_code == 200
            entered = http.post(f"{hub.url}/login", data={"key": hub.key}, headers={"Origin": hub.url})
            assert "secure" in entered.headers["set-cookie"].lower()
            assert http.get(f"{hub.url}/", headers={"Host": "evil.example"}).status_code == 421
        with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as distrusting:
            distrusting.get(f"{hub.url}/healthz")
        with pytest.raises(httpx.RemoteProtocolError), httpx.Client(trust_env=False) as plain:
            plain.get(f"http://127.0.0.1:{port}/healthz")


def raw(url: str, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What a hub answers to these bytes, until it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as line:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause)
        with contextlib.suppress(ConnectionError):
            while block := line.recv(65536):
                answer += block
    return answer


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"nonsense\r\n\r\n"], 400),
        ([b"GET / HTTP/1.1\r\n\r\n"], 400),
        ([b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n"], 400),
        ([b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n"], 431),
        ([b"GET / HTTP/1.1\r\nHost: x\r\nA: ", *[b"a" * 10_000] * 10, b"\r\n\r\n"], 431),
        ([b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"], 431),
    ],
    ids=["no request", "no host", "no length", "a long header", "a long header in pieces", "a long address"],
)
def test_what_is_no_request_gets_the_one_error_shape(hub: Any, pieces: list[bytes], status: int) -> None:
    answer = raw(hub.url, *pieces, pause=0.01 if len(pieces) > 1 else 0)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b"x-content-type-options: nosniff" in answer.lower()
    assert re.search(rb'\{"errors":\[\{"message":"[^"]+","code":"[a-z_]+"\}\]\}$', answer)
    with hub.http() as http:
        assert http.get("/healthz").status_code == 200


def test_who_sends_a_head_too_slowly_is_let_go(hub: Any) -> None:
    with ThreadPoolExecutor() as pool:
        half, nothing = pool.map(lambda pieces: raw(hub.url, *pieces), ([b"GET / HTTP/1.1\r\nHost: x\r\n"], []))
    assert half.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in half
    assert nothing == b""


@pytest.fixture
def sweepyard(tmp_path: Path) -> Any:
    """Runs a command on the home of this test; gives what it prints."""

    def run(*arguments: str, code: int = 0, given: str = "") -> str:
        command = [sys.executable, "-P", "-m", "sweepyard", *arguments, "--home", str(tmp_path / "home")]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout.strip() if code == 0 else done.stderr

    return run


def viewer(hub: Any, key: str) -> tuple[int, Any]:
    with hub.http(key=key) as http:
        answer = http.post("/graphql", json={"query": "{ viewer { username entity } }"})
    return answer.status_code, answer.json().get("data", {}).get("viewer")


def test_users_teams_and_keys_are_managed_while_the_hub_runs(make_hub: Any, sweepyard: Any, tmp_path: Path) -> None:
    with make_hub(tmp_path / "home") as hub:
        sweepyard("hub", "users", "add", "ann", "--role", "write")
        key = sweepyard("hub", "keys", "add", "--user", "ann", "--name", "laptop")
        assert viewer(hub, key) == (200, {"username": "ann", "entity": "ann"})
        assert key not in (tmp_path / "home" / "client.json").read_text()

        into_red = {"query": 'mutation { upsertModel(input: {name: "p", entityName: "red"}) { inserted } }'}
        with hub.http(key=key) as http:
            assert http.post("/graphql", json=into_red).json()["errors"][0]["code"] == "forbidden"
            sweepyard("hub", "teams", "add", "red", "--member", "ann")
            assert http.post("/graphql", json=into_red).json()["data"]["upsertModel"] == {"inserted": True}
            sweepyard("hub", "teams", "remove-member", "red", "ann")
            assert http.post("/graphql", json=into_red).json()["errors"][0]["code"] == "forbidden"

        (tmp_path / "key").write_text("0123456789abcdef" * 3 + "\n")
        (tmp_path / "key").chmod(0o600)
        made = json.loads(
            sweepyard(
                "hub", "keys", "add", "--user", "ann", "--key-file", str(tmp_path / "key"), "--role", "read", "--json"
            )
        )
        assert "key" not in made
        assert viewer(hub, "0123456789abcdef" * 3)[0] == 200
        with hub.http(key="0123456789abcdef" * 3) as http:
            mine = {"query": 'mutation { upsertModel(input: {name: "p"}) { inserted } }'}
            assert http.post("/graphql", json=mine).json()["errors"][0]["code"] == "forbidden"

        listed = json.loads(sweepyard("hub", "keys", "list", "--json"))
        assert {item["user"] for item in listed} == {"local", "ann"}
        assert key not in json.dumps(listed)
        sweepyard("hub", "keys", "revoke", made["id"])
        assert viewer(hub, "0123456789abcdef" * 3)[0] == 401
        [users] = [row for row in json.loads(sweepyard("hub", "users", "list", "--json")) if row["username"] == "ann"]
        assert (users["role"], users["entities"], users["keys"]) == ("write", ["ann"], 1)
        sweepyard("hub", "users", "revoke", "ann")  # another name of `remove`
        assert viewer(hub, key)[0] == 401
        assert "ann" not in sweepyard("hub", "users", "list")
        assert "red" in sweepyard("hub", "teams", "list")
        sweepyard("hub", "teams", "revoke", "red")
        assert "red" not in sweepyard("hub", "teams", "list")


def test_the_real_client_is_told_at_once_what_it_may_not(
    make_hub: Any, client: Any, sweepyard: Any, tmp_path: Path
) -> None:
    script = "import wandb, os; wandb.init(project='p', entity=os.environ.get('WHERE')).finish()"
    with make_hub(tmp_path / "home") as hub:
        client.hub = hub
        sweepyard("hub", "users", "add", "ann", "--role", "write")
        key = sweepyard("hub", "keys", "add", "--user", "ann")
        client.python(script, WANDB_API_KEY=key)
        told = client.run("python", "-c", script, expect=1, WANDB_API_KEY=key, WHERE="local")
        assert "ann does not belong to the entity 'local'" in told
        reading = sweepyard("hub", "keys", "add", "--user", "ann", "--role", "read")
        told = client.run("python", "-c", script, expect=1, WANDB_API_KEY=reading)
        assert "this needs the role write; ann has read" in told


def test_a_home_whose_own_key_is_revoked_gets_a_fresh_one(make_hub: Any, sweepyard: Any, tmp_path: Path) -> None:
    with make_hub(tmp_path / "home") as hub:
        [own] = json.loads(sweepyard("hub", "keys", "list", "--json"))
        sweepyard("hub", "keys", "revoke", own["id"])
        assert viewer(hub, hub.key)[0] == 401
        fresh = json.loads((tmp_path / "home" / "client.json").read_text())["api_key"]
        assert fresh != hub.key
        assert viewer(hub, fresh) == (200, {"username": "local", "entity": "local"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("users", "remove", "local"), "owner"),
        (("users", "remove", "nobody"), "no user 'nobody'"),
        (("users", "add", "local"), "already"),
        (("users", "add", "../x"), "a user's name"),
        (("teams", "add-member", "none", "local"), "no team 'none'"),
        (("keys", "revoke", "0123"), "0 keys"),
        (("keys", "add", "--user", "nobody"), "no user 'nobody'"),
        (("keys", "add", "--user", "local", "--key-file", "nowhere"), "nowhere"),
        (("keys", "add", "--user", "local", "--key-file", "-"), "40 or more"),
    ],
)
def test_what_cannot_be_done_to_users_and_keys_is_said(sweepyard: Any, arguments: tuple[str, ...], said: str) -> None:
    assert said in sweepyard("hub", *arguments, code=1, given="too short")


def test_no_secret_reaches_the_log(make_hub: Any, client: Any, sweepyard: Any, tmp_path: Path) -> None:
    wrong = "local-" + "f" * 40
    with make_hub(tmp_path / "home") as hub:
        client.hub = hub
        client.python(SCRIPT)
        secrets = [hub.key, wrong, sweepyard("hub", "keys", "add", "--user", "local")]
        assert viewer(hub, wrong)[0] == 401
        with hub.http(key="") as http:
            http.post("/login", data={"key": wrong})
            entered = http.post("/login", data={"key": hub.key})
            secrets.append(entered.headers["set-cookie"].split(";")[0].partition("=")[2])
            assert http.get("/local/tls").status_code == 200
            assert http.get("/no/such/page/at/all").status_code == 404
        files = 'mutation { createRunFiles(input: {entityName: "local", projectName: "p", runName: "r", files: ["a"]}) '
        hub.graphql('mutation { upsertBucket(input: {name: "r", modelName: "p", host: "h"}) { inserted } }')
        [file] = hub.graphql(files + "{ files { uploadUrl directUrl } } }")["createRunFiles"]["files"]
        secrets += [url.split("/storage/")[1].split("/")[0] for url in file.values()]
        with hub.http() as http:
            assert http.put(file["uploadUrl"], content=b"x").status_code == 200
            assert http.put(file["uploadUrl"] + "x/y", content=b"x").status_code == 404
            # Refusals are logged, whatever stands in them.
            query = f'query Q {{ nothing(key: "{hub.key}") }}'
            assert http.post("/graphql", json={"query": query}).status_code == 400
            for forged in ("a\nb 2026-01-01 CRITICAL all is lost", "\x1b[2J"):
                assert http.post("/graphql", json={"query": f"query Q {{ {json.dumps(forged)} }}"}).status_code == 400
        log = hub.log()
    assert "a document is not served" in log
    assert "closing: received SIGTERM" in (tmp_path / "home" / "serve.log").read_text()
    for secret in secrets:
        assert len(secret) > 20
        assert secret not in log
    lines = [line for line in log.splitlines() if not line.startswith(("The hub of", "In another shell"))]
    assert lines
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (INFO|WARNING|ERROR) +\S+: |    ", line), (
            line
        )
    assert "\x1b" not in log


def test_what_a_hub_keeps_is_its_owners_alone(make_hub: Any, tmp_path: Path) -> None:
    with make_hub(tmp_path / "home") as hub:
        hub.graphql('mutation { upsertBucket(input: {name: "r", modelName: "p", host: "h"}) { inserted } }')
        files = 'mutation { createRunFiles(input: {entityName: "local", projectName: "p", runName: "r", files: ["a"]}) '
        [file] = hub.graphql(files + "{ files { uploadUrl } } }")["createRunFiles"]["files"]
        with hub.http() as http:
            assert http.put(file["uploadUrl"], content=b"x").status_code == 200
        kept = [path for path in (tmp_path / "home").rglob("*") if path.name != "serve.log"]
        assert any(path.parent.name != "home" and path.is_file() for path in kept)
        assert [path for path in kept if path.stat().st_mode & 0o077] == []
