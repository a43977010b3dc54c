"""The entry point of the command line; standard library alone until a command is chosen."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line of this process and exit with its code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["train"]:
        # Agents start this command for every run: a fork server may have all that it needs in memory.
        from sweepyard.agents.warm import client

        if client.is_wanted(arguments[1:], os.environ):
            code = client.run(arguments[1:], os.environ)
            if code is not None:
                sys.exit(code)
    from sweepyard.cli.door import enter

    sys.exit(enter(arguments))


if __name__ == "__main__":
    main()
