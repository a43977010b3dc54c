"""Pictures as SVG that stands within a page: no script, no style, no address; every text is escaped."""

from __future__ import annotations

from html import escape

from sweepyard.hub.dashboard.drawn.colours import hex_of
from sweepyard.hub.dashboard.drawn.shapes import Area, Dot, Picture, Point, Shape, Stroke, Words


def svg_of(picture: Picture) -> str:
    """The picture."""
    body = "\n".join(map(_element, picture.shapes))
    size = f'viewBox="0 0 {_number(picture.width)} {_number(picture.height)}"'
    return f'<svg {size} role="img" aria-label="{escape(picture.told)}">\n{body}\n</svg>'


def _element(shape: Shape) -> str:
    match shape:
        case Stroke():
            return (
                f'<polyline points="{_points(shape.points)}" fill="none" stroke="{hex_of(shape.colour)}" '
                f'stroke-width="{_number(shape.width)}" stroke-opacity="{_number(shape.opacity)}"/>'
            )
        case Area():
            return (
                f'<polygon points="{_points(shape.points)}" fill="{hex_of(shape.colour)}" '
                f'fill-opacity="{_number(shape.opacity)}"/>'
            )
        case Dot():
            x, y = map(_number, shape.at)
            return (
                f'<circle cx="{x}" cy="{y}" r="{_number(shape.radius)}" fill="{hex_of(shape.colour)}" '
                f'fill-opacity="{_number(shape.opacity)}"/>'
            )
        case Words():
            x, y = map(_number, shape.at)
            weight = ' font-weight="600"' if shape.bold else ""
            ground = ' stroke="#ffffff" stroke-width="3" paint-order="stroke"' if shape.apart else ""
            return (
                f'<text x="{x}" y="{y}" fill="{hex_of(shape.colour)}" font-size="{_number(shape.size)}" '
                f'text-anchor="{shape.side}"{weight}{ground}>{escape(shape.text)}</text>'
            )


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
