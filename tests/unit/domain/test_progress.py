from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sweepyard.domain.objective import Goal, Objective
from sweepyard.domain.progress import RunGlance, busy_seconds, progress_of
from sweepyard.domain.run import RunState

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def span(begin: int, end: int) -> tuple[datetime, datetime]:
    return BEGIN + timedelta(seconds=begin), BEGIN + timedelta(seconds=end)


def test_progress_counts_states_and_finds_the_best() -> None:
    runs = [
        RunGlance(RunState.FINISHED, 0.5),
        RunGlance(RunState.RUNNING, 0.7),
        RunGlance(RunState.FAILED),
        RunGlance(RunState.KILLED, float("nan")),
        RunGlance(RunState.PENDING),
        RunGlance(RunState.PREEMPTED, 0.6),
    ]
    progress = progress_of(runs, objective=Objective("m", Goal.MAXIMIZE), expected=7, elapsed_seconds=35.0)
    assert (progress.finished, progress.running, progress.preempted, progress.ended) == (1, 1, 1, 2)
    assert progress.best == 0.7
    assert progress.remaining_seconds == pytest.approx(35.0 / 3.5 * 3.5)


def test_there_is_no_estimate_before_a_run_has_finished_or_without_an_end() -> None:
    running = [RunGlance(RunState.RUNNING)]
    assert progress_of(running, objective=None, expected=3, elapsed_seconds=9).remaining_seconds is None
    done = [RunGlance(RunState.FINISHED)]
    assert progress_of(done, objective=None, expected=None, elapsed_seconds=9).remaining_seconds is None
    assert progress_of(done, objective=None, expected=1, elapsed_seconds=9).remaining_seconds == 0


def test_runs_that_were_over_before_say_nothing_of_the_rate() -> None:
    done = [RunGlance(RunState.FINISHED)] * 3
    progress = progress_of(done, objective=None, expected=5, elapsed_seconds=10, over_before=2)
    assert progress.remaining_seconds == 20
    assert progress_of(done, objective=None, expected=5, elapsed_seconds=10, over_before=3).remaining_seconds is None


def test_time_counts_once_and_only_while_something_went_on() -> None:
    assert busy_seconds([]) == 0
    assert busy_seconds([span(0, 10), span(5, 20), span(30, 31), span(2, 3)]) == 21
    assert busy_seconds([span(10, 5)]) == 0
