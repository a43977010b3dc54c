"""A real hub process as others reach it: over HTTPS, with clients that are slow, too big, or speak nonsense."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

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


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of our own, and the certificate that it gave to `localhost`."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    signed = ["-out", "hub.pem", "-days", "2", "-extfile", "names"]
    for command in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test", *extensions],
        ["req", *key, "-keyout", "hub.key", "-out", "hub.csr", "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", "hub.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", *signed],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_real_client_works_over_https_beyond_loopback(
    make_hub: Any, client: Any, authority: Path, tmp_path: Path
) -> None:
    port = free_port()
    options = ["--host", "0.0.0.0", "--port", str(port), "--public-url", f"https://localhost:{port}"]
    options += ["--tls-cert", str(authority / "hub.pem"), "--tls-key", str(authority / "hub.key")]
    with make_hub(tmp_path / "home", *options) as hub:
        client.hub = hub
        trust = {name: str(authority / "ca.pem") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
        url, losses, text = client.python(SCRIPT, **trust)
        assert url.startswith(f"https://localhost:{port}/local/tls/runs/")
        assert (losses, text) == ([0, 1, 2], "hello")
        trusting = ssl.create_default_context(cafile=str(authority / "ca.pem"))
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
    began = time.monotonic()
    answer = raw(hub.url, b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer
    assert raw(hub.url) == b""
    assert time.monotonic() - began < 40
