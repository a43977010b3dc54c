"""How far sweeps are, and which of their points went out to whom."""

from __future__ import annotations

import pytest

from sweepyard.domain.run import RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotFound

SWEEP = """
method: grid
max_retries: 3
metric: {name: acc, goal: maximize}
parameters: {x: {values: [1, 2, 3, 4]}}
"""
GONE = SweepPath("lab", "digits", "gone")


def started(hub, agent) -> str:
    [command] = hub.beat(agent)
    hub.beat(agent, command.run_id)
    hub.begin(command.run_id)
    return command.run_id


def test_progress_counts_what_is_over_and_estimates_what_is_left(hub) -> None:
    sweep = hub.sweep(SWEEP)
    agent = hub.agent(sweep)
    assert hub.services.sweep_overview.progress(sweep.path).remaining_seconds is None
    run = started(hub, agent)
    hub.clock.advance(10)
    hub.end(run, acc=0.5)
    hub.clock.advance(100)  # Nobody works, so it does not count.
    started(hub, agent)
    hub.clock.advance(5)
    progress = hub.services.sweep_overview.progress(sweep.path)
    assert (progress.finished, progress.running, progress.ended, progress.expected) == (1, 1, 0, 4)
    assert (progress.metric, progress.best) == ("acc", 0.5)
    assert progress.elapsed_seconds == pytest.approx(15)
    assert progress.remaining_seconds == pytest.approx(15 / 1.5 * 2.5)


def test_a_sweep_without_runs_without_metric_without_end(hub) -> None:
    sweep = hub.sweep("method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n")
    progress = hub.services.sweep_overview.progress(sweep.path)
    assert (progress.metric, progress.best, progress.expected, progress.elapsed_seconds) == ("", None, None, 0.0)
    assert hub.services.sweep_overview.points(sweep.path) == ()


def test_points_tell_their_attempts_and_who_has_them(hub) -> None:
    sweep = hub.sweep(SWEEP)
    agent = hub.agent(sweep)
    failed = started(hub, agent)
    hub.end(failed, exit_code=1)
    assert started(hub, agent) == failed
    hub.end(failed)
    live = started(hub, agent)
    first, second = hub.services.sweep_overview.points(sweep.path)
    assert (first.lease.run_id, first.attempts, first.lease.retries) == (failed, 2, 1)
    assert (first.state, first.is_out) == (RunState.FINISHED, False)
    assert (second.lease.run_id, second.attempts, second.is_out) == (live, 1, True)


def test_the_point_of_a_deleted_run_stays(hub) -> None:
    sweep = hub.sweep(SWEEP)
    run = started(hub, hub.agent(sweep))
    hub.services.runs.delete(hub.path(run))
    [point] = hub.services.sweep_overview.points(sweep.path)
    assert (point.state, point.attempts, point.is_out) == (None, 1, False)
    assert hub.services.sweep_overview.runs(sweep.path, [run]) == {}


def test_runs_are_given_by_id(hub) -> None:
    sweep = hub.sweep(SWEEP)
    run = started(hub, hub.agent(sweep))
    assert list(hub.services.sweep_overview.runs(sweep.path, [run, "gone"])) == [run]


def test_a_sweep_that_is_not_there(hub) -> None:
    hub.begin()
    for ask in (hub.services.sweep_overview.progress, hub.services.sweep_overview.points):
        with pytest.raises(NotFound):
            ask(GONE)
