"""Telling a server of a preemption for a run that cannot: `python -m sweepyard.tracking.leaving`, in its environment.

Schedulers that take a host away may send SIGTERM to every process at once; the client's service, through which a run
speaks to its server, ends by it before the run has said a word. A host that is short of memory may kill it too.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import wandb
from wandb.sdk.lib.service import service_token
from wandb.sdk.mailbox import HandleAbandonedError, MailboxClosedError

from sweepyard import exitcodes
from sweepyard.errors import TrackingError

_SECONDS = 25  # Schedulers give 30 s between SIGTERM and SIGKILL.
SERVICE_VARIABLE = "WANDB_SERVICE"
"""Where the client finds a service that another process has started."""
SERVICE_LOST = (ConnectionError, HandleAbandonedError, MailboxClosedError)
"""What the client raises, whatever it was asked for, when its service has ended."""


def service_has_ended() -> bool:
    """Whether nobody answers where the client's service of this process was."""
    token = service_token.from_env()
    if token is None:
        return False
    try:
        token.connect(asyncer=wandb.setup()._asyncer)
    except service_token.WandbServiceConnectionError:
        return True
    return False


def tell_preempted(environ: Mapping[str, str], folder: Path) -> None:
    """Tell the server, from a process with a service of its own, that an agent's run was preempted.

    Args:
        environ: The run's, as its agent gave it.
        folder: The run's own.

    Raises:
        TrackingError: The server could not be told; the run will count as crashed.
    """
    own = {name: value for name, value in environ.items() if name != SERVICE_VARIABLE}
    command = [sys.executable, "-P", "-m", "sweepyard.tracking.leaving", str(folder)]
    try:
        subprocess.run(command, env=own, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=True)
    except subprocess.SubprocessError as error:
        raise TrackingError(
            f"the W&B client's service ended together with the run, and the server could not be told: {error}. The run "
            "will count as crashed; `max_retries` in the sweep file lets it go out again"
        ) from error


def release(run_id: str) -> None:
    """Have the service of this process let go of a run whose process was killed; nothing where it had said its end.

    Otherwise the service would go on speaking for it, and refuse the process that goes on with the run.
    """
    with suppress(ConnectionError):  # Then there is no service that could speak for it.
        wandb.setup().ensure_service().inform_finish(run_id)


def main(folder: str) -> None:
    """Go on with the run that the environment names, only to say that it was preempted."""
    settings = wandb.Settings(
        resume="must", root_dir=folder, save_code=False, console="off", silent=True, x_disable_stats=True
    )
    run = wandb.init(settings=settings)
    run.mark_preempting()
    run.finish(exit_code=exitcodes.PREEMPTED)


if __name__ == "__main__":
    main(sys.argv[1])
