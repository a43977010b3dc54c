"""A chart's frame: grid, ticks and labels around the area in which it draws."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.hub.dashboard.drawn.scales import Scale
from sweepyard.hub.dashboard.drawn.shapes import EDGE, LINE, Point, Shape, Stroke, Words

LETTER = 6.2
"""About the width of one, at the size of ticks."""
_TOP, _RIGHT, _BOTTOM = 22.0, 14.0, 38.0
_LONGEST = 22


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart draws.

    Attributes:
        box: Left, top, right, bottom.
    """

    x: Scale
    y: Scale
    box: tuple[float, float, float, float]
    shapes: tuple[Shape, ...]

    def place(self, x: float | None, y: float | None) -> Point | None:
        """Where two values lie; None where one has no place."""
        across, upward = self.x.share(x), self.y.share(y)
        if across is None or upward is None:
            return None
        left, top, right, bottom = self.box
        return left + across * (right - left), bottom - upward * (bottom - top)


def framed(size: tuple[float, float], x: Scale, y: Scale, x_label: str, y_label: str) -> Frame:
    """A frame of this size, its labels at the ends of the axes."""
    width, height = size
    upward = y.ticks(max(2, int(height / 45)))
    left = 10 + LETTER * max([4, *(len(cut(text)) for _, text in upward)])
    across = x.ticks(max(2, int((width - left) / 85)))
    box = (left, _TOP, width - _RIGHT, height - _BOTTOM)
    shapes: list[Shape] = [Words(at=(0, 12), text=cut(y_label, 60))]
    for share, text in upward:
        at = box[3] - share * (box[3] - box[1])
        shapes += [
            Stroke(points=((left, at), (box[2], at)), colour=LINE),
            Words(at=(left - 6, at + 4), text=cut(text), side="end"),
        ]
    for share, text in across:
        at = left + share * (box[2] - left)
        shapes += [
            Stroke(points=((at, box[3]), (at, box[3] + 4)), colour=EDGE),
            Words(at=(at, box[3] + 16), text=cut(text), side="middle"),
        ]
    shapes += [
        Stroke(points=((left, box[3]), (box[2], box[3])), colour=EDGE),
        Words(at=(box[2], height - 6), text=cut(x_label, 60), side="end"),
    ]
    return Frame(x, y, box, tuple(shapes))


def cut(text: str, longest: int = _LONGEST) -> str:
    """A text short enough for its place."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
