"""Which version of the user's code a run was made from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sweepyard.jsonvalue import JsonObject

_TIMEOUT_SECONDS = 10.0


def code_version(folder: Path) -> JsonObject | None:
    """The commit of the checkout around `folder`, and whether tracked files differ from it; None outside of one."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    # Without optional locks: looking must not get in the way of a `git` of the user's.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
