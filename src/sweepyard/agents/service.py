"""The W&B client's service, one for an agent and all of its runs.

Each run would start a service of its own: a process of some 40 MB, and a tenth of a second until it answers. W&B's
agent leaves it at that, because a service outlives the runs that it serves: it goes on speaking for one that was
killed, and refuses to serve the same run again. So the agent tells its service of each run's end.
Where the service itself is killed, its runs leave as preempted (`wiring.finishing`), and the agent starts another.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import wandb
from wandb.sdk.lib.service.service_connection import ServiceConnection

from sweepyard.tracking.leaving import SERVICE_VARIABLE, release


class SharedService:
    """The service of this process, which the runs that it starts may use as well. Thread-safe."""

    def __init__(self) -> None:
        """Start it, if this process has not used it yet; it ends with this process."""
        self._lock = threading.Lock()
        self.connection()

    def connection(self) -> ServiceConnection:
        """This process's connection to it; where it was killed, to another one, which is started."""
        with self._lock:
            setup = wandb.setup()
            connection = setup.ensure_service()
            if connection._proc is not None and connection._proc._process.poll() is not None:
                with suppress(OSError):  # It can be told nothing any more, but is not to be told at exit either.
                    connection.teardown(0)
                setup._connection = None
                connection = setup.ensure_service()
            return connection

    def processes(self) -> frozenset[int]:
        """The id of its process; none where another process has started it."""
        process = wandb.setup().ensure_service()._proc
        return frozenset() if process is None else frozenset({process._process.pid})

    @property
    def environ(self) -> dict[str, str]:
        """What lets a run find it."""
        self.connection()
        return {SERVICE_VARIABLE: os.environ[SERVICE_VARIABLE]}

    def forget(self, run_id: str) -> None:
        """Speak no more for a run whose process has ended; nothing where it had said itself that it was over."""
        release(run_id)
