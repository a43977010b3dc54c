"""Draws docs/demo.svg from a real `sweepyard demo`: `make picture`, or give a saved output on standard input."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

_PROGRESS = re.compile(r"^\d+ of \d+ done")
_SHOWN = 3  # Of the lines of progress, the first and the last ones.


def main() -> None:
    """Run the demo in a home of its own, and draw what it printed."""
    if sys.stdin.isatty() or not (text := sys.stdin.read()):
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "SWEEPYARD_HOME": home}
            command = [sys.executable, "-m", "sweepyard", "demo"]
            text = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
            text = text.replace(home, "~/.local/share/sweepyard")
    console = Console(record=True, width=112, file=io.StringIO())
    for line in ["$ make demo", *abridged(text.splitlines())]:
        # Renderers of SVG drop leading spaces, but not those that do not break.
        indent = len(line) - len(line.lstrip(" "))
        console.print(Text("\N{NO-BREAK SPACE}" * indent + line[indent:]), soft_wrap=False)
    # Without a font's address: the picture asks nobody for anything.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="Sweepyard"), flags=re.DOTALL)
    Path(__file__).with_name("demo.svg").write_text(drawn, encoding="utf-8")


def abridged(lines: list[str]) -> list[str]:
    """The lines, with the middle of the progress left out."""
    progress = [number for number, line in enumerate(lines) if _PROGRESS.match(line)]
    left_out = set(progress[_SHOWN:-_SHOWN])
    kept = [(number, line) for number, line in enumerate(lines) if number not in left_out]
    gap = progress[-_SHOWN] if left_out else -1
    return [part for number, line in kept for part in ((["..."] if number == gap else []) + [line])]


if __name__ == "__main__":
    main()
