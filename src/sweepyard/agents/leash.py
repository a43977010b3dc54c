"""Becomes another program that ends when its starter does: `python -m sweepyard.agents.leash PID COMMAND...`."""

from __future__ import annotations

import os
import sys

from sweepyard.linux import end_with_parent

_NOT_STARTED, _NOT_FOUND = 126, 127  # as a shell leaves


def leash() -> list[str]:
    """The words before a command line that have it end with this process, however this process ends."""
    return [sys.executable, "-P", "-m", "sweepyard.agents.leash", str(os.getpid())]


def main(arguments: list[str]) -> None:
    """Tie this process to the parent `arguments[0]` and become the command behind it."""
    parent, command = int(arguments[0]), arguments[1:]
    end_with_parent(parent)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command comes from this package, without a shell
    except FileNotFoundError:
        print(f"error: `{command[0]}` was not found. Install it, or name it by its path", file=sys.stderr)
        sys.exit(_NOT_FOUND)
    except OSError as error:
        print(f"error: `{command[0]}` cannot be started: {error.strerror}", file=sys.stderr)
        sys.exit(_NOT_STARTED)


if __name__ == "__main__":
    main(sys.argv[1:])
