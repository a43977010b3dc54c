"""When too many runs fail: the rules of W&B's own agent."""

from __future__ import annotations

import pytest

from sweepyard import exitcodes
from sweepyard.agents.failures import Failures
from sweepyard.errors import TrackingError


def after(failures: Failures, codes: list[int], *, at: float) -> str | None:
    error = None
    for code in codes:
        error = failures.after(code, at)
    return None if error is None else str(error)


def test_three_failures_in_the_first_minute_are_too_many() -> None:
    assert after(Failures({}, began=100.0), [1, 1], at=130.0) is None
    assert "3 runs failed in the first 60 s" in str(after(Failures({}, began=100.0), [1, 1, 1], at=130.0))
    assert after(Failures({}, began=100.0), [1, 1, 1], at=161.0) is None
    assert after(Failures({"WANDB_AGENT_DISABLE_FLAPPING": "true"}, began=100.0), [1, 1, 1], at=130.0) is None


def test_five_failures_are_too_many_unless_more_finished() -> None:
    assert "5 runs failed and 0 finished" in str(after(Failures({}, began=0.0), [1] * 5, at=1000.0))
    assert after(Failures({}, began=0.0), [0] * 6 + [1] * 5, at=1000.0) is None
    few = Failures({"WANDB_AGENT_MAX_INITIAL_FAILURES": "2"}, began=0.0)
    assert "2 runs failed" in str(after(few, [1, -9], at=1000.0))


def test_runs_that_somebody_ended_did_not_fail() -> None:
    assert after(Failures({}, began=0.0), [exitcodes.PREEMPTED, exitcodes.STOPPED] * 9, at=1.0) is None


def test_the_variable_must_be_a_number() -> None:
    with pytest.raises(TrackingError, match="must be a whole number; received 'few'"):
        Failures({"WANDB_AGENT_MAX_INITIAL_FAILURES": "few"}, began=0.0)
