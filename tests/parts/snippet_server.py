"""A fork server whose runs are Python snippets: what warm starts do to processes, without TensorFlow."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import sweepyard
from sweepyard.agents.warm.child import Child
from sweepyard.agents.warm.place import owner_of
from sweepyard.agents.warm.server import Code, ForkServer
from sweepyard.clock import SystemClock


def main(path: str, listener: socket.socket) -> int:
    """Serve; in each fork, run the snippet that is its first argument."""
    notes = Path(os.environ["NOTES"])
    extra = os.environ.get("WATCHED_CODE")
    server = ForkServer(
        path,
        listener,
        code=Code(Path(extra) if extra else Path(sweepyard.__file__).parent),
        idle_seconds=float(os.environ.get("SWEEPYARD_WARM_IDLE", "60")),
        owner=owner_of(os.environ),
        clock=SystemClock(),
        on_note=lambda note: notes.open("ab").write(note),
    )
    child: Child | None = server.serve()
    if child is None:
        return 0
    child.become()
    code = compile(child.arguments[0], "<snippet>", "exec")
    exec(code, {"child": child, "arguments": child.arguments[1:]})
    return 0


if __name__ == "__main__":
    if os.environ.get("WATCHED_CODE"):
        sys.path.insert(0, os.environ["WATCHED_CODE"])
        __import__("watched")
    sys.exit(main(sys.argv[1], socket.socket(fileno=int(sys.argv[2]))))
