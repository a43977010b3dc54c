"""Starting a process of Sweepyard that belongs to nobody, and hearing from it once it is ready."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sweepyard.errors import HubError, HubUnreachable, SweepyardError
from sweepyard.hub.places import HubAddress, HubPlaces
from sweepyard.settings import Settings

_PAUSE_SECONDS = 0.05
_LOG_LIMIT_BYTES = 4 << 20
_LOG_TAIL_LINES = 3


def start(arguments: Sequence[str], settings: Settings, *, deadline: float) -> HubAddress:
    """Start `sweepyard ARGUMENTS... DESCRIPTOR` and wait for the hub's address on that descriptor.

    The process must call `detach` before anything else, and `answer` when it is ready.

    Args:
        deadline: On the clock of `time.monotonic`.

    Raises:
        HubError: It ended, or reported an error, instead of answering.
        HubUnreachable: It did not answer in time.
    """
    places = HubPlaces(settings.home)
    places.make_home()
    reading, writing = os.pipe()
    try:
        try:
            _launch([*arguments, str(writing)], settings, places.log_file, writing)
        finally:
            os.close(writing)
        os.set_blocking(reading, False)
        return _read_answer(reading, places.log_file, deadline)
    finally:
        os.close(reading)


def detach() -> None:
    """Leave the starter: go on in a child that belongs to nobody. Call it before any thread exists."""
    if os.fork():
        os._exit(0)


def answer(descriptor: int, reply: HubAddress | SweepyardError) -> None:
    """Tell the starter, which may be gone by now, where the hub answers or why it does not."""
    fields = asdict(reply) if isinstance(reply, HubAddress) else {"error": str(reply)}
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(json.dumps(fields).encode() + b"\n")


def _launch(arguments: Sequence[str], settings: Settings, log_file: Path, answer_to: int) -> None:
    # Its environment is the user's without the W&B variables: a hub is nobody's client.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environ["SWEEPYARD_HOME"] = str(settings.home)
    with log_file.open("ab") as log:
        if log.tell() > _LOG_LIMIT_BYTES:
            log.truncate(0)
        subprocess.run(
            [sys.executable, "-P", "-m", "sweepyard", *arguments],
            env=environ,
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(answer_to,),
            start_new_session=True,
            check=False,
        )


def _read_answer(descriptor: int, log_file: Path, deadline: float) -> HubAddress:
    text = b""
    while not text.endswith(b"\n"):
        try:
            block = os.read(descriptor, 65536)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HubUnreachable(f"the hub does not come up; its log is {log_file}") from None
            time.sleep(_PAUSE_SECONDS)
            continue
        if not block:
            raise HubError(f"the hub ended while starting: {_log_tail(log_file)} (log: {log_file})")
        text += block
    fields = json.loads(text)
    if "error" in fields:
        raise HubError(str(fields["error"]))
    return HubAddress(url=fields["url"], pid=fields["pid"], mode=fields["mode"])


def _log_tail(path: Path) -> str:
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-_LOG_TAIL_LINES:]) or "it said nothing"
