from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sweepyard.domain.curves import Axis
from sweepyard.errors import RequestInvalid
from sweepyard.services.curves import CurvesWanted, confidence_factor


def wanted(metric: str = "loss", **others: Any) -> CurvesWanted:
    return CurvesWanted(metrics=(metric,), **others)


@pytest.fixture
def logged(hub):
    hub.begin("one")
    hub.log("one", *({"_step": 2 * step, "_runtime": step / 2, "loss": 10.0 - step} for step in range(10)))
    return hub


def drawn(hub, *run_ids: str, metric: str = "loss", **others: Any) -> dict[str, list[list[float]]]:
    """By run, the places and the means of its curve."""
    paths = [hub.path(run_id) for run_id in run_ids]
    found = hub.services.curves.of_runs(paths, wanted(metric, **others))[metric]
    return {path.run_id: [curve.x.tolist(), curve.mean.tolist()] for path, curve in found.items()}


def test_a_metric_over_steps_and_over_time(logged) -> None:
    (x, y) = drawn(logged, "one", "none")["one"]
    assert (x[:3], y[:3]) == ([0, 2, 4], [10, 9, 8])
    assert drawn(logged, "one", axis=Axis.TIME)["one"][0][:3] == [0, 0.5, 1]
    assert drawn(logged, "one", edges=(3.0, 5.0))["one"][0] == [2, 4, 6]
    assert drawn(logged, "one", metric="other") == {}


def test_epochs_stand_under_either_key_beside_the_metric(hub) -> None:
    hub.begin("ours")
    hub.begin("plain")
    hub.log("ours", {"_step": 5, "epoch/epoch": 1, "loss": 3}, {"_step": 9, "loss": 2})
    hub.log("plain", {"_step": 5, "epoch": 0, "loss": 3}, {"_step": 9, "epoch": 1, "loss": 2})
    assert drawn(hub, "ours", "plain", axis=Axis.EPOCH) == {"ours": [[1], [3]], "plain": [[0, 1], [3, 2]]}
    assert drawn(hub, "plain", axis=Axis.EPOCH, metric="epoch") == {"plain": [[0, 1], [0, 1]]}


def test_what_is_no_number_is_left_out_and_whole_numbers_beyond_the_floats_are_infinite(hub) -> None:
    hub.begin("one")
    rows = [{"loss": 1}, {"loss": "text"}, {"loss": True}, {"loss": 10**400}, {"loss": -(10**400)}, {"loss": 2**60}]
    hub.log("one", *({"_step": step, "_runtime": step, **row} for step, row in enumerate(rows)))
    for axis in (Axis.STEP, Axis.TIME):
        curve = hub.services.curves.of_runs([hub.path("one")], wanted(axis=axis))["loss"][hub.path("one")]
        assert curve.x.tolist() == [0, 3, 4, 5]
        assert curve.infinite == 2
        assert curve.mean[-1] == 2**60


def test_a_group_has_a_mean_and_its_runs_are_counted(hub) -> None:
    for number, run_id in enumerate(("a", "b", "c", "d")):
        hub.begin(run_id)
        hub.log(run_id, {"_step": 0, "loss": number}, {"_step": 1, "loss": math.nan if run_id == "a" else math.inf})
    groups = [[hub.path("a"), hub.path("b"), hub.path("none")], [hub.path("none")]]
    group, nothing = hub.services.curves.of_groups(groups, wanted())["loss"]
    assert nothing is None
    assert (group.runs, group.nan, group.infinite) == (2, 1, 1)
    assert group.band.mean.tolist() == [0.5]
    # Student's t of one degree of freedom at 97.5%.
    assert group.band.high[0] == pytest.approx(0.5 + 12.7062047 * 0.5)


@pytest.mark.parametrize(("count", "factor"), [(2, 12.7062047), (3, 4.30265273), (6, 2.57058184), (200, 1.97195654)])
def test_confidence_is_students(count: int, factor: float) -> None:
    assert confidence_factor(count) == pytest.approx(factor, rel=1e-7)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"points": 5}, 1),
        ({"points": 5_000, "edges": (2.0, 1.0)}, 2),
        ({"edges": (math.nan, None)}, 1),
        ({"edges": (1.0, math.inf)}, 1),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_all_faults(logged, changes: Any, faults: int) -> None:
    for ask in (logged.services.curves.of_runs, logged.services.curves.of_groups):
        with pytest.raises(RequestInvalid) as refused:
            ask([], wanted(**changes))
        assert len(refused.value.violations) == faults


def test_thinning_is_the_charts_choice(logged) -> None:
    logged.log("one", *({"_step": 100 + step, "loss": float(step)} for step in range(500)), offset=10)
    curve = logged.services.curves.of_runs([logged.path("one")], wanted(points=20))["loss"][logged.path("one")]
    assert len(curve.x) == 20
    assert np.nanmax(curve.high) == 499
