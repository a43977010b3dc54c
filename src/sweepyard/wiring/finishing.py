"""The end of a tracked run: waiting until its server has everything, with a word when that takes long, and a way out.

The client would wait for ten minutes without one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sweepyard.errors import Preempted
from sweepyard.signals import handled_by

if TYPE_CHECKING:
    from sweepyard.training.stopping import StopSignal

_FIRST_WORD_SECONDS = 20.0
_LATER_WORDS_SECONDS = 60.0
_LEAVE_SECONDS = 10.0  # after SIGTERM, less than schedulers give before SIGKILL
_FULL_BYTES = 16 * 2**20


@contextmanager
def bounded_wait(url: str | None, home: Path | None, again: str | None = None) -> Iterator[None]:
    """Within the block, which waits for the server: Ctrl-C leaves at once, SIGTERM within ten seconds.

    Args:
        url: Of the run; None where nothing is waited for.
        home: Of the hub that has the run, if it is on this machine: a full disk there is the likeliest reason to wait.
        again: The command that goes on with the run; None where that is an agent's affair.
    """
    if url is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()

    def leave_soon(_number: int, _frame: FrameType | None) -> None:
        print(f"leaving within {_LEAVE_SECONDS:g} s, whatever the server has by then", file=sys.stderr, flush=True)
        threading.Thread(target=_interrupt_unless, args=(over, _LEAVE_SECONDS), daemon=True).start()

    threading.Thread(target=_speak_until, args=(over, url, home), daemon=True).start()
    try:
        with handled_by(signal.default_int_handler, signal.SIGINT), handled_by(leave_soon, signal.SIGTERM):
            yield
    except KeyboardInterrupt:
        then = f"; go on with: {again}" if again else ""
        print(f"left before the server had the whole run; what it lacks is on disk{then}", file=sys.stderr, flush=True)
        raise
    finally:
        over.set()


@contextmanager
def told_for(run: Path, stop: StopSignal, environ: Mapping[str, str]) -> Iterator[None]:
    """Within the block, in which an agent's run is trained: its client's service may end before it.

    Whoever ends the run may end all processes at once, and a host that is short of memory kills which it likes.

    Args:
        run: Its folder.

    Raises:
        Preempted: That happened; the server was told, and the run goes back to its queue.
        TrackingError: That happened, and the server could not be told.
    """
    try:
        yield
    except Exception as error:
        if not environ.get("WANDB_SWEEP_ID"):
            raise
        from sweepyard.tracking.leaving import SERVICE_LOST, service_has_ended, tell_preempted

        if not isinstance(error, SERVICE_LOST) or not (stop.is_set or service_has_ended()):
            raise
        tell_preempted(environ, run)
        raise Preempted(
            "the W&B client's service ended before the run did; another process told the server, and the run goes back "
            "to its queue"
        ) from error


def _interrupt_unless(over: threading.Event, seconds: float) -> None:
    if not over.wait(seconds):
        os.kill(os.getpid(), signal.SIGINT)


def _speak_until(over: threading.Event, url: str, home: Path | None) -> None:
    waited = _FIRST_WORD_SECONDS
    while not over.wait(_FIRST_WORD_SECONDS if waited == _FIRST_WORD_SECONDS else _LATER_WORDS_SECONDS):
        print(_word(waited, url, home), file=sys.stderr, flush=True)
        waited += _LATER_WORDS_SECONDS


def _word(seconds: float, url: str, home: Path | None) -> str:
    told = f"still waiting, after {seconds:g} s, for the server to take the rest of {url}"
    if home is not None and home.is_dir() and shutil.disk_usage(home).free < _FULL_BYTES:
        return f"{told}: the disk of the hub is full. Free space at {home}, and it goes on by itself"
    return f"{told}; Ctrl-C leaves, and nothing is lost: what it lacks is on disk"
