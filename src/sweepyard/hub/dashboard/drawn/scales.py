"""Scales: from values to shares of an axis, with ticks at round values."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sweepyard.hub.dashboard import texts

Tick = tuple[float, str]
"""A share of the axis, and what stands there."""

_ROUND_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))
_MOST_TICKS = 100
_FEWEST_DECADES = 1.5
"""On fewer, ticks are at round values instead of powers of ten."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    Attributes:
        kind: linear, log, time (seconds) or category.
        names: Of a category's places, from 0 on.
    """

    kind: str
    low: float
    high: float
    names: tuple[str, ...] = ()

    def share(self, value: float | None) -> float | None:
        """Where a value lies between the ends, 0 to 1; None where it has no place."""
        if value is None or not math.isfinite(value) or (self.kind == "log" and value <= 0):
            return None
        low, high, at = (math.log10(x) if self.kind == "log" else x for x in (self.low, self.high, value))
        # Halved, so that ends of the floats' range do not overflow.
        return (at / 2 - low / 2) / (high / 2 - low / 2)

    def ticks(self, count: int) -> list[Tick]:
        """About so many."""
        if self.kind == "category":
            stride = max(1, math.ceil(len(self.names) / count))
            return [
                (share, name)
                for place, name in enumerate(self.names)
                if place % stride == 0 and (share := self.share(place)) is not None
            ]
        first, last = (math.log10(end) if self.kind == "log" else 0.0 for end in (self.low, self.high))
        if last - first >= _FEWEST_DECADES:
            stride = max(1, math.ceil((last - first) / count))
            powers = range(math.ceil(first), math.floor(last) + 1)
            values = [10.0**power for power in powers if power % stride == 0]
            return self._said(values, texts.number_text)
        is_time = self.kind == "time"
        step = _step((self.high - self.low) / count, seconds=is_time)
        return self._said(_multiples(self.low, self.high, step), _seconds_text if is_time else texts.number_text)

    def _said(self, values: Iterable[float], say: Callable[[float], str]) -> list[Tick]:
        return [(share, say(value)) for value in values if (share := self.share(value)) is not None]


def scale_of(kind: str, values: Iterable[float | None], names: Sequence[str] = ()) -> Scale:
    """A scale on which the values have room."""
    if kind == "category":
        return Scale(kind, -0.5, max(0, len(names) - 1) + 0.5, tuple(names))
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if kind == "log":
        positive = [value for value in finite if value > 0] or [1.0]
        low, high = min(positive), max(positive)
        return Scale(kind, low, high) if high > low else Scale(kind, low / 2, min(high * 2, sys.float_info.max))
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    room = (high / 2 - low / 2) * 0.1 if high > low else abs(low) * 0.05 or 0.5
    if not math.isfinite(low - room) or not math.isfinite(high + room):
        return Scale(kind, low, high)
    return Scale(kind, low - room, high + room)


def _step(least: float, *, seconds: bool) -> float:
    if not math.isfinite(least) or least <= 0:
        return 0.0
    if seconds and least > _ROUND_SECONDS[-1]:
        return _ROUND_SECONDS[-1] * _step(least / _ROUND_SECONDS[-1], seconds=False)
    if seconds and least >= 1:
        return float(next(each for each in _ROUND_SECONDS if each >= least * 0.75))
    power = 10.0 ** math.floor(math.log10(least))
    return power * next(factor for factor in (1, 2, 5, 10) if factor * power >= least * 0.75)


def _multiples(low: float, high: float, step: float) -> list[float]:
    if not step:
        return []
    first = math.ceil(low / step - 1e-9)
    count = min(_MOST_TICKS, math.floor(high / step + 1e-9) - first + 1)
    # Dividing by the inverse keeps 0.3 from becoming 0.30000000000000004.
    inverse = round(1 / step) if step < 1 else 0
    return [(first + place) / inverse if inverse else (first + place) * step for place in range(max(0, count))]


def _seconds_text(seconds: float) -> str:
    """A duration at a tick, in all units that it has: no two ticks are alike."""
    if seconds < 0:
        return f"-{_seconds_text(-seconds)}"
    parts, rest = [], round(seconds, 9)
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        parts += [f"{count:.15g} {unit}"] if count else []
    rest = round(rest, 9)
    return " ".join([*parts, f"{rest:.10g} s"] if rest or not parts else parts)
