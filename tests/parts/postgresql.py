"""A PostgreSQL server of the tests' own, from the machine's binaries, in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psycopg

USER = "postgres"  # The server refuses to run as root.
_READY_SECONDS = 30.0


def binaries() -> Path | None:
    """The folder of the newest server's programs; None where none is installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if folders:
        return folders[-1]
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgresServer:
    """A running server; without fsync, since what it promises about disks is not ours to test."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._programs = programs
        self._databases = 0
        self.port = _free_port()
        shutil.chown(folder, USER)
        self._as_server(
            "initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "-N"
        )
        self._process = self._start()

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """The URL of a new database, empty or a copy of `template`."""
        self._databases += 1
        name = f"d{self._databases}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Run a statement, as the server's owner."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]  # psycopg wants literals; ours are fixed

    def with_password(self, user: str, password: str, url: str) -> str:
        """The URL of the same database for a new user, who may do anything there but only with the password."""
        self.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        self.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {user}")
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self.execute("SELECT pg_reload_conf()")
        return url.replace(f"//{USER}@", f"//{user}:{password}@")

    def restart(self) -> None:
        """Stop it, at once and with every connection, and start it again."""
        self.stop()
        self._process = self._start()

    def stop(self) -> None:
        """Stop it, at once and with every connection."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=_READY_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), "-F"]
        command += ["-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command, user=USER, cwd=self._data, stdout=log, stderr=log, env={"PATH": os.defpath}
            )
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=1).close()
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self._log.read_text(errors="replace")) from None
                time.sleep(0.05)
            else:
                return process

    def _as_server(self, program: str, *arguments: str) -> None:
        owner = pwd.getpwnam(USER)
        subprocess.run(
            [str(self._programs / program), *arguments],
            user=owner.pw_uid,
            group=owner.pw_gid,
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.defpath},
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
