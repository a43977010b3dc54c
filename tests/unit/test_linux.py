"""Code that is let go of is there again when it is used; where the kernel is not Linux's, nothing happens."""

from __future__ import annotations

import subprocess
import sys

COUNTING = """
import re, sys
import numpy as np
from sweepyard.linux import release_code

def resident():
    if sys.platform != "linux":
        return 0
    text = open("/proc/self/smaps").read()
    return sum(int(size) for size in re.findall(r"r-xp[^\\n]*/.*?\\nRss: +(\\d+)", text, re.S))

before = np.linalg.inv(np.eye(200) * 2).sum()
held = resident()
release_code()
released = resident()
after = np.linalg.inv(np.eye(200) * 2).sum()
print(held, released, before == after == 100.0)
"""


def test_released_code_is_gone_from_memory_and_works() -> None:
    done = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True)
    held, released, same = done.stdout.split()
    assert same == "True"
    assert int(released) <= int(held) / 2
