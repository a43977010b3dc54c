"""Values as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from sweepyard import jsonvalue
from sweepyard.domain.run import Run
from sweepyard.jsonvalue import JsonValue

ABSENT = "–"
_LONGEST = 200
_LONGEST_NOTE = 1_000
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def value_text(value: JsonValue) -> str:
    """A value of a config, a summary or a history in short."""
    match value:
        case None:
            return ABSENT
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return number_text(value)
        case str():
            return shortened(value)
        case {"_type": str(kind)}:
            return f"({kind})"
        case _:
            return shortened(jsonvalue.dumps(value))


def note_of(value: JsonValue) -> str:
    """More of a value than `value_text` shows; empty where that shows all."""
    match value:
        case float():
            return str(value) if math.isfinite(value) and float(number_text(value)) != value else ""
        case str() | list() | dict() if value_text(value).endswith("…"):
            whole = value if isinstance(value, str) else jsonvalue.dumps(value)
            return whole if len(whole) <= _LONGEST_NOTE else f"{whole[: _LONGEST_NOTE - 1]}…"
        case _:
            return ""


def number_text(value: float) -> str:
    """A number with six significant digits."""
    return rounded_text(value, 6)


def rounded_text(value: float, digits: int) -> str:
    """A number with so many significant digits."""
    if math.isfinite(value):
        return f"{value:.{digits}g}"
    return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")


def shortened(text: str) -> str:
    """The text, cut where it is long."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def counted(count: int, noun: str) -> str:
    """So many of them: 1 file, 2 files."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size_text(size_bytes: int) -> str:
    """A size in the unit that suits it."""
    size = float(size_bytes)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable: the last unit takes every size")


def moment_text(moment: datetime | None) -> str:
    """A moment in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else ABSENT


def duration_text(begin: datetime | None, end: datetime | None) -> str:
    """The time between two moments."""
    return ABSENT if begin is None or end is None else seconds_text((end - begin).total_seconds())


def run_duration_text(run: Run, now: datetime) -> str:
    """How long a run has been at work: up to its end or its last sign of life, or up to now if it goes on."""
    return duration_text(run.started_at, now if run.state.is_live else run.ended_at or run.heartbeat_at)


def seconds_text(seconds: float) -> str:
    """A duration in whole seconds; one of less than ten seconds with a decimal."""
    if not math.isfinite(seconds):
        return number_text(seconds)
    if 0 < seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    hours, rest = divmod(max(0, int(seconds)), 3600)
    minutes, whole = divmod(rest, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {whole} s" if minutes else f"{whole} s"
