"""A fork on its way to being a run: it takes on all that its client is, and then does what the client was asked."""

from __future__ import annotations

import atexit
import importlib.util
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from sweepyard.agents.warm import wire
from sweepyard.linux import end_with_parent


class Child:
    """A forked process before, and while, it is a run."""

    def __init__(
        self, request: wire.Request, *, streams: Sequence[int], server: int, client: socket.socket, notes: int
    ) -> None:
        """Remember what to become; see `become`.

        Args:
            streams: The client's standard streams.
            server: The fork server's pid.
            notes: A pipe to the server.
        """
        self._request = request
        self._streams = list(streams)
        self._server = server
        self._client: socket.socket | None = client
        self._notes = notes

    @property
    def arguments(self) -> list[str]:
        """Those of `sweepyard train`."""
        return self._request.arguments

    def become(self) -> None:
        """Wait for the client's word, then be what it would have been.

        A process whose client leaves before that ends here.
        """
        # Should the server die, the client starts this run anew: two of them there must not be.
        end_with_parent(self._server, signal.SIGKILL)
        client = self._open_client()
        client.settimeout(None)
        if client.recv(1) != wire.GO:
            os._exit(0)
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self._take_on()
        except (OSError, ValueError) as error:
            self.refuse(f"the fork server cannot give what this process has: {error}")

    def refuse(self, reason: str) -> NoReturn:
        """Let the client start the run itself.

        Args:
            reason: Why, for the user; empty where that is no surprise.
        """
        wire.send_line(self._open_client(), {"cold": reason})
        os._exit(0)

    def accept(self) -> None:
        """From now on this process is the run, and nobody else will be."""
        self._open_client().close()
        self._client = None

    def note(self, what: bytes) -> None:
        """Tell the server something of use to the runs after this one."""
        os.write(self._notes, what)

    def _open_client(self) -> socket.socket:
        if self._client is None:
            raise RuntimeError("the run has been accepted")
        return self._client

    def _take_on(self) -> None:
        request = self._request
        for number, stream in enumerate(self._streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(request.environ)
        os.umask(request.file_mask)
        os.sched_setaffinity(0, request.processors)
        for name, (soft, hard) in request.limits.items():
            if resource.getrlimit(int(name)) != (soft, hard):
                resource.setrlimit(int(name), (soft, hard))
        os.chdir(request.folder)
        time.tzset()
        tempfile.tempdir = None
        sys.path[:] = request.search_path
        sys.argv[:] = [request.program, "train", *request.arguments]
        main = sys.modules["__main__"]
        main.__file__ = request.program
        main.__spec__ = importlib.util.find_spec(request.module) if request.module else None
        for output in (sys.stdout, sys.stderr):
            at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
            output.reconfigure(line_buffering=output.isatty() or output is sys.stderr, write_through=at_once)  # type: ignore[union-attr]
        random.seed()
        if numpy := sys.modules.get("numpy"):
            numpy.random.seed()


def leave(code: int) -> NoReturn:
    """End this process as Python does, but leave to the kernel what it has in memory.

    To take that down would write to every object that is shared with the fork server, and so copy nearly all of it
    first: a fifth of a second of processor time for each run.
    """
    threading._shutdown()  # type: ignore[attr-defined] # It waits for threads, and ends those of pools.
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):  # There is none, it is closed, nobody reads it any more.
            stream.flush()
    os._exit(code)
