"""The child process that sends: the client's own `wandb sync`, which returns 0 whatever the server says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from sweepyard import processes
from sweepyard.errors import TrackingError
from sweepyard.tracking.push.login import check_destination
from sweepyard.tracking.server import Server

_GRACE_SECONDS = 10.0
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TAIL_LINES = 3
# How the client behaves may stay the user's choice; whom it talks to may not.
_KEPT_PREFIXES = ("WANDB_X_", "WANDB_HTTP_TIMEOUT", "WANDB_INSECURE")
# A server that is away is given some minutes, not the client's week: the next push goes on where this one ended.
_PATIENCE = {
    "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
    "WANDB_X_FILE_STREAM_RETRY_MAX": "6",
    "WANDB_X_GRAPHQL_RETRY_MAX": "6",
    "WANDB_X_FILE_TRANSFER_RETRY_MAX": "6",
}


class SyncClient:
    """Runs `wandb sync` towards one server, with nothing of the user's W&B settings or login."""

    def __init__(
        self, destination: Server, environ: Mapping[str, str], *, folder: Path, leash: Sequence[str] = ()
    ) -> None:
        """Remember what to start.

        Args:
            folder: Where the client keeps its caches and logs.
            leash: A command that becomes the command behind it, and ends it when this process dies.
        """
        self._destination = destination
        self._leash = list(leash)
        self._folder = folder
        kept = {
            name: value
            for name, value in environ.items()
            if not name.startswith(("WANDB_", "SWEEPYARD_")) or name.startswith(_KEPT_PREFIXES)
        }
        self._environ = {
            **_PATIENCE,
            **kept,
            "WANDB_BASE_URL": destination.url,
            "WANDB_API_KEY": destination.api_key,
            "WANDB_DIR": str(folder),
            "WANDB_CONFIG_DIR": str(folder / "config"),
            "WANDB_CACHE_DIR": str(folder / "cache"),
            "WANDB_DATA_DIR": str(folder / "data"),
            "WANDB_ERROR_REPORTING": "false",
            # A run that is there is extended behind its last line, instead of being begun anew.
            "WANDB_RESUME": "allow",
        }

    def forget(self) -> None:
        """Remove what earlier clients left: caches and logs."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def send(self, logs: Sequence[Path], *, parallel: int) -> str:
        """Send transaction logs, and wait; ends the client however this is left.

        Returns:
            The last lines that it printed. Whether all was taken, only the server knows.

        Raises:
            TrackingError: The client did not even try, or the server is away.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        output = self._folder / "sync.log"
        command = [*_client(), "sync", "--include-online", "-n", str(parallel)]
        with output.open("wb") as stream:
            child = processes.spawn(
                [*self._leash, *command, *map(str, logs)],
                environ=self._environ,
                folder=self._folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
            try:
                child.wait()
            finally:
                if child.poll() is None:
                    processes.end_all(
                        [*processes.descendants(child.pid), psutil.Process(child.pid)], grace_seconds=_GRACE_SECONDS
                    )
        lines = _ANSI.sub("", output.read_text(encoding="utf-8", errors="replace")).splitlines()
        said = " | ".join(line.removeprefix("wandb: ").strip() for line in lines[-_TAIL_LINES:])
        if child.returncode != 0:
            raise TrackingError(f"`wandb sync` must return 0; it returned {child.returncode} and said: {said}")
        check_destination(self._destination)  # which the client would put in other words
        return said


def _client() -> list[str]:
    # Not resolved: a virtual environment's interpreter is a link, and its commands are beside the link.
    found = shutil.which("wandb", path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-P", "-m", "wandb"]
