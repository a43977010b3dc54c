"""The unmodified W&B client in processes of its own that need not import it first.

Importing the client takes two seconds of processor time, far more than most scripts do with it. So one process of a
session of tests imports it, runs nothing of it, and forks for each program, with the means of warm starts
(sweepyard.agents.warm): the fork has the arguments, environment, folder, streams and signals of the process that was
started for the program, and that one leaves as the program leaves. `python` and `wandb` in this folder are those
processes; what they do not know, and all outside of a session of tests, they leave to Python itself.

Of the environment the client reads nothing while it is imported but WANDB_INSECURE_DISABLE_SSL, which no test sets.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# The pid of the process with which the session of tests ends.
SESSION_VARIABLE = "TESTS_SESSION"


def python(*arguments: str) -> list[str]:
    """The command for what `python` is told: `-c SCRIPT ...`, `FILE ...` or `-P -m MODULE ...`."""
    return [sys.executable, str(FOLDER / "starting.py"), "python", *arguments]
