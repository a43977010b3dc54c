"""An authority of our own, as a lab has it, and the certificate that it gives to a hub on this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Authority:
    """A folder with the authority's certificate, and the hub's with its key."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """What clients are to trust."""
        return self.folder / "ca.pem"

    def trust(self) -> dict[str, str]:
        """What a user sets so that both parts of the client trust it."""
        return {name: str(self.certificate) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}

    def serving_at(self, port: int, name: str = "localhost") -> list[str]:
        """The options of a hub that others reach as `https://<name>:<port>`."""
        address = ["--host", "0.0.0.0", "--port", str(port), "--public-url", f"https://{name}:{port}"]
        return [*address, "--tls-cert", str(self.folder / "hub.pem"), "--tls-key", str(self.folder / "hub.key")]

    @staticmethod
    def free_port() -> int:
        """A port that nobody listens on."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])


def make_authority(folder: Path) -> Authority:
    """Make both certificates with openssl; without it, the test is skipped."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which makes the certificates: make system-parts")
    names = f"DNS:localhost,DNS:{socket.gethostname()},IP:127.0.0.1"
    (folder / "names").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    signed = ["-out", "hub.pem", "-days", "2", "-extfile", "names"]
    for command in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test", *extensions],
        ["req", *key, "-keyout", "hub.key", "-out", "hub.csr", "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", "hub.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", *signed],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return Authority(folder)
