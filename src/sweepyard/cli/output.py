"""Printing for people and for programs; rich is imported only where a table is drawn."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweepyard.errors import InvalidInput, Violation
from sweepyard.files import write_atomically
from sweepyard.jsonvalue import JsonValue, dumps, strict

_SMALL = 0.01
_WIDE = 10_000  # a table is only as wide as it needs to be, and nobody folds a file


def print_json(value: JsonValue) -> None:
    """Print one JSON document; NaN and infinities as strings."""
    print(json.dumps(strict(value), indent=2, ensure_ascii=False))


def write_text(file: Path, text: str) -> None:
    """Write a file of the user's, whole or not at all.

    Raises:
        InvalidInput: It cannot be written.
    """
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file of the user's, whole or not at all.

    Raises:
        InvalidInput: It cannot be written.
    """
    try:
        write_atomically(file, content)
    except OSError as error:
        violation = Violation("a file must be writable", error.strerror or str(error), where=str(file))
        raise InvalidInput([violation]) from error


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table as wide as it needs to be; plain text where the output is no terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table: Any = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("\n".join(map(printable, cell.split("\n")))) for cell in row))
    if sys.stdout.isatty():
        Console(file=sys.stdout).print(table)
        return
    text = io.StringIO()
    Console(file=text, width=_WIDE, color_system=None).print(table)
    print("\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n")))


def printable(text: str) -> str:
    """A text that changes nothing but the line it stands on: whatever else a terminal would obey is replaced."""
    return text if text.isprintable() else "".join(mark if mark.isprintable() else "�" for mark in text)


def number(value: object) -> str:
    """A number with four digits behind the point, or three significant ones if it is small; a dash for None."""
    if isinstance(value, bool) or value is None:
        return "-" if value is None else str(value).lower()
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4f}" if value == 0 or abs(value) >= _SMALL else f"{value:.3g}"


def counted(count: int, noun: str) -> str:
    """So many of them: 1 image, 2 images."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def value_text(value: JsonValue) -> str:
    """A text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else dumps(value)


def duration(seconds: float) -> str:
    """A duration for people: 42 s, 3 min 05 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
