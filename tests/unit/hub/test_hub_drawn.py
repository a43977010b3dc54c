"""Drawings: scales with round ticks, colours as the pages have them, SVG in which every text is escaped."""

from __future__ import annotations

import io
import math
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from sweepyard.hub.dashboard.drawn.colours import COLOURS, curve_colours, hex_of, ramp, tokens
from sweepyard.hub.dashboard.drawn.frames import cut, framed
from sweepyard.hub.dashboard.drawn.printed import printed
from sweepyard.hub.dashboard.drawn.scales import Scale, scale_of
from sweepyard.hub.dashboard.drawn.shapes import Area, Dot, Picture, Stroke, Words
from sweepyard.hub.dashboard.drawn.svg import svg_of

EVIL = "<script>alert(1)</script>\"'&\u202e"


def ticks(scale: Scale, count: int = 5) -> list[str]:
    found = scale.ticks(count)
    assert all(-1e-6 <= share <= 1 + 1e-6 for share, _ in found)
    assert [share for share, _ in found] == sorted(share for share, _ in found)
    return [text for _, text in found]


def test_ticks_are_round() -> None:
    assert ticks(Scale("linear", 0, 1)) == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert ticks(Scale("linear", -3, 17)) == ["0", "5", "10", "15"]
    assert ticks(Scale("linear", 0.29, 0.31)) == ["0.29", "0.295", "0.3", "0.305", "0.31"]
    assert ticks(Scale("log", 1e-5, 0.1)) == ["1e-05", "0.0001", "0.001", "0.01", "0.1"]
    assert ticks(Scale("log", 1e-9, 1e9), 4) == ["1e-05", "1", "100000"]
    assert ticks(Scale("log", 2, 6), 4) == ["2", "3", "4", "5", "6"]
    assert ticks(Scale("time", 0, 700), 4) == ["0 s", "5 min", "10 min"]
    assert ticks(Scale("time", 0, 400_000), 4) == ["0 s", "1 d", "2 d", "3 d", "4 d"]
    assert ticks(Scale("time", 15, 16.2), 3) == ["15 s", "15.5 s", "16 s"]
    assert ticks(Scale("time", 3590, 3640), 5)[:3] == ["59 min 50 s", "1 h", "1 h 10 s"]
    assert ticks(Scale("time", -90, 90), 3) == ["-1 min", "0 s", "1 min"]
    assert ticks(Scale("category", -0.5, 2.5, ("a", "b", "c"))) == ["a", "b", "c"]
    assert ticks(Scale("category", -0.5, 99.5, tuple(map(str, range(100)))))[:3] == ["0", "20", "40"]


@pytest.mark.parametrize("kind", ["linear", "log", "time"])
@pytest.mark.parametrize(
    "values", [[], [None], [0.0], [7.0], [-1e308, 1e308], [5e-324, 1e-300], [1.0, math.nan, math.inf], [1e300, 1e308]]
)
def test_every_value_has_a_place_or_none(kind: str, values: list[float | None]) -> None:
    scale = scale_of(kind, values)
    for value in values:
        share = scale.share(value)
        assert share is None or 0 <= share <= 1
        if value is not None and math.isfinite(value) and (kind != "log" or value > 0):
            assert share is not None
    assert len(scale.ticks(5)) <= 100


def test_colours_are_those_of_the_pages() -> None:
    assert hex_of("curve-1") == tokens()["curve-1"] == "#203bb2"
    assert hex_of("#123456") == "#123456"
    assert (ramp(0), ramp(0.5), ramp(1)) == tuple(hex_of(f"ramp-{name}") for name in ("low", "mid", "high"))
    assert ramp(None) == hex_of("edge")
    assert ramp(-1) == ramp(0)


def test_a_run_keeps_its_colour_and_runs_beside_it_have_others() -> None:
    keys = [f"run-{number}" for number in range(COLOURS)]
    assert len(set(curve_colours(keys).values())) == COLOURS
    assert curve_colours(["a"])["a"] == curve_colours(["a", "b"])["a"]
    assert curve_colours([]) == {}


def test_a_picture_is_svg_without_anything_that_could_run() -> None:
    shapes = (
        Stroke(points=((0, 0), (1.234, 5)), colour="ink"),
        Area(points=((0, 0), (1, 1), (2, 0)), colour="#ff0000", opacity=0.5),
        Dot(at=(3, 4), colour="accent"),
        Words(at=(1, 2), text=EVIL, side="end", bold=True, apart=True),
    )
    svg = svg_of(Picture(100, 50, shapes, EVIL))
    root = ElementTree.fromstring(svg)
    assert root.attrib == {"viewBox": "0 0 100 50", "role": "img", "aria-label": EVIL}
    assert [child.tag for child in root] == ["polyline", "polygon", "circle", "text"]
    assert root[0].attrib["points"] == "0,0 1.23,5"
    assert root[3].text == EVIL
    assert not re.search(r"<script|\son\w+=|style=|href", svg)


def test_a_frame_places_what_lies_within() -> None:
    frame = framed((400, 200), Scale("linear", 0, 10), Scale("log", 1, 100), "step", "y" * 200)
    left, top, right, bottom = frame.box
    assert frame.place(0, 1) == (left, bottom)
    assert frame.place(10, 100) == (right, top)
    assert frame.place(5, 10) == pytest.approx(((left + right) / 2, (top + bottom) / 2))
    assert frame.place(None, 1) is frame.place(1, 0) is frame.place(math.nan, 1) is None
    assert all(len(shape.text) <= 60 for shape in frame.shapes if isinstance(shape, Words))
    assert cut("x" * 30) == "x" * 21 + "…"


def strange(text: str, height: float = 300.0) -> Picture:
    """A picture of each shape, with a text."""
    shapes = (
        Area(points=((0, 0), (50, 50), (100, 0)), colour="good", opacity=0.2),
        Stroke(points=((0, 100), (400, 200)), colour="curve-1", width=2),
        Stroke(points=((0, 200), (400, 100)), colour="curve-2"),
        Dot(at=(200, 150), colour="bad"),
        Words(at=(10, 250), text=text, apart=True, bold=True),
    )
    return Picture(400, height, shapes, "strange")


@pytest.mark.parametrize("text", ["plain", EVIL, "$x^2$ \\frac{", "\u05e9\u05dc\u05d5\u05dd \U0001f98a\x00\n", ""])
def test_pictures_are_printed_whatever_their_texts(text: str) -> None:
    [png, pdf] = [printed([strange(text)], form) for form in ("png", "pdf")]
    assert pdf.startswith(b"%PDF-")
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (800, 600)
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    for name in ("curve-1", "curve-2"):
        wanted = tuple(bytes.fromhex(hex_of(name)[1:]))
        assert min(sum(abs(a - b) for a, b in zip(colour, wanted, strict=True)) for colour in colours) < 30


def test_a_pdf_has_a_page_a_picture_and_a_png_is_never_larger_than_can_be() -> None:
    assert len(re.findall(rb"/Type /Page\b", printed([strange("a"), strange("b")], "pdf"))) == 2
    with Image.open(io.BytesIO(printed([strange("tall", 40_000)], "png"))) as image:
        assert image.height == 30_000
