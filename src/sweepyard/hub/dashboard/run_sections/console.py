"""What a run's process printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.run import Run, RunPath
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.run_sections.section import Section
from sweepyard.services.bundle import Services
from sweepyard.services.history import ConsoleLine

SIZES = (200, 1_000, 5_000)
_LONGEST = 10_000
# Colours and cursor movements of terminals; other control characters but tabs.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line, by its number from 1 on."""

    number: int
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Console(Section):
    """The last lines that a run printed, or the last of those that contain a text.

    Attributes:
        total: How many lines there are.
        found: How many of them contain the text; `total` without one.
    """

    template: ClassVar[str] = "run_console.html"
    scripts: ClassVar[tuple[str, ...]] = ("console.js",)
    path: str
    search: str
    size: int
    sizes: tuple[int, ...]
    lines: tuple[PrintedLine, ...]
    total: int
    found: int
    download_url: str


def console(services: Services, run: Run, asked: QueryParams) -> Console:
    """The last lines; of those that contain `search`, in large or small letters, where that is given."""
    search = asked.get("search", "").strip()
    wanted = asked.get("lines", "")
    size = next((size for size in SIZES if wanted == str(size)), SIZES[0])
    if search:
        matching = services.history.console_with(run.path, search, last=size)
        lines, found, total = matching.lines, matching.found, matching.total
    else:
        page = services.history.console(run.path, last=size)
        lines, found, total = page.items, page.total, page.total
    return Console(
        path=urls.run_section_url(run.path, "console"),
        search=search,
        size=size,
        sizes=SIZES,
        lines=tuple(PrintedLine(line.number + 1, printed(line.text), line.level == "error") for line in lines),
        total=total,
        found=found,
        download_url=urls.console_url(run.path),
    )


def printed(text: str) -> str:
    """A line as it stood in the terminal at last: without escapes, and of what was printed over, the last."""
    last = next((part for part in reversed(text.split("\r")) if part), "")
    return _ESCAPES.sub("", last[:_LONGEST])


def all_lines(services: Services, path: RunPath) -> Iterator[tuple[ConsoleLine, ...]]:
    """The console's lines, from the first on, in pieces."""
    after = None
    while True:
        page = services.history.console(path, after=after)
        yield page.items
        if not page.has_next:
            return
        after = page.end_cursor
