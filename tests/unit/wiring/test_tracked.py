"""Where a run under an agent is tracked."""

from __future__ import annotations

import pytest

from sweepyard.config.schema import TrackingConfig, TrackingMode
from sweepyard.wiring.training import _tracked


@pytest.mark.parametrize(
    ("mode", "tracked", "told"), [("offline", "wandb", 1), ("disabled", "wandb", 1), ("hub", "hub", 0)]
)
def test_under_an_agent_no_run_is_kept_from_its_server(mode: TrackingMode, tracked: TrackingMode, told: int) -> None:
    said: list[str] = []
    assert _tracked(TrackingConfig(mode=mode), said.append) == TrackingConfig(mode=tracked)
    assert len(said) == told
    assert all(f"tracking.mode is {mode}, but under an agent the agent's server wins" in line for line in said)
