"""Settings: the environment of the command line and the hub (never a run's config)."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

DEFAULT_ENTITY = "local"
DEFAULT_PROJECT = "sweepyard"

# URLs in which a password may stand.
SECRET_VARIABLES = ("SWEEPYARD_DATABASE", "SWEEPYARD_BLOBS", "SWEEPYARD_PREDICTIONS")

# conf/train.yaml takes its `output` from it, so that whoever starts runs says where their folders go.
OUTPUT_VARIABLE = "SWEEPYARD_OUTPUT"

# Set for runs that share a device with others: one that finds too little memory goes back to its queue.
SHARED_DEVICE_VARIABLE = "SWEEPYARD_SHARED_DEVICE"

# Set for runs that the server has go on, which it believes to have a checkpoint.
RESUMED_VARIABLE = "SWEEPYARD_RESUMED"

# Where the user was who started the agents: the checkout around it is what a run was made from, wherever it works.
CODE_VARIABLE = "SWEEPYARD_CODE"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Attributes:
        home: State of the hub: database, blobs, keys, locks, logs.
        cache: Downloaded data sets.
        offline: Whether downloads are forbidden (`SWEEPYARD_OFFLINE`).
        heartbeat_timeout_seconds: A run or agent silent for longer counts as crashed.
        blobs: The fsspec URL of the folder that the hub keeps its blobs in; None for a folder in the home.
        database: The URL of the hub's rows; None for a SQLite file in the home. It may hold a password.
        predictions: The same for the predictions database.
    """

    home: Path
    cache: Path
    offline: bool = False
    heartbeat_timeout_seconds: float = 60.0
    database: str | None = field(default=None, repr=False)
    blobs: str | None = field(default=None, repr=False)
    predictions: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read `SWEEPYARD_HOME`, `_CACHE`, `_OFFLINE`, `_HEARTBEAT_TIMEOUT`, `_DATABASE`, `_BLOBS`, `_PREDICTIONS`.

        `SWEEPYARD_WARM` is only looked at.

        Raises:
            ValueError: A value is not of its type; the message names the variable.
        """
        _flag(environ, "SWEEPYARD_WARM")  # What reads it must be light, and leaves it to this to refuse a wrong one.
        home = environ.get("SWEEPYARD_HOME") or platformdirs.user_data_dir("sweepyard", appauthor=False)
        cache = environ.get("SWEEPYARD_CACHE") or platformdirs.user_cache_dir("sweepyard", appauthor=False)
        return cls(
            home=Path(home).expanduser().absolute(),
            cache=Path(cache).expanduser().absolute(),
            offline=_flag(environ, "SWEEPYARD_OFFLINE"),
            heartbeat_timeout_seconds=_seconds(environ, "SWEEPYARD_HEARTBEAT_TIMEOUT", 60.0),
            database=environ.get("SWEEPYARD_DATABASE", "").strip() or None,
            blobs=environ.get("SWEEPYARD_BLOBS", "").strip() or None,
            predictions=environ.get("SWEEPYARD_PREDICTIONS", "").strip() or None,
        )


def own_command(environ: Mapping[str, str]) -> str:
    """How this program is called again from where it was called: with its home, and its path, where they matter."""
    beside = Path(sys.executable).parent  # not resolved: a virtual environment's interpreter is a link
    on_path = str(beside) in environ.get("PATH", "").split(os.pathsep)
    here, program = Path.cwd(), beside / "sweepyard"
    path = program.relative_to(here) if program.is_relative_to(here) else program
    home = environ.get("SWEEPYARD_HOME")
    return (f"SWEEPYARD_HOME={shlex.quote(home)} " if home else "") + (
        "sweepyard" if on_path else shlex.quote(str(path))
    )


def own_command_at(home: Path, environ: Mapping[str, str]) -> str:
    """`own_command` for a home that may be another than the environment's."""
    elsewhere = home != Settings.from_environment(environ).home
    return own_command({**environ, "SWEEPYARD_HOME": str(home)} if elsewhere else environ)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").strip().lower()
    if text in {"", "0", "false", "no", "off"}:
        return False
    if text in {"1", "true", "yes", "on"}:
        return True
    raise ValueError(f"{name} must be 1 or 0; received {text!r}")


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be a positive number of seconds; received {text!r}")
    return value
