"""A Docker engine of the tests' own, in a folder of its own, and stand-ins for a registry's images."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

# Reached where a registry is; else the tests make images that go by the same names.
PYTHON_IMAGE = "python:3.11-slim-bookworm"
DATABASE_IMAGE = "postgres:17-bookworm"

_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PULL_SECONDS = 120
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_HERE = Path(__file__).parent
# Debian's, not whatever else goes by that name.
_CLIENT = "/usr/bin/docker"


class DockerEngine:
    """A running engine without bridges and firewall rules: containers share the host's network, or have none."""

    def __init__(self, folder: Path) -> None:
        """Start it.

        Skips the test where the daemon is not installed, and where it is and the machine does not let it start.
        """
        if os.geteuid() != 0 or shutil.which("dockerd") is None or not Path(_CLIENT).exists():
            pytest.skip("needs root, and dockerd and docker from Debian's docker.io: make system-parts")
        self._folder = folder
        self._log = folder / "engine.log"
        self.environ = {
            "DOCKER_HOST": f"unix://{folder / 'socket'}",
            "DOCKER_CONFIG": str(folder),
            "DOCKER_BUILDKIT": "1",
        }
        places = [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}", f"--pidfile={folder / 'pid'}"]
        network = ["--iptables=false", "--bridge=none", "--storage-driver=overlay2"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["dockerd", f"--host={self.environ['DOCKER_HOST']}", *places, *network],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while self._run("version").returncode != 0:
            said = self._log.read_text(errors="replace")[-300:]
            if self._process.poll() is not None:
                self.stop()
                pytest.skip(f"no Docker daemon can start here: {said}")
            if time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the Docker daemon runs and does not answer: {said}")
            time.sleep(0.1)

    def run(self, *arguments: str, fails: bool = False) -> str:
        """What `docker` prints with these arguments, on both streams; it is to succeed, or to fail."""
        done = self._run(*arguments)
        assert (done.returncode != 0) is fails, f"docker {' '.join(arguments)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def compose(self, *arguments: str, environ: Mapping[str, str], fails: bool = False) -> str:
        """The same of Compose, from the root of the repository."""
        program = [str(Path(sys.executable).parent / "docker-compose"), *arguments]
        done = self._call(program, environ=environ)
        assert (done.returncode != 0) is fails, f"{program}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def have_python_image(self) -> None:
        """See to it that there is what the Dockerfile begins with: Debian with its own Python, if it cannot be had."""
        if self._has(PYTHON_IMAGE):
            return
        acquire = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
        rules = self._folder / "apt.conf"
        rules.write_text("".join(line for line in acquire.splitlines(keepends=True) if "::Check-" in line))
        uploads = {_AUTHORITIES: _AUTHORITIES, rules: "/etc/apt/apt.conf.d/90of-the-machine"}
        archive = self._folder / "debian.tar"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3-venv,ca-certificates"]
        # A root that is merged from the beginning needs no Perl to become so.
        command.append("--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr")
        # As in the images of Debian that registries have: without these folders, and without a sync after each file.
        command.append("--dpkgopt=force-unsafe-io")
        command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
        command += [f"--customize-hook=upload {source} {target}" for source, target in uploads.items()]
        done = self._call([*command, "bookworm", str(archive)])
        assert done.returncode == 0, done.stdout
        trust = f"ENV PIP_CERT={_AUTHORITIES} SSL_CERT_FILE={_AUTHORITIES}"
        self.run("import", "--change", trust, str(archive), PYTHON_IMAGE)
        archive.unlink()

    def have_database_image(self) -> None:
        """See to it that there is what compose.yaml names: Debian's PostgreSQL, if it cannot be had."""
        if not self._has(DATABASE_IMAGE):
            self.have_python_image()
            self.run("build", "--network=host", "--tag", DATABASE_IMAGE, str(_HERE / "postgresql_image"))

    def stop(self) -> None:
        """Stop it, with everything that it runs, and remove what it has stored."""
        if self._process.poll() is None:
            containers = self._run("ps", "--all", "--quiet").stdout.split()
            if containers:
                self._run("rm", "--force", *containers)
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in sorted((path for path in mounts if path.startswith(str(self._folder))), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=True)
        shutil.rmtree(self._folder)

    def _has(self, image: str) -> bool:
        """Whether the image is there, or can be had from a registry."""
        there = self._run("image", "inspect", image).returncode == 0
        return there or self._call(["timeout", str(_PULL_SECONDS), _CLIENT, "pull", "--quiet", image]).returncode == 0

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._call([_CLIENT, *arguments])

    def _call(self, command: list[str], environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=_HERE.parents[1],
            env={**os.environ, **self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
