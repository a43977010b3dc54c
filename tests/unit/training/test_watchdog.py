"""A fit that hangs before its first step: it would hang again, so its process fails, with the reason."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

HANGS = """
import time
from sweepyard.clock import SystemClock
from sweepyard.training.watchdog import Watchdog

def tell(goes_on, why):
    print(f"goes on: {goes_on}; {why}", flush=True)
    if why:
        time.sleep(60)  # what hangs may hold what the last words need

import sweepyard.training.watchdog as module
module._LAST_WORDS_SECONDS = 0.5
with Watchdog(None, clock=SystemClock(), on_hang=tell):
    time.sleep(0.2)
with Watchdog(60.0, clock=SystemClock(), on_hang=tell):
    pass
with Watchdog(0.01, clock=SystemClock(), on_hang=tell) as watchdog:
    time.sleep(60)
"""


def test_it_says_where_it_hangs_and_fails_even_if_the_last_words_hang_too() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stdout == "goes on: False; no step for 0.01 minutes (trainer.hang_minutes)\n"
    assert "where it hangs:" in done.stderr
    assert "most recent call first" in done.stderr
