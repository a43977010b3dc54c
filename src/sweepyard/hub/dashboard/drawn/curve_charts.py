"""Charts of curves, drawn from what the pages' own are drawn from (`dashboard.curve_data`)."""

from __future__ import annotations

import math
from typing import Any

from sweepyard.hub.dashboard.drawn.colours import curve_colours
from sweepyard.hub.dashboard.drawn.frames import framed
from sweepyard.hub.dashboard.drawn.scales import scale_of
from sweepyard.hub.dashboard.drawn.shapes import Area, Picture, Point, Shape, Stroke
from sweepyard.hub.dashboard.drawn.sweep_charts import HALF

_FEW = 20


def curves(answer: Any, chart: Any, axis: str) -> Picture:
    """The curves of one of the charts of an answer, groups with their bands."""
    keys = [line["key"] for line in answer["lines"]]
    colours = curve_colours(keys)
    drawn = [(keys[curve["line"]], chart["axes"][curve["x"]], curve) for curve in chart["curves"]]
    x = scale_of("time" if axis == "time" else "linear", [value for _, places, _ in drawn for value in places])
    bounds = [value for _, _, curve in drawn for name in ("mean", "low", "high") for value in curve.get(name, ())]
    frame = framed(HALF, x, scale_of("linear", bounds), axis, chart["metric"])
    shapes: list[Shape] = [*frame.shapes]
    width = 1.5 if len(drawn) <= _FEW else 1.0

    def through(places: list[float], values: list[float]) -> list[Point | None]:
        return [
            frame.place(place, value if math.isfinite(value) else None)
            for place, value in zip(places, values, strict=True)
        ]

    for key, places, curve in drawn:
        if "low" in curve:
            low, high = through(places, curve["low"]), through(places, curve["high"])
            edge = [point for point in (*low, *reversed(high)) if point is not None]
            shapes.append(Area(points=tuple(edge), colour=colours[key], opacity=0.14))
    for key, places, curve in drawn:
        for line in _unbroken(through(places, curve["mean"])):
            shapes.append(Stroke(points=line, colour=colours[key], width=width))
    return Picture(*HALF, tuple(shapes), f"{chart['metric']} over {axis}, {len(drawn)} curves")


def _unbroken(points: list[Point | None]) -> list[tuple[Point, ...]]:
    """Lines between the gaps; a point by itself is a short one."""
    lines: list[list[Point]] = [[]]
    for point in points:
        if point is not None:
            lines[-1].append(point)
        elif lines[-1]:
            lines.append([])
    return [tuple(line) if len(line) > 1 else ((line[0][0] - 1, line[0][1]), line[0]) for line in lines if line]
