"""The charts of a sweep, drawn from what its page's own are drawn from (`sweep_sections.chart_data`)."""

from __future__ import annotations

from typing import Any

from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.drawn.colours import ramp
from sweepyard.hub.dashboard.drawn.frames import cut, framed
from sweepyard.hub.dashboard.drawn.scales import Scale, scale_of
from sweepyard.hub.dashboard.drawn.shapes import (
    ACCENT,
    BAD,
    EDGE,
    FAINT,
    INK,
    Dot,
    Picture,
    Point,
    Shape,
    Stroke,
    Words,
)

# As `chart_data` gives them: JSON objects whose keys it names.
Points = Any
Column = Any

WIDE, HALF, SLICE = (960.0, 330.0), (470.0, 260.0), (310.0, 200.0)
_ROOM = 34.0


def parallel(points: Points, columns: list[Column], objective: Column | None) -> Picture:
    """An axis a column, a line a run, coloured by its result: the best stand out and lie above."""
    (width, height), shapes = WIDE, list[Shape]()
    scales = [_scale(column) for column in columns]
    places = [60 + (width - 160) * (place / max(1, len(columns) - 1)) for place in range(len(columns))]
    top, bottom, absent = _ROOM, height - 26, height - 8
    merits = _merits(points, objective)

    def height_of(place: int, run: int) -> float:
        share = scales[place].share(columns[place]["values"][run])
        return absent if share is None else bottom - share * (bottom - top)

    # Those without a result lie below all others.
    for run in sorted(range(len(points["ids"])), key=lambda each: (merits[each] is not None, merits[each] or 0.0)):
        line = tuple((at, height_of(place, run)) for place, at in enumerate(places))
        shapes.append(Stroke(points=line, colour=ramp(merits[run]), opacity=0.7))
    for column, scale, at in zip(columns, scales, places, strict=True):
        shapes += [
            Stroke(points=((at, top), (at, bottom)), colour=EDGE, width=1.2),
            Words(at=(at, 16), text=cut(column["label"]), colour=INK, side="middle", bold=True),
            *(_beside(at, bottom - share * (bottom - top), text) for share, text in scale.ticks(7)),
        ]
        if column["missing"]:
            shapes.append(_beside(at, absent, "none"))
    return Picture(width, height, tuple(shapes), f"{len(points['ids'])} runs on {len(columns)} parallel axes")


def _beside(at: float, height: float, text: str) -> Words:
    return Words(at=(at + 5, height + 4), text=cut(text, 16), apart=True)


def best(results: Points) -> Picture:
    """Each result when it came, and the best until then."""
    found = results["results"]
    label = _objective_label(results)
    x = scale_of("time", [each["seconds"] for each in found])
    y = scale_of("linear", [each["value"] for each in found])
    frame = framed(HALF, Scale("time", 0.0, x.high), y, "since the first result", label)
    shapes: list[Shape] = [*frame.shapes]
    steps: list[Point] = []
    for each in found:
        at = frame.place(each["seconds"], each["value"])
        if at is None:
            continue
        shapes.append(Dot(at=at, colour=ACCENT if each["best"] else FAINT, opacity=0.9 if each["best"] else 0.5))
        if each["best"]:
            steps += [(at[0], steps[-1][1]), at] if steps else [at]
    if steps:
        shapes.append(Stroke(points=(*steps, (frame.box[2], steps[-1][1])), colour=ACCENT, width=1.6))
    return Picture(*HALF, tuple(shapes), f"the best {label} so far over time, of {len(found)} results")


def scatter(points: Points, x: Column, y: Column, colour: Column | None, size: tuple[float, float] = HALF) -> Picture:
    """A dot a run."""
    frame = framed(size, _scale(x), _scale(y), x["label"], y["label"])
    scale = _scale(colour) if colour else None
    dots = []
    for run in range(len(points["ids"])):
        at = frame.place(_spot(x, run), _spot(y, run))
        if at is not None:
            shade = ramp(scale.share(_spot(colour, run))) if scale else ACCENT
            dots.append(Dot(at=at, colour=shade))
    told = f"{y['label']} against {x['label']}" + (f", coloured by {colour['label']}" if colour else "")
    return Picture(*size, (*frame.shapes, *dots), f"{told}: {len(dots)} runs")


def bands(found: Points) -> Picture:
    """Each run at the last band that it reached, those behind their threshold in red."""
    runs = [run for run in found["runs"] if run["value"] is not None]
    iterations = sorted({run["band"] for run in runs})
    sign = 1 if (found["objective"] or {}).get("goal") == "minimize" else -1
    y = scale_of("linear", [value for run in runs for value in (run["value"], run["threshold"])])
    x = scale_of("category", (), [f"{iteration:,}" for iteration in iterations])
    frame = framed(HALF, x, y, "iteration", _objective_label(found))
    shapes: list[Shape] = [*frame.shapes]
    for place, threshold in sorted({(iterations.index(run["band"]), run["threshold"]) for run in runs}, key=str):
        ends = [frame.place(place + side, threshold) for side in (-0.35, 0.35)]
        shapes += [Stroke(points=(ends[0], ends[1]), colour=INK, width=1.5)] if ends[0] and ends[1] else []
    for number, run in enumerate(runs):
        at = frame.place(iterations.index(run["band"]) + _aside(number), run["value"])
        behind = run["threshold"] is not None and sign * (run["value"] - run["threshold"]) > 0
        shapes += [Dot(at=at, colour=BAD if behind else ACCENT)] if at else []
    return Picture(*HALF, tuple(shapes), f"{len(runs)} runs at the last band that each reached, with the thresholds")


def _scale(column: Column) -> Scale:
    names = [category["label"] for category in column.get("categories", ())]
    return scale_of(column["kind"], column["values"], names)


def _spot(column: Column, run: int) -> float | None:
    """A run's value; in a category, a little beside its middle, so that runs do not hide each other."""
    value: float | None = column["values"][run]
    if value is None or column["kind"] != "category":
        return value
    return value + _aside(run)


def _aside(run: int) -> float:
    return 0.5 * ((run * 0.618034) % 1 - 0.5)


def _merits(points: Points, objective: Column | None) -> list[float | None]:
    """How good each run is, from 0 to 1."""
    if objective is None:
        return [0.5] * len(points["ids"])
    known = [value for value in objective["values"] if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    is_less_better = (points["objective"] or {}).get("goal") == "minimize"

    def merit(value: float | None) -> float | None:
        if value is None:
            return None
        share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        return 1 - share if is_less_better else share

    return [merit(value) for value in objective["values"]]


def _objective_label(found: Points) -> str:
    return texts.shortened((found["objective"] or {}).get("label", ""))
