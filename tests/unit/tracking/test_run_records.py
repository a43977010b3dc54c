"""Ranking a sweep's runs by its objective."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sweepyard.domain.objective import Goal, Objective
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.tracking.records import RunRecord, SweepRecord


def run(run_id, **summary):
    return RunRecord(
        path=RunPath("e", "p", run_id),
        name=run_id,
        state="finished",
        config={},
        summary=summary,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        sweep_id="s",
        duration_seconds=None,
        tags=(),
        url="",
    )


def sweep(objective, *runs):
    return SweepRecord(
        path=SweepPath("e", "p", "s"),
        name="s",
        state="RUNNING",
        config={},
        objectives=(objective,) if objective else (),
        url="",
        expected_runs=None,
        runs=runs,
    )


RUNS = (run("a", x=1.0), run("b", x=3), run("c", x=float("nan")), run("d", x="3"), run("e"), run("f", x=3.0))


@pytest.mark.parametrize(("goal", "ranked"), [(Goal.MAXIMIZE, "bfa"), (Goal.MINIMIZE, "abf")])
def test_the_best_comes_first_and_runs_without_a_value_not_at_all(goal, ranked):
    record = sweep(Objective("x", goal), *RUNS)
    assert "".join(found.name for found in record.ranked()) == ranked
    assert record.best is not None
    assert record.best.name == ranked[0]


def test_no_objective_and_no_value_have_no_best():
    assert sweep(None, *RUNS).best is None
    assert sweep(Objective("y"), *RUNS).best is None
