"""Pictures as PNG and PDF, by Matplotlib (the extra `pictures`)."""

from __future__ import annotations

import importlib.util
import io
import threading
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sweepyard.errors import Conflict
from sweepyard.hub.dashboard.drawn.colours import hex_of
from sweepyard.hub.dashboard.drawn.shapes import Area, Dot, Picture, Point, Shape, Stroke, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMS = {"pdf": "application/pdf", "png": "image/png"}

_PIXELS = 96.0  # to an inch, as CSS has it
_POINTS = 72.0 / _PIXELS
_FONT = "DejaVu Sans"  # Matplotlib brings it along
_SHARPNESS = 2.0
_MOST_PIXELS = 30_000
_LOCK = threading.Lock()  # Matplotlib is for one thread at a time.


def can_print() -> bool:
    """Whether Matplotlib is there."""
    return importlib.util.find_spec("matplotlib") is not None


def printed(pictures: Sequence[Picture], form: str) -> bytes:
    """The pictures, a page each, as a PDF; or the first as a PNG.

    Raises:
        Conflict: Matplotlib is not there.
    """
    if not can_print():
        raise Conflict(f"a {form} needs Matplotlib: install Sweepyard, where the hub runs, with the extra `pictures`")
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    target = io.BytesIO()
    with _LOCK, mpl.rc_context({"font.family": _FONT, "pdf.fonttype": 42}):
        if form == "png":
            height = pictures[0].height
            sharpness = min(_SHARPNESS, _MOST_PIXELS / height)
            _figure(pictures[0]).savefig(target, format="png", dpi=_PIXELS * sharpness)
        else:
            with PdfPages(target) as pages:
                for picture in pictures:
                    pages.savefig(_figure(picture))
    return target.getvalue()


def _figure(picture: Picture) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(picture.width / _PIXELS, picture.height / _PIXELS), dpi=_PIXELS, facecolor="#ffffff")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.set_axis_off()
    for order, (kind, shapes) in enumerate(groupby(picture.shapes, type)):
        _DRAWN[kind](axes, list(shapes), order)
    return figure


def _strokes(axes: Axes, strokes: Sequence[Stroke], order: int) -> None:
    from matplotlib.collections import LineCollection

    widths = [each.width * _POINTS for each in strokes]
    lines = [list(each.points) for each in strokes]
    axes.add_collection(LineCollection(lines, colors=_colours(strokes), linewidths=widths, zorder=order), autolim=False)


def _areas(axes: Axes, areas: Sequence[Area], order: int) -> None:
    from matplotlib.collections import PolyCollection

    polygons = [list(each.points) for each in areas]
    axes.add_collection(PolyCollection(polygons, facecolors=_colours(areas), linewidths=0, zorder=order), autolim=False)


def _dots(axes: Axes, dots: Sequence[Dot], order: int) -> None:
    # Those that look alike at once: a file says then only once what they look like.
    alike: dict[tuple[str, float, float], list[Point]] = {}
    for dot in dots:
        alike.setdefault((hex_of(dot.colour), dot.opacity, dot.radius), []).append(dot.at)
    for (colour, opacity, radius), places in alike.items():
        across, down = zip(*places, strict=True)
        size = (2 * radius * _POINTS) ** 2
        axes.scatter(across, down, s=size, color=colour, alpha=opacity, linewidths=0, zorder=order)


def _words(axes: Axes, words: Sequence[Words], order: int) -> None:
    from matplotlib.patheffects import withStroke

    sides = {"start": "left", "middle": "center", "end": "right"}
    for each in words:
        axes.text(
            *each.at,
            _drawable(each.text),
            color=hex_of(each.colour),
            fontsize=each.size * _POINTS,
            fontweight="bold" if each.bold else "normal",
            horizontalalignment=sides[each.side],
            verticalalignment="baseline",
            parse_math=False,
            path_effects=[withStroke(linewidth=3 * _POINTS, foreground="#ffffff")] if each.apart else [],
            zorder=order,
        )


_DRAWN: dict[type[Shape], Any] = {Stroke: _strokes, Area: _areas, Dot: _dots, Words: _words}


def _colours(shapes: Sequence[Stroke | Area]) -> list[tuple[str, float]]:
    return [(hex_of(each.colour), each.opacity) for each in shapes]


def _drawable(text: str) -> str:
    """The text with a sign in the place of each letter that the font lacks."""
    return "".join(letter if _has(letter) else "\ufffd" for letter in text)


@cache
def _has(letter: str) -> bool:
    from matplotlib.font_manager import findfont, get_font

    return letter.isprintable() and get_font(findfont(_FONT)).get_char_index(ord(letter)) != 0
