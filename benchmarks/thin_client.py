"""How soon a run asks for its fork: `python benchmarks/thin_client.py [--starts 40]`.

From the start of `sweepyard train`, as an agent starts it, until the first byte of its request reaches the socket of
its fork server, which this script has taken. Beside it, in turns, a Python that does nothing. Prints milliseconds.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from sweepyard.agents.warm import place

ASKS = (sys.executable, "-P", "-m", "sweepyard", "train", "model=mlp")
BARE = (sys.executable, "-P", "-c", "pass")


def main() -> int:
    """Measure, and print medians with the least and the greatest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=40, help="how many of each, after one that does not count (40)")
    options = parser.parse_args()
    asked: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        environ = {**os.environ, "XDG_RUNTIME_DIR": runtime, "WANDB_SWEEP_ID": "none", "SWEEPYARD_WARM": "1"}
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{place.folder_of_user(environ)}/{place.key_of(environ)}.socket")
            listener.listen()
            for _ in range(1 + options.starts):
                asked.append(first_byte(listener, environ))
                began = time.perf_counter()
                subprocess.run(BARE, env=environ, check=True)
                bare.append(time.perf_counter() - began)
    print(f"first byte of the request  {told(asked[1:])}")
    print(f"a Python that does nothing {told(bare[1:])}")
    return 0


def first_byte(listener: socket.socket, environ: Mapping[str, str]) -> float:
    """Seconds from the start of a client, which is ended then, to the first byte that it sends."""
    began = time.perf_counter()
    with subprocess.Popen(ASKS, env=environ, stdin=subprocess.DEVNULL) as client:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            seconds = time.perf_counter() - began
            client.kill()
    return seconds


def told(seconds: list[float]) -> str:
    """Milliseconds: the median, and from the least to the greatest."""
    return f"{1000 * statistics.median(seconds):.0f} ms ({1000 * min(seconds):.0f} to {1000 * max(seconds):.0f})"


if __name__ == "__main__":
    sys.exit(main())
