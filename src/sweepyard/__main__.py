"""The entry point of the command line; standard library alone until a command is chosen."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process and exit with its code."""
    from sweepyard.cli.door import enter

    sys.exit(enter(sys.argv[1:]))


if __name__ == "__main__":
    main()
