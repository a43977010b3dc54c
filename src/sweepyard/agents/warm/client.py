"""The thin client: asks the fork server for a run, and stands for it until it ends."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from sweepyard import exitcodes
from sweepyard.agents.warm import place, wire
from sweepyard.signals import handled_by

if TYPE_CHECKING:
    from subprocess import Popen

SWITCH_VARIABLE = "SWEEPYARD_WARM"
SERVER_MODULE = "sweepyard.cli.forkserver"

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_ANSWER_SECONDS = 120.0  # The first client of a server waits for its imports: 5 to 10 s, and more on a busy machine.
_END_SECONDS = 10.0
# What belongs to one run must not get into the process that all are forked from.
_OF_ONE_RUN = ("WANDB_", "SWEEPYARD_")
_KEPT = ("WANDB_ERROR_REPORTING", place.IDLE_VARIABLE, place.OWNER_VARIABLE)
_YES = frozenset({"1", "true", "yes", "on"})


class Unserved(Exception):
    """There is no warm start; the reason, which is empty where the user wants none."""


def is_wanted(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether this run is to be forked: runs of agents are, unless the user says otherwise.

    What is neither yes nor no is refused by the settings, which a run that starts cold reads at once.
    """
    switch = environ.get(SWITCH_VARIABLE, "").strip().lower()
    if sys.platform != "linux" or switch not in {"", *_YES} or sys.flags.isolated or sys.flags.optimize:
        return False
    if environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow" or "warm=false" in arguments:
        return False
    if any(argument in {"-h", "--help", "--cfg", "-m", "--multirun"} for argument in arguments):
        return False
    return bool(environ.get("WANDB_SWEEP_ID") or switch)


def run(arguments: Sequence[str], environ: Mapping[str, str], *, server: str = SERVER_MODULE) -> int | None:
    """Have the run forked and wait for its end.

    Args:
        server: The module to start where no fork server listens.

    Returns:
        Its exit code; None when it must start cold, after saying why where that is a surprise. A run that was ended
        by a signal ends this process in the same way.
    """
    try:
        return _Run(arguments, environ, server).wait()
    except Unserved as error:
        reason = str(error)
    except OSError as error:
        reason = f"the fork server cannot be reached: {error}"
    if reason:
        print(f"starting cold: {reason}", file=sys.stderr, flush=True)
    return None


