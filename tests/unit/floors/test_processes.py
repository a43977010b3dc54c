from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from sweepyard.processes import descendants, end_all, spawn

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PARENT_OF_SLEEPER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""
ADOPTER = """
import subprocess, sys, time, psutil, os
from sweepyard.linux import adopt_orphans
from sweepyard.processes import descendants, end_all
adopt_orphans()
parent = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
grandchild = int(parent.stdout.readline())
parent.kill(); parent.wait(); parent.stdout.close()
assert [process.pid for process in descendants(os.getpid())] == [grandchild]
end_all(descendants(os.getpid()), grace_seconds=5)
print(psutil.pid_exists(grandchild))
"""
FAITHFUL = """
import os, sys, time
from sweepyard.linux import end_with_parent
end_with_parent(os.getppid())
print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_a_spawned_child_leads_its_own_session_and_has_no_input(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()), os.getcwd())"
    process = spawn([sys.executable, "-c", code], environ=os.environ, folder=tmp_path, stdout=subprocess.PIPE)
    output, _ = process.communicate()
    assert output.decode().split() == ["True", "''", str(tmp_path)]


def test_all_descendants_are_found_and_ended_even_stubborn_ones() -> None:
    process = spawn([sys.executable, "-c", STUBBORN], environ=os.environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    assert process.pid in {found.pid for found in descendants(os.getpid())}
    end_all([psutil.Process(process.pid)], grace_seconds=0.2)
    process.stdout.close()
    assert not psutil.pid_exists(process.pid)
    process.wait()


def test_a_process_that_is_gone_has_no_descendants() -> None:
    process = spawn([sys.executable, "-c", ""], environ=os.environ)
    process.wait()
    assert descendants(process.pid) == []


def test_orphans_are_adopted_and_ended() -> None:
    result = subprocess.run(
        [sys.executable, "-c", ADOPTER, PARENT_OF_SLEEPER], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


def test_a_faithful_child_ends_with_its_killed_parent() -> None:
    parent = spawn(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FAITHFUL!r}])"],
        environ=os.environ,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
