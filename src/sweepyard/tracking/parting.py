"""Ending a process that has only read from a server, whatever becomes of its client's service."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from wandb.sdk import wandb_setup
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


@contextmanager
def only_reading() -> Iterator[None]:
    """After the block, have the exit of this process wait for the client's own service for seconds, not for ever.

    At exit the client (0.31) closes its socket while its service may still answer; then the service breaks off before
    it has read that it is to stop, and both would wait for ever. Who has only read loses nothing; a process that logs
    runs, or whose service serves those of others, must not say this.
    """
    try:
        yield
    finally:
        connection = wandb_setup.singleton()._connection
        if connection is not None and connection._proc is not None:
            connection._proc = _Bounded(connection._proc)