class _Run:
    """One run and the connection that it hangs on."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], server: str) -> None:
        self._agent = os.getppid()
        self._by_agent = bool(environ.get("WANDB_SWEEP_ID"))
        self._stopped: int | None = None
        self._process = -1
        self._connection = self._begin(wire.request_of(arguments, environ), environ, server)

    def _begin(self, request: wire.Request, environ: Mapping[str, str], server: str) -> socket.socket:
        """Until a fork waits for `GO`; a server that leaves meanwhile is replaced once."""
        for attempt in range(2):
            connection = connect(environ, server=server)
            try:
                wire.send_request(connection, request, (0, 1, 2))
                connection.settimeout(_ANSWER_SECONDS)
                answer = wire.receive_line(connection)
            except (wire.WireClosed, BrokenPipeError, ConnectionResetError) as error:
                connection.close()
                if attempt:
                    log = f"{place.path_of(environ)}.log"
                    raise Unserved(f"the fork server ended before it forked; {log} says why") from error
                continue
            except TimeoutError as error:
                connection.close()
                raise Unserved(f"the fork server did not answer within {_ANSWER_SECONDS:g} s") from error
            if "pid" in answer:
                connection.settimeout(None)
                self._process = os.pidfd_open(answer["pid"])
                return connection
            connection.close()
            if not answer.get("again"):
                raise Unserved(answer.get("cold", "the fork server refused"))
        raise Unserved("the fork server's code changed twice while it was asked")

    def wait(self) -> int:
        """Let the run begin, pass signals on, and leave as it leaves."""
        # What is ignored, as SIGHUP is under nohup, stays so.
        heeded = [number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
        with handled_by(self._pass_on, *heeded), handled_by(self._pause, signal.SIGTSTP):
            return self._stand_for_it()

    def _stand_for_it(self) -> int:
        self._connection.sendall(wire.GO)
        if self._by_agent:
            from sweepyard.linux import end_with_parent

            end_with_parent(self._agent)
        try:
            self._watch()
            end = wire.receive_line(self._connection)
        except wire.WireClosed:
            return self._after_the_server()
        if "cold" in end:
            raise Unserved(end["cold"])
        if "signal" in end:
            _die_of(end["signal"])
        return int(end["code"])

    def _watch(self) -> None:
        """Until the server says something; an agent that dies leaves no run behind for long."""
        from sweepyard.linux import ORPHAN_GRACE_SECONDS, PARENT_LOOK_SECONDS

        deadline = None
        while not select.select([self._connection], [], [], PARENT_LOOK_SECONDS)[0]:
            if not self._by_agent or os.getppid() == self._agent:
                continue
            # The kernel has sent SIGTERM, so the run saves a checkpoint; waiting on for a server that has gone
            # with the agent would keep it for minutes.
            deadline = deadline or time.monotonic() + ORPHAN_GRACE_SECONDS
            if time.monotonic() > deadline:
                self._send(signal.SIGKILL)
                sys.exit(exitcodes.PREEMPTED)

    def _after_the_server(self) -> int:
        """The kernel ends a fork whose server has died: then the run goes on here, from its last checkpoint."""
        if not select.select([self._process], [], [], _END_SECONDS)[0]:
            self._send(signal.SIGKILL)
            select.select([self._process], [], [])
        if self._stopped is not None:
            return 128 + self._stopped
        raise Unserved("the fork server died, and the run with it; it goes on from its last checkpoint")

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self._stopped = number
        self._send(number)

    def _pause(self, _number: int, _frame: FrameType | None) -> None:
        self._send(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self._process, number)
        except ProcessLookupError:
            return  # It has ended; the server is about to say how.


def connect(
    environ: Mapping[str, str],
    *,
    server: str = SERVER_MODULE,
    on_start: Callable[[Popen[bytes]], None] = lambda _process: None,
) -> socket.socket:
    """Connect to the fork server of processes with this environment, started if there is none.

    Args:
        server: The module to start.
        on_start: Told the process that was started.

    Raises:
        Unserved: The server is another user's, or left at once, or a setting of its is wrong.
        OSError: There is no place for its socket.
    """
    try:
        place.idle_seconds(environ)
    except ValueError as error:
        raise Unserved(str(error)) from error
    path = place.path_of(environ)
    connection = _connected(path)
    if connection is None:
        with place.locked(path):
            connection = _connected(path)
            if connection is None:
                on_start(_start_server(path, environ, server))
                connection = _connected(path)
    if connection is None:
        raise Unserved("the fork server's socket closed at once")
    if wire.user_of(connection) != os.getuid():
        raise Unserved("the fork server is another user's")
    return connection


def _connected(path: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"{path}.socket")
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _start_server(path: str, environ: Mapping[str, str], module: str) -> Popen[bytes]:
    """Listen in the server's name, so that whoever comes before it is ready waits in line."""
    import subprocess

    # A server that leaves may still have its own of them open.
    for file in (f"{path}.socket", f"{path}.log"):
        if os.path.lexists(file):
            os.unlink(file)
    with socket.socket(socket.AF_UNIX) as listener, open(f"{path}.log", "wb") as log:
        listener.bind(f"{path}.socket")
        listener.listen(128)
        options = [f"-W{option}" for option in sys.warnoptions]
        return subprocess.Popen(
            [sys.executable, "-P", *options, "-m", module, path, str(listener.fileno())],
            env={name: value for name, value in environ.items() if not name.startswith(_OF_ONE_RUN) or name in _KEPT},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(listener.fileno(),),
        )


def _die_of(number: int) -> None:
    """End by that signal, without another memory image than the run's."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
