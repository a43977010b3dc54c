"""An agent as submitit's job: the same on this host and on Slurm."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from sweepyard import exitcodes
from sweepyard.agents.fleet.post import AgentProcess, Post
from sweepyard.errors import FleetError
from sweepyard.signals import handled_by

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

LEAVE_SIGNAL = signal.SIGUSR1
REQUEUE_SIGNAL = signal.SIGUSR2  # submitit's own, upon which it asks for a checkpoint


class SubmittedAgent:
    """What submitit calls on the agent's host, and before the host takes it away."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._process: AgentProcess | None = None

    def __call__(self) -> int:
        """Be the agent until it leaves; the exit code is the job's."""
        process = self._process = self._post.start()

        def leave(_number: int, _frame: FrameType | None) -> None:
            process.leave()

        # SIGTERM is no business of this process: an engine that sends it sends it to the agent, too.
        with handled_by(leave, LEAVE_SIGNAL):
            code = process.wait()
        if code not in {0, exitcodes.PREEMPTED}:
            sys.exit(code if code > 0 else 128 - code)
        return code

    def checkpoint(self) -> DelayedSubmission:
        """Have the runs save what they have; gives what begins again when there is a host for it."""
        from submitit.helpers import DelayedSubmission

        if self._process is not None:
            self._process.leave()
            if self._process.wait() != exitcodes.PREEMPTED:
                sys.exit(0)  # There is nothing more to do.
        return DelayedSubmission(SubmittedAgent(self._post))


def require_submitit() -> None:
    """See to it that submitit is there.

    Raises:
        FleetError: The extra `slurm` is not installed.
    """
    try:
        import submitit  # noqa: F401 - only whether it can be imported
    except ModuleNotFoundError as error:
        raise FleetError("a fleet here or on Slurm needs submitit: install Sweepyard with the extra `slurm`") from error
