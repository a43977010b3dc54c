"""The fork server's process: `python -m sweepyard.cli.forkserver PATH FD`, started by its first client."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import sweepyard
from sweepyard.agents.warm.child import leave
from sweepyard.agents.warm.place import idle_seconds, owner_of
from sweepyard.agents.warm.server import Code, ForkServer
from sweepyard.cli.environment import quieten_backend, settings_now
from sweepyard.clock import SystemClock
from sweepyard.linux import release_code
from sweepyard.tracking.opening import start_ahead
from sweepyard.wiring.warm import WarmStart, keep_noted, preload


def main(path: str, listener: socket.socket) -> int:
    """Serve until idle; in each fork, run what its client wants, and give its exit code."""
    quieten_backend()
    shelf = preload()
    release_code()
    settings = settings_now()
    server = ForkServer(
        path,
        listener,
        code=Code(Path(sweepyard.__file__).parent),
        idle_seconds=idle_seconds(os.environ),
        owner=owner_of(os.environ),
        clock=SystemClock(),
        on_note=lambda note: keep_noted(shelf, note, settings),
    )
    child = server.serve()
    if child is None:
        return 0
    child.become()
    start_ahead(os.environ)
    from sweepyard.cli.door import enter

    return leave(enter(["train", *child.arguments], WarmStart(child, shelf)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], socket.socket(fileno=int(sys.argv[2]))))
