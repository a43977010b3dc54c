"""One hub a home: joined by whoever needs it, started on demand, stopped by the last one out.

The hub is a detached process of its own. Its life hangs on kernel locks, never on counters, so a user that
is killed leaves nothing behind: each user holds `users.lock` shared; an embedded hub tries every half
second to take it exclusively and closes when it gets it, holding it until it is gone, so that a late comer
waits and then starts the next one. A hub that somebody started with `sweepyard hub serve` is joined all the
same, but never stops that way. Nothing here needs the `hub` extra.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sweepyard.errors import HubAlreadyRunning, HubUnreachable
from sweepyard.files import FileLock
from sweepyard.hub import detached
from sweepyard.hub.places import HubAddress, HubPlaces
from sweepyard.settings import Settings, own_command, own_command_at
from sweepyard.web.listening import DEFAULT_HOST, DEFAULT_PORT

PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


@contextmanager
def join(settings: Settings, *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[HubAddress]:
    """The running hub of this home, or a new one that lives until its last user has left.

    Raises:
        InvalidInput: The home is no folder that can be written.
        HubUnreachable: A hub is there but does not come up, or does not go away, in time.
        HubError: A new hub could not start; the message carries its reason.
    """
    places = HubPlaces(settings.home)
    places.make_home()
    deadline = time.monotonic() + patience_seconds
    users = FileLock(places.users_lock)
    _acquire(users, deadline, "the previous hub to close", shared=True)
    try:
        with _start_lock(places, deadline):
            address = _await_running(places, deadline) or detached.start(
                ["hub", "serve", "--port", "0", "--detach-and-answer"], settings, deadline=deadline
            )
        yield address
    finally:
        users.release()


def status(settings: Settings, *, patience_seconds: float = PATIENCE_SECONDS) -> HubAddress | None:
    """The running hub of this home; None when there is none. Starts nothing, creates nothing.

    Raises:
        HubUnreachable: A hub holds this home, but does not come up in time.
    """
    places = HubPlaces(settings.home)
    if not places.home.is_dir():
        return None
    deadline = time.monotonic() + patience_seconds
    with _start_lock(places, deadline):
        return _await_running(places, deadline)


def stop(settings: Settings, *, patience_seconds: float = PATIENCE_SECONDS) -> HubAddress | None:
    """End this home's hub, whoever uses it, and wait until it is gone; gives where it was, None without one.

    Raises:
        HubUnreachable: It does not come up, or does not go away, in time.
    """
    places = HubPlaces(settings.home)
    address = status(settings, patience_seconds=patience_seconds)
    if address is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(address.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_seconds
    gone = FileLock(places.hub_lock)
    _acquire(gone, deadline, "the hub to close", shared=True)
    gone.release()
    return address


def page_hint(url: str | None, settings: Settings) -> str:
    """What to know of a page of this home's embedded hub, which will soon be gone; empty for any other page.

    Call it while the hub runs.
    """
    address = HubPlaces(settings.home).read_address()
    if url is None or address is None or address.mode != "embedded" or not url.startswith(f"{address.url}/"):
        return ""
    later = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}{url.removeprefix(address.url)}"
    return f"its hub ends with its last user; `{own_command(os.environ)} hub serve` brings the page back, at {later}"


def closes_within(settings: Settings, seconds: float) -> bool:
    """Whether this home's hub is gone after at most so many seconds; it is not if others use it."""
    deadline = time.monotonic() + seconds
    while status(settings) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


@contextmanager
def kept_closed(settings: Settings, *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Keep this home without a hub for as long as the block runs.

    Raises:
        InvalidInput: The home is no folder that can be written.
        HubAlreadyRunning: A hub serves it, or starts.
        HubUnreachable: Another process that starts the hub does not come to an end.
    """
    places = HubPlaces(settings.home)
    places.make_home()
    with _start_lock(places, time.monotonic() + patience_seconds):
        lock = FileLock(places.hub_lock)
        if not lock.acquire(blocking=False):
            address = places.read_address()
            where = f" at {address.url} (process {address.pid})" if address else ""
            stop = f"{own_command_at(places.home, os.environ)} hub stop"
            raise HubAlreadyRunning(f"a hub serves {places.home}{where}; stop it first, with `{stop}`")
        try:
            yield
        finally:
            lock.release()


def is_held(places: HubPlaces) -> bool:
    """Whether some process is the hub of this home, ready or not. The caller holds `start_lock`."""
    probe = FileLock(places.hub_lock)
    if not probe.acquire(shared=True, blocking=False):
        return True
    probe.release()
    return False


@contextmanager
def _start_lock(places: HubPlaces, deadline: float) -> Iterator[None]:
    lock = FileLock(places.start_lock)
    _acquire(lock, deadline, "another process that starts the hub")
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, deadline: float, what: str, *, shared: bool = False) -> None:
    while not lock.acquire(shared=shared, blocking=False):
        if time.monotonic() > deadline:
            raise HubUnreachable(f"waited too long for {what}; try again, or end the process that holds this home")
        time.sleep(_PAUSE_SECONDS)


def _await_running(places: HubPlaces, deadline: float) -> HubAddress | None:
    while is_held(places):
        address = places.read_address()
        # A hub removes its predecessor's address as soon as it has the lock; in the instant before,
        # the file names a process that is gone.
        if address is not None and _is_alive(address.pid):
            return address
        if time.monotonic() > deadline:
            raise HubUnreachable(f"a hub holds {places.home} but does not answer; its log is {places.log_file}")
        time.sleep(_PAUSE_SECONDS)
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
