"""How a run used its machine: GPU, CPU, memory, disk, network over time, as the client measured it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.rows import decode_line
from sweepyard.domain.run import Run
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curves import lines_of
from sweepyard.hub.dashboard.run_sections.section import Section
from sweepyard.jsonvalue import JsonObject, is_finite_number
from sweepyard.services.bundle import Services

_SAMPLES = 400
_MOST_PARTS = 8  # So many GPUs, cores or disks have a line, as there are colours.

_KINDS = (("GPU", "gpu."), ("CPU", "cpu"), ("CPU", "proc.cpu"), ("Memory", "memory"), ("Memory", "proc.memory"))
_OTHER_KINDS = (("Disk", "disk."), ("Network", "network."))
_PART = re.compile(r"^(gpu|cpu|disk)\.(?P<part>[^.]+)\.")
_NAMES: Mapping[str, str] = {
    "gpu.*.gpu": "utilisation, %",
    "gpu.*.memory": "time spent on memory, %",
    "gpu.*.memoryAllocated": "memory allocated, %",
    "gpu.*.memoryAllocatedBytes": "memory allocated, bytes",
    "gpu.*.temp": "temperature, °C",
    "gpu.*.powerWatts": "power, W",
    "gpu.*.powerPercent": "power, %",
    "gpu.*.enforcedPowerLimitWatts": "power limit, W",
    "gpu.*.smClock": "processor clock, MHz",
    "gpu.*.memoryClock": "memory clock, MHz",
    "cpu": "process, %",
    "cpu.*.cpu_percent": "cores, %",
    "proc.cpu.threads": "process, threads",
    "memory": "machine, %",
    "memory_percent": "machine, %",
    "proc.memory.rssMB": "process, MB",
    "proc.memory.percent": "process, %",
    "proc.memory.availableMB": "free, MB",
    "disk.*.usagePercent": "full, %",
    "disk.*.usageGB": "full, GB",
    "disk.*.in": "read, MB",
    "disk.*.out": "written, MB",
    "network.sent": "sent, bytes",
    "network.recv": "received, bytes",
    "network.tcpRetransmits": "sent again, segments",
}

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One part's curve: a GPU's, a core's; of a metric without parts, the only one.

    Attributes:
        colour: From 1 on.
    """

    part: str
    colour: int
    lines: tuple[str, ...]
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A metric over time.

    Attributes:
        family: What its numbers are asked for by.
        more: How many parts have no line here.
    """

    family: str
    name: str
    lines: tuple[Line, ...]
    more: int
    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class System(Section):
    """How a run used its machine.

    Attributes:
        data_url: Where the charts' numbers are.
        groups: By what was measured.
        first: The time of the first and the last measurement, from the run's beginning.
        shown: How many measurements the curves are drawn from, of `total`.
    """

    template: ClassVar[str] = "run_system.html"
    data_url: str
    groups: tuple[tuple[str, tuple[Gauge, ...]], ...]
    first: str
    last: str
    shown: int
    total: int


def system(services: Services, run: Run, _asked: QueryParams) -> System:
    """How the run used its machine."""
    stored = services.history.events(run.path)
    rows = [decode_line(text) for text in services.history.events(run.path, _SAMPLES)] if stored else []
    families = measured(rows)
    times = [time for parts in families.values() for points in parts.values() for time, _ in points]
    bounds = (min(times), max(times)) if times else (0.0, 0.0)
    groups: dict[str, list[Gauge]] = {}
    for family in sorted(families, key=lambda family: (list(_NAMES).index(family) if family in _NAMES else 99, family)):
        groups.setdefault(kind_of(family), []).append(_gauge(family, families[family], bounds))
    return System(
        data_url=urls.system_url(run.path),
        groups=tuple((kind, tuple(gauges)) for kind, gauges in groups.items()),
        first=texts.seconds_text(bounds[0]),
        last=texts.seconds_text(bounds[1]),
        shown=len(rows),
        total=len(stored),
    )


def measured(rows: Sequence[JsonObject]) -> dict[str, dict[str, Points]]:
    """What was measured, by family (`gpu.*.temp`) and part (`0`; empty where there are none)."""
    families: dict[str, dict[str, Points]] = {}
    for name, points in _series(rows).items():
        part = _PART.match(name)
        family = _PART.sub(lambda match: f"{match[1]}.*.", name)
        families.setdefault(family, {})[part["part"] if part else ""] = points
    return families


def drawn_parts(parts: Mapping[str, Points]) -> list[str]:
    """The parts that have lines: the first ones, by number or name."""
    return sorted(parts, key=lambda part: (len(part), part))[:_MOST_PARTS]


def _series(rows: Sequence[JsonObject]) -> dict[str, Points]:
    """By name without `system.`: seconds since the run began, and value."""
    found: dict[str, Points] = {}
    for row in rows:
        time = row.get("_runtime")
        if not isinstance(time, int | float) or not is_finite_number(time):
            continue
        for key, value in row.items():
            if key.startswith("system.") and isinstance(value, int | float) and is_finite_number(value):
                found.setdefault(key.removeprefix("system."), []).append((float(time), float(value)))
    return found


def kind_of(family: str) -> str:
    """What it is a measure of: GPU, CPU, memory and so on."""
    return next((kind for kind, prefix in (*_KINDS, *_OTHER_KINDS) if family.startswith(prefix)), "Other")


def _gauge(family: str, parts: Mapping[str, Points], bounds: tuple[float, float]) -> Gauge:
    shown = drawn_parts(parts)
    values = [value for part in shown for _, value in parts[part]]
    # From 0 on, as quantities are: a flat line at 90 % is not one at 2 %.
    low, high = min(0.0, *values), max(values)
    return Gauge(
        family=family,
        name=texts.shortened(_NAMES.get(family, family)),
        lines=tuple(
            Line(
                part=texts.shortened(part),
                colour=number,
                lines=lines_of(parts[part], bounds, (low, high)),
                last=texts.number_text(parts[part][-1][1]),
            )
            for number, part in enumerate(shown, start=1)
        ),
        more=len(parts) - len(shown),
        low=texts.number_text(low),
        high=texts.number_text(high),
    )
