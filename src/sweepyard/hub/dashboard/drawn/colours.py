"""The pages' colours as what is drawn has them: those of light pages, from the same style sheets."""

from __future__ import annotations

import re
from functools import cache

from sweepyard.hub.dashboard.assets import ASSETS

COLOURS = 8
"""So many tell curves apart."""

_TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}),")
_STEPS = 32


@cache
def tokens() -> dict[str, str]:
    """The colours of light pages, #rrggbb, by name."""
    sheets = (ASSETS.text(f"styles/{name}") for name in ("tokens.css", "sweep.css"))
    return {name: colour for sheet in sheets for name, colour in _TOKEN.findall(sheet)}


def hex_of(colour: str) -> str:
    """A colour as #rrggbb."""
    return colour if colour.startswith("#") else tokens()[colour]


def ramp(share: float | None) -> str:
    """The colour that says how much, from 0 to 1; what is missing has one of its own."""
    if share is None:
        return hex_of("edge")
    stops = [_channels(hex_of(f"ramp-{name}")) for name in ("low", "mid", "high")]
    place = 2 * round(min(1.0, max(0.0, share)) * _STEPS) / _STEPS
    first = min(1, int(place))
    mixed = (round(a + (b - a) * (place - first)) for a, b in zip(stops[first], stops[first + 1], strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def curve_colours(keys: list[str]) -> dict[str, str]:
    """The colours of these, as the pages' own charts choose them (charts/palette.js)."""
    uses, given = [0] * COLOURS, {}
    for key in keys:
        place = _hash(key) % COLOURS
        while uses[place] > min(uses):
            place = (place + 1) % COLOURS
        uses[place] += 1
        given[key] = f"curve-{place + 1}"
    return given


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _hash(text: str) -> int:
    value = 0x811C9DC5
    for letter in text:
        value = ((value ^ ord(letter)) * 0x01000193) & 0xFFFFFFFF
    return value
