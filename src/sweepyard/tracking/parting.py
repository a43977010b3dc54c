"""Ending a process that has only read from a server, whatever becomes of its client's service."""

from __future__ import annotations

import subprocess

import wandb
from wandb.sdk.lib.service.service_process import ServiceProcess

_SECONDS = 5.0


class _Bounded(ServiceProcess):
    """The service's process, waited for no longer than its work can be worth."""

    def __init__(self, service: ServiceProcess) -> None:
        super().__init__(connection_token=service.token, process=service._process)

    def join(self) -> int:
        try:
            return self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def part_in_time() -> None:
    """Have the exit of this process wait for the client's own service for seconds, not for ever.

    At exit the client (0.31) closes its socket while its service may still answer; then the service breaks off before
    it has read that it is to stop, and both would wait for ever. Who has only read loses nothing; a process that logs
    runs must not call this.
    """
    connection = wandb.setup().ensure_service()
    if connection._proc is not None:
        connection._proc = _Bounded(connection._proc)
