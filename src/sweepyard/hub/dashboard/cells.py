"""Cells of tables: a value as a person reads it, and what kind of thing it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sweepyard.domain.fields import RunField
from sweepyard.domain.grouping import spread_of
from sweepyard.domain.run import Run
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.jsonvalue import JsonValue, dumps_canonical


class CellKind(Enum):
    """How a cell is drawn."""

    TEXT = "text"
    NUMBER = "number"
    STATE = "state"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a table's cell.

    Attributes:
        note: More of it, for who points at it; empty where the text says all.
        url: Where it leads; empty for nowhere.
        tags: Of a cell of that kind.
    """

    text: str
    kind: CellKind = CellKind.TEXT
    note: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()


def run_cell(field: RunField, run: Run, now: datetime) -> Cell:
    """What a run has in a field."""
    value = field.read(run)
    match field.name:
        case "sweep" if run.sweep_id:
            path = SweepPath(run.path.entity, run.path.project, run.sweep_id)
            return Cell(run.sweep_id, url=urls.sweep_url(path))
        case "duration" if value is None:
            # A run whose client tells no time of its own.
            return Cell(texts.run_duration_text(run, now), CellKind.NUMBER)
    return value_cell(field, value)


def value_cell(field: RunField, value: JsonValue) -> Cell:
    """A field's value."""
    if value is not None and field.name == "state":
        return Cell(str(value), CellKind.STATE)
    if isinstance(value, list) and field.name == "tags":
        return Cell("", CellKind.TAGS, tags=tuple(texts.shortened(str(tag)) for tag in value))
    if field.is_time:
        return Cell(str(value)[:19].replace("T", " ") if value else texts.ABSENT)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if field.name == "duration":
            return Cell(texts.seconds_text(value), CellKind.NUMBER, f"{value} s")
        return Cell(texts.value_text(value), CellKind.NUMBER, texts.note_of(value))
    return Cell(texts.value_text(value), note=texts.note_of(value))


def spread_cell(field: RunField, values: Sequence[JsonValue]) -> Cell:
    """What several runs have in a field: mean and spread of numbers, one value that all have, or how many there are."""
    distinct = {dumps_canonical(value) for value in values}
    spread = spread_of(values)
    if spread is None or field.is_time:
        return value_cell(field, values[0]) if len(distinct) == 1 else Cell(f"{len(distinct):,} values")
    is_time = field.name == "duration"
    mean = texts.seconds_text(spread.mean) if is_time else texts.rounded_text(spread.mean, 4)
    deviation = ""
    if spread.deviation is not None:
        say = texts.seconds_text(spread.deviation) if is_time else texts.rounded_text(spread.deviation, 2)
        deviation = f" ± {say}"
    missing = "" if spread.count == len(values) else f" (n = {spread.count:,})"
    note = f"{spread.count:,} of {len(values):,} runs, from {spread.least:g} to {spread.greatest:g}"
    not_finite = f"; {spread.not_finite:,} not finite" if spread.not_finite else ""
    return Cell(f"{mean}{deviation}{missing}", CellKind.NUMBER, note + not_finite)
