"""Which addresses a command talks to, by strace: `python benchmarks/loopback.py -- sweepyard demo`.

Traces connect, sendto and sendmsg of the command and of everything it starts, prints how often each kind of
address was seen, and exits 1 if one of them is not loopback. Needs strace.
"""

from __future__ import annotations

import argparse
import collections
import ipaddress
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_INET = re.compile(r'sa_family=AF_INET6?,.*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')
_FAMILY = re.compile(r"sa_family=(AF_\w+)")


def main() -> int:
    """Trace the command and judge its addresses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="+", help="what to trace, behind --")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        parser.error("strace must be installed: make system-parts, or your system's package of that name")
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        calls = "trace=connect,sendto,sendmsg"
        # All other calls are not stopped at.
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "--signal=none", "-e", calls, "-o", str(trace)]
        command = [*strace, *options.command]
        code = subprocess.run(command, check=False).returncode
        seen = count(trace.read_text(encoding="utf-8", errors="replace").splitlines())
    outside = {address: times for address, times in seen.items() if not is_local(address)}
    for address, times in sorted(seen.items()):
        print(f"{times:8} {address}{'' if is_local(address) else '   NOT LOOPBACK'}")
    print(f"the command left with {code}; {len(outside)} addresses outside loopback")
    return 1 if outside or code else 0


def count(lines: list[str]) -> collections.Counter[str]:
    """How often each address was named by a call."""
    seen: collections.Counter[str] = collections.Counter()
    for line in lines:
        inet = _INET.search(line)
        family = _FAMILY.search(line)
        if inet is not None:
            seen[inet.group(1) or inet.group(2)] += 1
        elif family is not None:
            seen[family.group(1)] += 1
    return seen


def is_local(address: str) -> bool:
    """Whether an address cannot leave the machine."""
    if address.startswith("AF_"):
        return address in {"AF_UNIX", "AF_NETLINK", "AF_UNSPEC"}
    return ipaddress.ip_address(address).is_loopback


if __name__ == "__main__":
    sys.exit(main())
