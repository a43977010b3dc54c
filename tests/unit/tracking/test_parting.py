"""A process that has only read ends, whatever its client's service does."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

READS = """
import os, signal, wandb
from sweepyard.tracking.parting import only_reading

with only_reading():
    service = wandb.setup().ensure_service()
    pid = service._proc._process.pid
print(pid, flush=True)
if {stops}:
    os.kill(pid, signal.SIGSTOP)
"""


def ended(*, stops: bool) -> int:
    done = subprocess.run(
        [sys.executable, "-c", READS.format(stops=stops)], capture_output=True, text=True, timeout=90, check=True
    )
    assert done.stderr == ""
    return int(done.stdout)


@pytest.mark.parametrize("stops", [True, False])
def test_the_service_ends_with_the_process_even_if_it_hears_nothing(stops: bool) -> None:
    assert not psutil.pid_exists(ended(stops=stops))
