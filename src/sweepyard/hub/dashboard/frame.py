"""What all pages share: a title, where they stand, and whether they follow what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere, and what stands beside it."""

    text: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """Where a page hears that what it shows has changed.

    Attributes:
        events_url: The stream of marks.
        mark: The one that the page was made at.
    """

    events_url: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the layout shows.

    Attributes:
        template: The file in `templates/` that draws the page.
        username: Who has logged in; empty for nobody.
        trail: The pages above this one, the outermost first.
        live: None for a page that stays as it is.
    """

    template: ClassVar[str]
    title: str
    username: str = ""
    trail: tuple[Link, ...] = ()
    live: Live | None = None
