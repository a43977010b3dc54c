"""Shapes on a picture: places in CSS pixels from its upper left corner, colours by their names in tokens.css."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]

INK, FAINT, LINE, EDGE, ACCENT, BAD = "ink", "faint", "line", "edge", "accent", "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line through points.

    Attributes:
        colour: A token's name, or #rrggbb.
    """

    points: tuple[Point, ...]
    colour: str
    width: float = 1.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What points surround."""

    points: tuple[Point, ...]
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A run, or whatever else has one place."""

    at: Point
    colour: str
    radius: float = 3.0
    opacity: float = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text in one line.

    Attributes:
        side: Which end of it stands at the place: start, middle or end.
        apart: Whether it keeps its ground clear of what lies below it.
    """

    at: Point
    text: str
    colour: str = FAINT
    side: str = "start"
    size: float = 11.0
    bold: bool = False
    apart: bool = False


Shape = Stroke | Area | Dot | Words


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes, the later above the earlier.

    Attributes:
        told: What is to be seen, for who does not see it.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    told: str
