"""The fork server: one thread that forks runs, watches them and their clients, and tells how runs end."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sweepyard.agents.warm import place, wire
from sweepyard.agents.warm.child import Child
from sweepyard.clock import Clock

_REQUEST_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_NOTE_BYTES = 65536

Stamp = tuple[int, int, int]
OnNote = Callable[[bytes], None]


@dataclass(slots=True)
class _Forked:
    """A run, as the server holds it."""

    process: int
    connection: socket.socket
    notes: int

    def close(self) -> None:
        os.close(self.process)
        os.close(self.notes)
        self.connection.close()


class Code:
    """The files that the process has imported, as they were on disk."""

    def __init__(self, package: Path) -> None:
        """Look at them.

        Args:
            package: The folder of the package whose every imported file counts; of all others, a change in the
                folder that they are installed in (where installing, upgrading and removing leave their marks).
        """
        files = {Path(path) for module in list(sys.modules.values()) if (path := getattr(module, "__file__", None))}
        homes = {Path(path) for path in sys.path if path and any(file.is_relative_to(path) for file in files)}
        self._stamps = _stamps({file for file in files if file.is_relative_to(package)} | homes)

    @property
    def is_current(self) -> bool:
        """Whether all of them are as they were."""
        return self._stamps == _stamps(self._stamps)


class ForkServer:
    """Serves clients until nobody has wanted a run for a while, or the code has changed."""

    def __init__(
        self,
        path: str,
        listener: socket.socket,
        *,
        code: Code,
        idle_seconds: float,
        owner: int | None,
        clock: Clock,
        on_note: OnNote,
    ) -> None:
        """Take over what the first client began.

        Args:
            path: The socket's path less its suffix; the lock is beside it.
            listener: Bound and listening.
            idle_seconds: How long to wait without runs.
            owner: The process that it is for; None for any.
            on_note: Told what runs note for those that come after them (`Child.note`).
        """
        self._path = path
        self._listener = listener
        self._code = code
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._on_note = on_note
        self._runs: dict[int, _Forked] = {}
        self._retired = False
        self._own = os.stat(f"{path}.socket").st_ino
        self._pids: dict[int, int] = {}  # By file descriptor: whose it is, by pid.
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._owner = _opened(owner)
        if self._owner is not None:
            self._poll.register(self._owner, select.POLLIN)

    def serve(self) -> Child | None:
        """Serve until it is time to leave.

        Returns:
            None in the server, at its end. In each process that it forks: the run to become, once its client wants it.
        """
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: self._retire())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # What is here now stays: the collector of a fork need not touch it, so its pages remain shared.
        gc.collect()
        gc.freeze()
        last_busy = self._clock.monotonic_seconds()
        while True:
            for child in self._step():
                return child
            now = self._clock.monotonic_seconds()
            if self._runs:
                last_busy = now
            elif self._retired or now - last_busy > self._idle_seconds:
                self._retire()
                # Whoever came before the socket was gone is served still.
                for child in self._step(timeout=0.0):
                    return child
                if not self._runs:
                    self._clean_up()
                    return None

    def _step(self, timeout: float = _LOOK_SECONDS) -> Iterator[Child]:
        """Do what there is to do; in a fork, give what it is to become."""
        for file, _ in self._poll.poll(timeout * 1000):
            if file == self._listener.fileno():
                child = self._accept()
                if child is not None:
                    yield child
                    return
            elif file == self._owner:
                self._poll.unregister(file)
                self._retire()
            elif file in self._pids:
                self._attend(self._pids[file], file)

    def _accept(self) -> Child | None:
        connection, _ = self._listener.accept()
        connection.settimeout(_REQUEST_SECONDS)
        try:
            if wire.user_of(connection) != os.getuid():
                raise wire.WireClosed
            request, streams = wire.receive_request(connection)
        except (wire.WireClosed, OSError, ValueError, TypeError):
            connection.close()
            return None
        try:
            if not self._code.is_current:
                self._retire()
                wire.send_line(connection, {"again": True})
                connection.close()
                return None
            return self._fork(connection, request, streams)
        finally:
            for stream in streams:
                os.close(stream)

    def _fork(self, connection: socket.socket, request: wire.Request, streams: list[int]) -> Child | None:
        notes, for_notes = os.pipe()
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(notes)
            self._leave_to_server()
            return Child(
                request,
                streams=[os.dup(stream) for stream in streams],
                server=server,
                client=connection,
                notes=for_notes,
            )
        os.close(for_notes)
        connection.settimeout(None)
        self._runs[pid] = run = _Forked(os.pidfd_open(pid), connection, notes)
        # Of the connection only its end counts: what the client says is for the fork.
        hung_up = select.POLLHUP | select.POLLRDHUP
        for file, events in ((run.process, select.POLLIN), (run.notes, select.POLLIN), (connection.fileno(), hung_up)):
            self._pids[file] = pid
            self._poll.register(file, events)
        wire.send_line(connection, {"pid": pid})
        return None

    def _leave_to_server(self) -> None:
        """Close, in a fork, all that is the server's: a client sees its connection end with the server alone."""
        self._listener.close()
        for run in self._runs.values():
            run.close()
        self._runs.clear()

    def _attend(self, pid: int, file: int) -> None:
        run = self._runs[pid]
        if file == run.notes:
            note = os.read(file, _NOTE_BYTES)
            if note:
                self._on_note(note)
            else:
                self._forget(file)
        elif file == run.process:
            self._tell_end(pid, run)
        else:
            # The client says nothing to the server, so it has died: its run dies too.
            self._forget(file)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(run.process, signal.SIGKILL)

    def _tell_end(self, pid: int, run: _Forked) -> None:
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        wire.send_line(run.connection, {"code": code} if code >= 0 else {"signal": -code})
        del self._runs[pid]
        for file in [file for file, owner in self._pids.items() if owner == pid]:
            self._forget(file)
        run.close()

    def _forget(self, file: int) -> None:
        del self._pids[file]
        self._poll.unregister(file)

    def _retire(self) -> None:
        """Take no more clients; the next one finds nobody and starts another server."""
        if self._retired:
            return
        self._retired = True
        with place.locked(self._path):
            if place.number_of(f"{self._path}.socket") == self._own:
                os.unlink(f"{self._path}.socket")

    def _clean_up(self) -> None:
        """Take away the log, which nobody reads of a server that ends well, and the lock; not another server's."""
        with place.locked(self._path):
            if place.number_of(f"{self._path}.log") == os.fstat(1).st_ino:
                os.unlink(f"{self._path}.log")
            if place.number_of(f"{self._path}.socket") is None:
                os.unlink(f"{self._path}.lock")


def _opened(process: int | None) -> int | None:
    """A file descriptor that can be read from once the process has ended; None where nobody is meant, or is there."""
    if process is None:
        return None
    try:
        return os.pidfd_open(process)
    except ProcessLookupError:
        return None


def _stamps(files: Iterable[Path]) -> dict[Path, Stamp | None]:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
