"""Configs and metrics of runs side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.comparison import config_differences, differ, is_number, numbers_of, side_by_side
from sweepyard.domain.run import Run
from sweepyard.hub.dashboard import texts
from sweepyard.jsonvalue import JsonValue, flattened


@dataclass(frozen=True, slots=True)
class SideCell:
    """What one run has.

    Attributes:
        note: The whole value, where `text` is not.
        change: Of a metric, the difference to the base run's.
    """

    text: str
    note: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True)
class SideRow:
    """A key, and what each run has there.

    Attributes:
        different: Whether not all have the same.
    """

    key: str
    cells: tuple[SideCell, ...]
    different: bool


def config_rows(runs: Sequence[Run], *, all_keys: bool) -> tuple[SideRow, ...]:
    """The config keys in which the runs differ; or all of them, with what training notes of the machine."""
    configs = [run.config for run in runs]
    rows = side_by_side([flattened(config) for config in configs]) if all_keys else config_differences(configs)
    return tuple(
        SideRow(
            texts.shortened(key),
            tuple(SideCell(texts.value_text(value), texts.note_of(value)) for value in values),
            differ(values),
        )
        for key, values in rows.items()
    )


def metric_rows(runs: Sequence[Run], base: int) -> tuple[SideRow, ...]:
    """The numbers of the runs' summaries, with the differences to those of the run at `base`."""
    return tuple(
        SideRow(texts.shortened(key), tuple(_metric_cell(value, values[base]) for value in values), differ(values))
        for key, values in numbers_of([run.summary for run in runs]).items()
    )


def change_text(difference: float) -> str:
    """A difference with its sign."""
    return f"{difference:+.4g}".replace("-", "−") if difference else "±0"


def _metric_cell(value: JsonValue, base: JsonValue) -> SideCell:
    if not (is_number(value) and is_number(base)):
        return SideCell(texts.value_text(value), texts.note_of(value))
    difference = float(value) - float(base) if abs(value) < 1e300 and abs(base) < 1e300 else math.nan
    change = change_text(difference) if math.isfinite(difference) and value is not base and difference else ""
    return SideCell(texts.value_text(value), texts.note_of(value), change)
