"""Runs that repeat one another but for seeds, as `sweepyard runs compare` shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweepyard.cli.output import number, print_table, value_text
from sweepyard.domain.repeats import LEVEL, GroupedRepeats, Standing, letter_of
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotTracked
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.sweeps.config import parse

if TYPE_CHECKING:
    from sweepyard.tracking.reader import Reader
    from sweepyard.tracking.records import RunRecord


def seeds_of(records: Sequence[RunRecord], reader: Reader) -> frozenset[str]:
    """The keys under which the runs' sweeps put the seeds of repeats; none of a sweep that is gone.

    Raises:
        TrackingError: The server refuses.
    """
    keys = set()
    for path in {SweepPath(run.path.entity, run.path.project, run.sweep_id) for run in records if run.sweep_id}:
        try:
            keys.add(seed_key(reader.sweep_config(path)))
        except NotTracked:
            continue
    return frozenset(key for key in keys if key is not None)


def seed_key(config: JsonObject) -> str | None:
    """The key under which a sweep puts the seeds of repeats; None where it has none."""
    if "repeats" not in config:
        return None
    repeats = parse(json.dumps(config), text_numbers="warn").repeats
    return None if repeats is None else ".".join(repeats.path)


def print_repeats(found: GroupedRepeats, records: Sequence[RunRecord]) -> None:
    """Print the groups, and what their metrics come to."""
    rows = []
    for place, members in enumerate(found.groups):
        what = ", ".join(f"{key} = {value_text(values[place])}" for key, values in found.differences.items())
        runs = ", ".join(records[member].path.run_id for member in members)
        rows.append([_name(found, place), str(len(members)), what or "one config", runs])
    print_table(["repeats", "n", "config", "runs"], rows)
    print()
    heads = [f"{_name(found, place)}, mean ± deviation" for place in range(len(found.groups))]
    print_table(
        ["metric", *heads],
        [[metric, *(_cell(each) if each else "-" for each in row)] for metric, row in found.metrics.items()],
    )
    if found.tests:
        many = "" if found.tests == 1 else f" There are {found.tests} tests, and none is corrected for that."
        print(f"\nMore than chance: p below {LEVEL:.0%} in Welch's t-test (two-sided).{many}")


def repeats_json(found: GroupedRepeats, records: Sequence[RunRecord]) -> JsonObject:
    """The same as JSON."""
    groups: list[JsonValue] = [
        {
            "group": letter_of(place),
            "base": place == found.base,
            "runs": [str(records[member].path) for member in members],
            "config": {key: values[place] for key, values in found.differences.items()},
        }
        for place, members in enumerate(found.groups)
    ]
    metrics: JsonObject = {
        metric: [_standing_json(each) if each else None for each in row] for metric, row in found.metrics.items()
    }
    return {"level": LEVEL, "tests": found.tests, "groups": groups, "metrics": metrics}


def _name(found: GroupedRepeats, place: int) -> str:
    return letter_of(place) + (" (base)" if place == found.base and len(found.groups) > 1 else "")


def _cell(standing: Standing) -> str:
    spread = standing.spread
    mean = number(spread.mean) if spread.deviation is None else f"{number(spread.mean)} ± {number(spread.deviation)}"
    text = f"{mean} (n = {spread.count})"
    if standing.difference is None:
        return text
    sign = "" if standing.difference < 0 else "+"
    judged = f", {standing.p_text}" if standing.p_text else ""
    return f"{text}\n{sign}{number(standing.difference)}{judged}: {standing.verdict}"


def _standing_json(standing: Standing) -> JsonObject:
    return {
        "mean": standing.spread.mean,
        "deviation": standing.spread.deviation,
        "n": standing.spread.count,
        "difference": standing.difference,
        "p": standing.test.p if standing.test else None,
        "significant": standing.significant,
        "verdict": standing.verdict,
    }
