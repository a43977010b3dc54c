"""What W&B's own engine answered, as `tests/golden/oracle/record.py` recorded it: ours gives the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweepyard.domain.objective import Mark, ObjectiveValues
from sweepyard.domain.run import RunState
from sweepyard.sweeps.config import SweepConfig, parse
from sweepyard.sweeps.engine import next_suggestion, standings
from sweepyard.sweeps.known import KnownRun
from sweepyard.sweeps.termination import TrackedRun

ORACLE = Path(__file__).parents[2] / "golden" / "oracle"


def recorded(name: str) -> tuple[list[float], list[dict[str, Any]]]:
    content = json.loads((ORACLE / f"{name}.json").read_text(encoding="utf-8"))
    return content["units"], content["answers"]


def config_of(**keys: Any) -> SweepConfig:
    return parse(yaml.safe_dump(keys))


@pytest.mark.parametrize("answer", recorded("quantiles")[1], ids=lambda answer: str(answer["parameter"]))
def test_every_distributions_quantiles(answer: dict[str, Any]) -> None:
    units, _ = recorded("quantiles")
    [parameter] = config_of(method="random", parameters={"x": answer["parameter"]}).parameters
    for unit, value in zip(units, answer["values"], strict=True):
        ours = parameter.distribution.sample(unit)
        if isinstance(value, float):
            assert ours == pytest.approx(value, rel=1e-9)
        else:
            assert (type(ours), ours) == (type(value), value)


@pytest.mark.parametrize("answer", recorded("grids")[1], ids=lambda answer: ",".join(answer["parameters"]))
def test_grids_in_wandbs_order(answer: dict[str, Any]) -> None:
    config = config_of(method="grid", parameters=answer["parameters"])
    runs: list[KnownRun] = []
    while (found := next_suggestion(config, seed=0, position=len(runs), runs=runs)) is not None:
        runs.append(KnownRun("r", RunState.FINISHED, found.parameters))
    assert [run.parameters for run in runs] == answer["points"]


@pytest.mark.parametrize("answer", recorded("hyperbands")[1])
def test_hyperband_stops_the_same_runs(answer: dict[str, Any]) -> None:
    config = config_of(
        method="random",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        metric={"name": "m", "goal": answer["goal"]},
        early_terminate={**answer["rule"], "strict": False},
    )
    assert config.termination is not None
    runs = []
    for place, run in enumerate(answer["runs"]):
        values = run["values"]
        marks = {
            band: Mark(values[band - 1], min(values[:band]), max(values[:band]), 0.0)
            for band in config.termination.milestones(0, len(values))
        }
        runs.append(TrackedRun(str(place), run["running"], ObjectiveValues.of(values), marks))
    stopped = [int(standing.run_id) for standing in standings(config, runs) if standing.stops]
    assert stopped == answer["stopped"]


def test_there_is_something_to_compare_with() -> None:
    assert len(recorded("quantiles")[1]) == 19
    assert sum(len(answer["points"]) for answer in recorded("grids")[1]) == 26
    assert sum(bool(answer["stopped"]) for answer in recorded("hyperbands")[1]) > 20
