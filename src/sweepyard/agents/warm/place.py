"""Which fork server serves a process: one for each user, code, interpreter and environment that imports see."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# The pid of the process that a fork server is for, with which it ends; without it, it serves all that come.
OWNER_VARIABLE = "SWEEPYARD_WARM_OWNER"
IDLE_VARIABLE = "SWEEPYARD_WARM_IDLE"

# What is read while Keras, the backend, NumPy, the W&B client or Python itself are imported. CUDA's choice of devices
# is not among it: it counts when a run first uses a device.
_READ_AT_IMPORT = (
    "PYTHON",
    "KERAS_",
    "TF_",
    "XLA_",
    "JAX_",
    "LD_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "GOTO_",
    "MALLOC_",
    "GLIBC_TUNABLES",
    "LANG",
    "LC_",
    "WANDB_ERROR_REPORTING",
    "COVERAGE_",
)
_KERAS_DEFAULTS = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}
_IDLE_SECONDS = 120.0
_LONGEST_SOCKET_PATH = 107  # sockaddr_un of unix(7), less the closing zero


def path_of(environ: Mapping[str, str]) -> str:
    """Where the fork server's files are: its socket, its lock and its log, by their suffixes.

    Raises:
        OSError: There is no place for them.
    """
    return f"{folder_of_user(environ)}/{key_of(environ)}"


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock of a fork server's files; its own file may be removed meanwhile."""
    while True:
        with open(f"{path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Who waited for a file that was removed meanwhile holds nothing.
            if number_of(lock.name) == os.fstat(lock.fileno()).st_ino:
                yield
                return


def folder_of_user(environ: Mapping[str, str]) -> str:
    """The folder of this user's fork servers, made if need be and closed to everybody else.

    Raises:
        PermissionError: It is another's, or open to others.
        OSError: It cannot be made.
    """
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    folder = f"{runtime}/sweepyard" if os.path.isabs(runtime) and os.path.isdir(runtime) else _shared_folder()
    if len(folder) > _LONGEST_SOCKET_PATH - len("/0123456789abcdef.socket"):
        folder = _shared_folder()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} must be a folder that only its owner, user {os.getuid()}, can enter")
    return folder


def key_of(environ: Mapping[str, str]) -> str:
    """What a process has to have in common with a fork server, as 16 hexadecimal digits.

    A server of another control group would start runs outside of what a scheduler gave them; one of another
    niceness could not go back.
    """
    traits = {
        "interpreter": [sys.executable, sys.version, sys.prefix, sys.warnoptions],
        "code": os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
        "environment": {name: value for name, value in environ.items() if name.startswith(_READ_AT_IMPORT)},
        "keras": _keras_settings(f"{environ.get('KERAS_HOME') or os.path.expanduser('~/.keras')}/keras.json"),
        "group": _content("/proc/self/cgroup"),
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
        "groups": sorted(os.getgroups()),
        "owner": environ.get(OWNER_VARIABLE, ""),
    }
    return hashlib.sha256(json.dumps(traits, sort_keys=True).encode()).hexdigest()[:16]


def idle_seconds(environ: Mapping[str, str]) -> float:
    """How long a fork server waits without runs.

    Raises:
        ValueError: The setting is no number of seconds.
    """
    text = environ.get(IDLE_VARIABLE, "").strip()
    try:
        seconds = float(text or _IDLE_SECONDS)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{IDLE_VARIABLE} must be a number of seconds; received {text!r}")
    return seconds


def owner_of(environ: Mapping[str, str]) -> int | None:
    """The pid of the process that a fork server with this environment is for."""
    text = environ.get(OWNER_VARIABLE, "")
    return int(text) if text.isdecimal() else None


def _shared_folder() -> str:
    return f"/tmp/sweepyard-{os.getuid()}"  # noqa: S108 - it is made closed, and refused if it is not


def _keras_settings(path: str) -> dict[str, object]:
    """What Keras takes from its file; the first import of Keras by a user writes the defaults there."""
    try:
        found = json.loads(_content(path))
    except ValueError:
        found = {}
    return {**_KERAS_DEFAULTS, **found} if isinstance(found, dict) else {}


def number_of(path: str) -> int | None:
    """The file's own number on its disk; None where there is none."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
