"""What a server logs: a line an event, with its time and level, for whoever looks at midnight."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from typing import IO

_LONGEST = 2000


def log_to(stream: IO[str] = sys.stderr) -> None:
    """Let every logger of this process write to `stream`; nothing else is changed."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("sweepyard").setLevel(logging.INFO)


class OneLine(logging.Formatter):
    """`2026-05-01 23:59:01.123+02:00 WARNING hub.app: run ... fell silent`; a traceback follows, indented.

    What a client sent may stand in a message: line ends and control characters in it are written as escapes, so that
    nobody can forge a line, and what is endless is cut.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().isoformat(sep=" ", timespec="milliseconds")
        message = record.getMessage()
        if len(message) > _LONGEST:
            message = f"{message[:_LONGEST]}… ({len(message)} characters)"
        line = f"{moment} {record.levelname:7} {record.name.removeprefix('sweepyard.')}: {_printable(message)}"
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line += "".join(f"\n    {_printable(part)}" for part in trace.splitlines())
        return line


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
