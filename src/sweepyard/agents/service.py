"""The W&B client's service, one for an agent and all of its runs.

Each run would start a service of its own: a process of some 40 MB, and a tenth of a second until it answers. W&B's
agent leaves it at that, because a service outlives the runs that it serves: it goes on speaking for one that was
killed, and refuses to serve the same run again. So the agent tells its service of each run's end.
"""

from __future__ import annotations

import os

import wandb

from sweepyard.tracking.leaving import SERVICE_VARIABLE, release


class SharedService:
    """The service of this process, which the runs that it starts may use as well."""

    def __init__(self) -> None:
        """Start it, if this process has not used it yet; it ends with this process."""
        wandb.setup().ensure_service()

    @property
    def environ(self) -> dict[str, str]:
        """What lets a run find it."""
        return {SERVICE_VARIABLE: os.environ[SERVICE_VARIABLE]}

    def forget(self, run_id: str) -> None:
        """Speak no more for a run whose process has ended; nothing where it had said itself that it was over."""
        release(run_id)
